#include "obs/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace srdf::obs {

namespace {

struct State {
  std::shared_ptr<spdlog::logger> logger;
  std::string service = "srdf";
  bool json = false;
};

State& GetState() {
  static auto* state = [] {
    auto* s = new State;
    s->logger = std::make_shared<spdlog::logger>("srdf", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    s->logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
    s->logger->flush_on(spdlog::level::debug);
    return s;
  }();
  return *state;
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool NeedsQuotes(std::string_view v) {
  return v.empty() || v.find_first_of(" \t\n\r\"=") != std::string_view::npos;
}

std::string TextLine(std::string_view service, std::string_view event, std::initializer_list<Field> fields) {
  std::string line;
  line.append(service).append(" ").append(event);
  for (const Field& f : fields) {
    line.append(" ").append(f.key).append("=");
    if (!NeedsQuotes(f.value)) {
      line.append(f.value);
      continue;
    }
    line.push_back('"');
    for (const char c : f.value) {
      if (c == '\n' || c == '\r') {
        line.push_back(' ');
        continue;
      }
      if (c == '"' || c == '\\') line.push_back('\\');
      line.push_back(c);
    }
    line.push_back('"');
  }
  return line;
}

std::string JsonLine(std::string_view service, Level level, std::string_view event,
                     std::initializer_list<Field> fields) {
  nlohmann::ordered_json doc;
  doc["service"] = service;
  doc["level"] = spdlog::level::to_string_view(ToSpdlog(level)).data();
  doc["event"] = event;
  for (const Field& f : fields) {
    if (f.is_number) {
      doc[std::string(f.key)] = std::stoll(f.value);
    } else {
      doc[std::string(f.key)] = f.value;
    }
  }
  // Statements and keys may hold bytes that are not UTF-8; a log line must still be written.
  return doc.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void InitLogging(const std::string& service, const std::string& level, const std::string& format) {
  State& state = GetState();
  state.service = service;
  state.json = format == "json";
  state.logger->set_level(spdlog::level::from_str(level == "error" ? "err" : level));
  // A JSON line carries its time as a field of the same name in every service.
  if (state.json) {
    state.logger->set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v", spdlog::pattern_time_type::utc);
  }
}

void Log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  const State& state = GetState();
  const auto spd_level = ToSpdlog(level);
  if (!state.logger->should_log(spd_level)) return;
  if (state.json) {
    const std::string line = JsonLine(state.service, level, event, fields);
    state.logger->log(spd_level, "{}", std::string_view(line).substr(1));
  } else {
    state.logger->log(spd_level, "{}", TextLine(state.service, event, fields));
  }
}

}  // namespace srdf::obs
