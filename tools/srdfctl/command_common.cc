// What the commands share, and the ones that need nothing but the configuration.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/settings.h"
#include "srdfctl/commands.h"

namespace srdf::ctl {

std::string FindConfigPath(const std::string& given) {
  if (!given.empty()) return given;
  const char* variable = std::getenv("SRDF_CONFIG");
  if (variable != nullptr && *variable != '\0') return variable;
  if (::access("srdf.yaml", F_OK) == 0) return "srdf.yaml";
  return "/etc/srdf/srdf.yaml";
}

int Fail(const Status& status) {
  std::fprintf(stderr, "srdfctl: %s\n", status.message().c_str());
  if (!status.remedy().empty()) std::fprintf(stderr, "  remedy: %s\n", status.remedy().c_str());
  return kExitFailed;
}

bool LoadOrExplain(const GlobalOptions& global, config::Config* config) {
  auto loaded = config::LoadConfig(global.config_path);
  if (!loaded.ok()) {
    Fail(loaded.status());
    return false;
  }
  *config = std::move(*loaded);
  if (!global.data_dir.empty()) {
    std::string path = std::filesystem::absolute(global.data_dir).lexically_normal().string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    config->data_dir = std::move(path);
  }
  return true;
}

bool KnowsFlow(const config::Config& config, const std::string& flow) {
  if (flow.empty() || config.FindFlow(flow) != nullptr) return true;
  std::string names;
  for (const config::FlowConfig& known : config.flows) names += (names.empty() ? "" : ", ") + known.name;
  Fail({StatusCode::kNotFound, "there is no flow " + flow + " in " + config.path, "use one of: " + names});
  return false;
}

bool SecretsAreSound(const config::Config& config, const std::vector<std::string>& services) {
  const auto has = [&](const char* name) {
    return std::find(services.begin(), services.end(), name) != services.end();
  };
  bool sound = true;
  for (const config::FlowConfig& flow : config.flows) {
    for (const auto& [reader, database] : {std::pair("capture", &flow.source), {"applier", &flow.target}}) {
      if (!has(reader)) continue;
      const auto secret = config::ReadSecret(*database);
      if (secret.ok()) continue;
      Fail(secret.status().WithContext("flows[" + flow.name + "]"));
      sound = false;
    }
  }
  return sound;
}

int ConfigCheck(const GlobalOptions& global) {
  config::Config config;
  if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
  if (!SecretsAreSound(config, {"capture", "applier"})) return kExitBadConfiguration;
  if (global.json) {
    nlohmann::ordered_json flows = nlohmann::ordered_json::array();
    for (const config::FlowConfig& flow : config.flows) flows.push_back(flow.name);
    const nlohmann::ordered_json out = {{"ok", true},
                                        {"path", config.path},
                                        {"mesh", config.mesh},
                                        {"data_dir", config.data_dir},
                                        {"flows", flows}};
    fmt::print("{}\n", out.dump(2));
  } else {
    fmt::print("{} is sound: mesh {}, {} flow{}, data in {}\n", config.path, config.mesh, config.flows.size(),
               config.flows.size() == 1 ? "" : "s", config.data_dir);
  }
  return kExitOk;
}

int ConfigSettings(const GlobalOptions& global) {
  if (!global.json) {
    fmt::print("{}", config::SettingsMarkdown());
    return kExitOk;
  }
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const config::SettingRow& row : config::SettingRows()) {
    out.push_back({{"section", row.section},
                   {"name", row.name},
                   {"type", row.type},
                   {"unit", row.unit},
                   {"default", row.default_value},
                   {"required", row.required},
                   {"bounds", row.bounds},
                   {"takes_effect", row.takes_effect},
                   {"sentence", row.sentence}});
  }
  fmt::print("{}\n", out.dump(2));
  return kExitOk;
}

int Version(const GlobalOptions& global) {
  if (global.json) {
    fmt::print("{}\n", nlohmann::json{{"version", SRDF_VERSION}}.dump(2));
  } else {
    fmt::print("srdfctl {}\n", SRDF_VERSION);
  }
  return kExitOk;
}

}  // namespace srdf::ctl
