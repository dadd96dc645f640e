#include "differential/outcome.h"

#include <cctype>

namespace srdf::differential {

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEqual:
      return "equal";
    case Verdict::kDifferent:
      return "different";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kUnrepeatable:
      return "unrepeatable";
    case Verdict::kBroken:
      return "broken";
  }
  return "unknown";
}

void RunStats::Add(const RunStats& other) {
  scenarios += other.scenarios;
  steps += other.steps;
  steps_failed += other.steps_failed;
  transactions += other.transactions;
  wagons += other.wagons;
  statements += other.statements;
  rows_before += other.rows_before;
  rows_after += other.rows_after;
  rows_in_place += other.rows_in_place;
  comparisons += other.comparisons;
}

std::string KindOf(const std::string& stage, const std::string& message) {
  constexpr size_t kLengthMax = 90;
  std::string kind = stage + ": ";
  char quote = 0;
  for (const char c : message) {
    if (kind.size() >= kLengthMax || c == '\n') break;
    if (quote != 0) {
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '`' || c == '\'' || c == '"') {
      quote = c;
    } else if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
      kind += c;
    }
  }
  return kind;
}

}  // namespace srdf::differential
