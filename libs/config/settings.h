// The settings table: every key of the configuration file, once.
//
// A row says what a setting is called, which member of the configuration it fills, its unit, type, bounds,
// whether a change needs a restart, and in one sentence what it trades. The loader, its error messages and
// docs/operations/settings.md come from these rows; a default is the initial value of the member, so it is
// written once, in config.h.
//
// Thread rules: constant after the first call.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace srdf::config {

enum class SettingType {
  kText,
  kChoice,   // one of `choices`
  kBoolean,  // true or false
  kNumber,   // a whole number between min and max
  kSize,     // bytes, or with KiB, MiB, GiB
  kNumbers,  // a list of whole numbers, each between min and max
  kPath,     // a file; relative ones are taken from the directory of the configuration file
};

// kLive: `srdfctl flow set` changes it while the services run (config/live_settings.h); the file is read at
// their start.
enum class TakesEffect { kOnRestart, kLive };

// A class of its own because g++ 12 cannot compile a vector with a default initialiser in the template below.
class Choices {
 public:
  Choices() {}
  Choices(std::initializer_list<std::string_view> values) : values_(values) {}
  const std::vector<std::string_view>& values() const { return values_; }
  bool empty() const { return values_.empty(); }
  bool Has(std::string_view text) const {
    return std::find(values_.begin(), values_.end(), text) != values_.end();
  }

 private:
  std::vector<std::string_view> values_;
};

template <typename Owner>
struct Setting {
  std::string_view name;  // as in the file; "level" within "log" has the name "log.level"
  std::variant<std::string Owner::*, bool Owner::*, int Owner::*, uint16_t Owner::*, uint32_t Owner::*,
               uint64_t Owner::*, std::vector<uint64_t> Owner::*>
      member;
  SettingType type{};
  std::string_view sentence;
  std::string_view unit = {};
  uint64_t min = 0;
  uint64_t max = 0;
  Choices choices = {};
  bool required = false;
  bool names_secret = false;  // the value says where a secret is; no setting holds one
  TakesEffect takes_effect = TakesEffect::kOnRestart;
};

const std::vector<Setting<Config>>& MeshSettings();
const std::vector<Setting<ServiceConfig>>& ServiceSettings();
const std::vector<Setting<FlowConfig>>& FlowSettings();
const std::vector<Setting<DatabaseConfig>>& DatabaseSettings();
// Keys of a flow's `source` besides those of a database.
const std::vector<Setting<FlowConfig>>& SourceSettings();

// One row as text, for documents and scripts.
struct SettingRow {
  std::string section;  // "mesh", "service", "flow", "source", "database": where the key stands in the file
  std::string name;
  std::string type;
  std::string unit;
  std::string default_value;  // empty: none
  std::string bounds;
  std::string takes_effect;
  std::string sentence;
  bool required = false;
};
std::vector<SettingRow> SettingRows();

// "127.0.0.1:7101" and "127.0.0.1:9401" for the first service, and so on.
ServiceConfig DefaultServiceConfig(std::string_view service);

}  // namespace srdf::config
