#include "config/yaml_section.h"

#include <fmt/format.h>

#include "config/values.h"

namespace srdf::config {
namespace {

std::string Quoted(const std::string& text) {
  constexpr size_t kShownMax = 60;
  return "\"" + (text.size() > kShownMax ? text.substr(0, kShownMax) + "…" : text) + "\"";
}

std::string NumberRemedy(SettingType type, std::string_view unit, uint64_t min, uint64_t max) {
  if (type == SettingType::kSize) {
    return fmt::format("write a size between {} and {}, such as 1048576, 64MiB or 20GiB", FormatSize(min),
                       FormatSize(max));
  }
  return fmt::format("write a whole number{}{} between {} and {}", unit.empty() ? "" : " of ", unit, min,
                     max);
}

}  // namespace

void Problems::Add(const std::string& key, const std::string& what, const std::string& remedy) {
  AddAt(LineOf(key), key, what, remedy);
}

void Problems::AddAt(int line, const std::string& key, const std::string& what, const std::string& remedy) {
  problems_.emplace(line, fmt::format("{}:{}: {}{}{} (remedy: {})", file_, line, key, key.empty() ? "" : ": ",
                                      what, remedy));
}

int Problems::LineOf(std::string key) const {
  while (true) {
    if (const auto found = lines_.find(key); found != lines_.end()) return found->second;
    const size_t dot = key.rfind('.');
    if (dot == std::string::npos) return 1;
    key.resize(dot);
  }
}

Status Problems::ToStatus() const {
  if (problems_.empty()) return {};
  std::string message;
  for (const auto& [line, text] : problems_) message += (message.empty() ? "" : "\n") + text;
  return {StatusCode::kInvalidArgument, message,
          "correct " + std::string(problems_.size() == 1 ? "this key" : "these keys") +
              ", then run: srdfctl config check"};
}

Section::Section(const YAML::Node& node, std::string path, int line, Problems* problems)
    : problems_(problems), path_(std::move(path)) {
  problems_->NoteLine(path_, line);
  if (!node.IsDefined() || node.IsNull()) return;
  if (!node.IsMap()) {
    problems_->AddAt(line, path_, "is not a section of keys", "write `key: value` lines, indented below it");
    return;
  }
  for (const auto& entry : node) {
    const int at = entry.first.Mark().line + 1;
    if (!entry.first.IsScalar()) {
      problems_->AddAt(at, path_, "has a key that is not a word", "write plain `key: value` lines");
      continue;
    }
    const std::string& key = entry.first.Scalar();
    const auto [existing, added] = entries_.emplace(key, Entry{entry.second, at});
    if (!added) {
      problems_->AddAt(at, PathOf(key),
                       fmt::format("is given twice, first on line {}", existing->second.line),
                       "keep one of the two");
      continue;
    }
    keys_.push_back(key);
    problems_->NoteLine(PathOf(key), at);
  }
}

YAML::Node Section::Take(const std::string& key) {
  known_.insert(key);
  const auto found = entries_.find(key);
  return found == entries_.end() ? YAML::Node(YAML::NodeType::Undefined) : found->second.value;
}

std::string Section::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

int Section::LineOf(const std::string& key) const { return entries_.at(key).line; }

void Section::RejectUnknown() {
  const std::vector<std::string_view> candidates(known_.begin(), known_.end());
  for (const std::string& key : keys_) {
    if (known_.count(key) != 0) continue;
    if (key == "password") {
      problems_->Add(
          PathOf(key), "a password does not belong in this file",
          "put it into a file with mode 600 and name that with password_file, or name an environment "
          "variable with password_env");
      continue;
    }
    const auto nearest = Nearest(key, candidates);
    problems_->Add(PathOf(key), "is not a setting",
                   nearest ? fmt::format("did you mean `{}`? Otherwise remove it", *nearest)
                           : "remove it; `srdfctl config settings` lists all of them");
  }
}

bool ScalarText(const YAML::Node& node, const std::string& key, Problems* problems, std::string* out) {
  if (node.IsScalar()) {
    *out = node.Scalar();
    return true;
  }
  problems->Add(key, node.IsNull() ? "has no value" : "is a list or a section where one value is wanted",
                node.IsNull() ? "give it a value, or remove the key for the default" : "write one value");
  return false;
}

bool ReadBoolean(const YAML::Node& node, const std::string& key, Problems* problems, bool* out) {
  std::string text;
  if (!ScalarText(node, key, problems, &text)) return false;
  if (text != "true" && text != "false") {
    problems->Add(key, Quoted(text) + " is neither true nor false", "write true or false");
    return false;
  }
  *out = text == "true";
  return true;
}

bool ReadNumber(const YAML::Node& node, const std::string& key, SettingType type, std::string_view unit,
                uint64_t min, uint64_t max, Problems* problems, uint64_t* out) {
  std::string text;
  if (!ScalarText(node, key, problems, &text)) return false;
  const auto number = type == SettingType::kSize ? ParseSize(text) : ParseNumber(text);
  const std::string remedy = NumberRemedy(type, unit, min, max);
  if (!number) {
    problems->Add(key,
                  Quoted(text) + (type == SettingType::kSize ? " is not a size" : " is not a whole number"),
                  remedy);
    return false;
  }
  if (*number < min || *number > max) {
    problems->Add(key, Quoted(text) + " is out of bounds", remedy);
    return false;
  }
  *out = *number;
  return true;
}

bool ReadNumbers(const YAML::Node& node, const std::string& key, std::string_view unit, uint64_t min,
                 uint64_t max, Problems* problems, std::vector<uint64_t>* out) {
  if (!node.IsSequence() || node.size() == 0) {
    problems->Add(key, "is not a list of numbers", "write for example [10, 30, 120]");
    return false;
  }
  std::vector<uint64_t> numbers;
  for (size_t i = 0; i < node.size(); ++i) {
    uint64_t number = 0;
    const std::string item = key + "[" + std::to_string(i) + "]";
    problems->NoteLine(item, node[i].Mark().line + 1);
    if (!ReadNumber(node[i], item, SettingType::kNumber, unit, min, max, problems, &number)) return false;
    numbers.push_back(number);
  }
  *out = std::move(numbers);
  return true;
}

bool ReadText(const YAML::Node& node, const std::string& key, const Choices& choices, Problems* problems,
              std::string* out) {
  std::string text;
  if (!ScalarText(node, key, problems, &text)) return false;
  if (!choices.empty() && !choices.Has(text)) {
    problems->Add(key, Quoted(text) + " is not a known value",
                  fmt::format("write {}", fmt::join(choices.values(), ", or ")));
    return false;
  }
  *out = std::move(text);
  return true;
}

}  // namespace srdf::config
