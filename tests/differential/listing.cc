#include "differential/listing.h"

#include <charconv>
#include <sstream>

namespace srdf::differential {

namespace {

constexpr char kEnd[] = "$$";

Status Malformed(size_t line, const std::string& what) {
  return {StatusCode::kInvalidArgument, "listing, line " + std::to_string(line) + ": " + what,
          "see tests/differential/listing.h for the form"};
}

// "session=1 cut" → the step's fields.
bool ParseStepWords(const std::string& words, Step* step) {
  std::istringstream in(words);
  for (std::string word; in >> word;) {
    if (word == "cut") {
      step->cut = true;
    } else if (word.rfind("session=", 0) == 0) {
      const char* end = word.data() + word.size();
      const auto parsed = std::from_chars(word.data() + 8, end, step->session);
      if (parsed.ec != std::errc() || parsed.ptr != end || step->session >= kSessionsMax) return false;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string ToText(const Listing& listing, const std::string& remark) {
  std::ostringstream out;
  std::istringstream lines(remark);
  for (std::string line; std::getline(lines, line);) out << "-- " << line << "\n";
  out << "-- @seed " << listing.scenario.seed << "\n-- @options " << ToText(listing.options)
      << "\nDELIMITER $$\n";
  for (const std::string& sql : listing.scenario.setup) out << "-- @setup\n" << sql << "\n" << kEnd << "\n";
  for (const Step& step : listing.scenario.steps) {
    out << "-- @step session=" << step.session << (step.cut ? " cut" : "") << "\n"
        << step.sql << "\n"
        << kEnd << "\n";
  }
  return out.str();
}

Result<Listing> ParseListing(const std::string& text) {
  Listing listing;
  std::istringstream in(text);
  std::string* sql = nullptr;  // the statement under way
  size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (sql != nullptr) {
      if (line == kEnd) {
        sql = nullptr;
      } else {
        *sql += (sql->empty() ? "" : "\n") + line;
      }
      continue;
    }
    if (line.rfind("-- @", 0) != 0) continue;
    const std::string directive = line.substr(4);
    if (directive.rfind("seed ", 0) == 0) {
      listing.scenario.seed = std::strtoull(directive.c_str() + 5, nullptr, 10);
    } else if (directive.rfind("options ", 0) == 0) {
      SRDF_ASSIGN_OR_RETURN(listing.options, ParseRunOptions(directive.substr(8)));
    } else if (directive == "setup") {
      sql = &listing.scenario.setup.emplace_back();
    } else if (directive.rfind("step", 0) == 0) {
      Step step;
      if (!ParseStepWords(directive.substr(4), &step)) return Malformed(number, "not a step: " + line);
      listing.scenario.steps.push_back(step);
      sql = &listing.scenario.steps.back().sql;
    } else {
      return Malformed(number, "unknown directive: " + line);
    }
  }
  if (sql != nullptr) return Malformed(number, "the last statement has no $$ after it");
  return listing;
}

}  // namespace srdf::differential
