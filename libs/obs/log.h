// Structured logs: events with stable names and key-value fields, as text or as JSON lines on stderr.
//
//   obs::Info("wagon_sealed", {{"flow", flow}, {"sequence", n}, {"reason", "adaptive"}});
//
// Call InitLogging once, before the first thread starts; until then everything goes out as text. Any thread
// may log. Secrets have no place here: fields are built from names, positions, counts and Status values.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/status.h"

namespace srdf::obs {

enum class Level { kDebug, kInfo, kWarn, kError };

struct Field {
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, std::integral auto v) : key(k), value(std::to_string(v)), is_number(true) {}
  Field(std::string_view k, const Status& s) : key(k), value(s.ToString()) {}

  std::string_view key;
  std::string value;
  bool is_number = false;
};

// level: debug | info | warn | error; format: text | json (config/settings checks them).
void InitLogging(const std::string& service, const std::string& level, const std::string& format);

void Log(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void Debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kDebug, event, fields);
}
inline void Info(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kInfo, event, fields);
}
inline void Warn(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kWarn, event, fields);
}
inline void Error(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kError, event, fields);
}

}  // namespace srdf::obs
