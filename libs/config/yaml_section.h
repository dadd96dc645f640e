// Section: one mapping of the configuration file, read against the settings table.
//
// Problems gathers everything that is wrong, with the line, so that one run shows all of it. A Section knows
// its key path ("flows[shop].source"), reports keys given twice, and in the end every key nobody asked for.
// Used by the loader alone, on one thread; YAML exceptions pass through it and are caught by the loader.
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/settings.h"

namespace srdf::config {

class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  // `key` is a full key path; its line is the one noted for it or for the section around it.
  void Add(const std::string& key, const std::string& what, const std::string& remedy);
  void AddAt(int line, const std::string& key, const std::string& what, const std::string& remedy);
  void NoteLine(const std::string& key, int line) { lines_.emplace(key, line); }
  // OK, or kInvalidArgument with one line per problem in the order of the file.
  Status ToStatus() const;

 private:
  int LineOf(std::string key) const;

  std::string file_;
  std::map<std::string, int> lines_;
  std::multimap<int, std::string> problems_;
};

class Section {
 public:
  // `node` must be a mapping (or empty, which is a section without keys); anything else is a problem.
  Section(const YAML::Node& node, std::string path, int line, Problems* problems);

  // The value of a key, marked as known; not IsDefined() when it is absent.
  YAML::Node Take(const std::string& key);
  std::string PathOf(std::string_view key) const;
  int LineOf(const std::string& key) const;
  bool has(const std::string& key) const { return entries_.count(key) != 0; }
  // Keys in the order of the file.
  const std::vector<std::string>& keys() const { return keys_; }

  // Fills `owner` from the settings whose name is `prefix` and a key of this section. Required ones that
  // are absent are problems.
  template <typename Owner>
  void Read(const std::vector<Setting<Owner>>& settings, std::string_view prefix, Owner* owner);

  // Every key that was neither taken nor read is a problem that names the nearest known one.
  void RejectUnknown();

 private:
  struct Entry {
    YAML::Node value;
    int line = 0;
  };

  Problems* problems_;
  std::string path_;
  std::map<std::string, Entry> entries_;
  std::vector<std::string> keys_;
  std::set<std::string> known_;
};

// The value of a scalar node for a setting; a problem and nothing changed when it does not fit.
bool ScalarText(const YAML::Node& node, const std::string& key, Problems* problems, std::string* out);
bool ReadBoolean(const YAML::Node& node, const std::string& key, Problems* problems, bool* out);
bool ReadNumber(const YAML::Node& node, const std::string& key, SettingType type, std::string_view unit,
                uint64_t min, uint64_t max, Problems* problems, uint64_t* out);
bool ReadNumbers(const YAML::Node& node, const std::string& key, std::string_view unit, uint64_t min,
                 uint64_t max, Problems* problems, std::vector<uint64_t>* out);
bool ReadText(const YAML::Node& node, const std::string& key, const Choices& choices, Problems* problems,
              std::string* out);

template <typename Owner>
void Section::Read(const std::vector<Setting<Owner>>& settings, std::string_view prefix, Owner* owner) {
  for (const Setting<Owner>& setting : settings) {
    if (setting.name.substr(0, prefix.size()) != prefix) continue;
    const std::string key(setting.name.substr(prefix.size()));
    if (key.find('.') != std::string::npos) continue;
    const YAML::Node node = Take(key);
    const std::string path = PathOf(key);
    if (!node.IsDefined()) {
      if (setting.required) {
        problems_->Add(path, "is required and absent",
                       "add `" + key + ": …`: " + std::string(setting.sentence));
      }
      continue;
    }
    std::visit(
        [&](auto member) {
          using Value = std::decay_t<decltype(owner->*member)>;
          if constexpr (std::is_same_v<Value, std::string>) {
            ReadText(node, path, setting.choices, problems_, &(owner->*member));
          } else if constexpr (std::is_same_v<Value, bool>) {
            ReadBoolean(node, path, problems_, &(owner->*member));
          } else if constexpr (std::is_same_v<Value, std::vector<uint64_t>>) {
            ReadNumbers(node, path, setting.unit, setting.min, setting.max, problems_, &(owner->*member));
          } else {
            uint64_t value = 0;
            if (ReadNumber(node, path, setting.type, setting.unit, setting.min, setting.max, problems_,
                           &value)) {
              owner->*member = static_cast<Value>(value);
            }
          }
        },
        setting.member);
  }
}

}  // namespace srdf::config
