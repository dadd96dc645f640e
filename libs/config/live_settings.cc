#include "config/live_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/settings.h"
#include "config/values.h"

namespace srdf::config {
namespace {

// Only whole numbers are live so far.
using LiveMember = std::variant<uint32_t FlowConfig::*, uint64_t FlowConfig::*>;

std::optional<LiveMember> MemberOf(const Setting<FlowConfig>& setting) {
  if (setting.takes_effect != TakesEffect::kLive) return std::nullopt;
  if (const auto* member = std::get_if<uint32_t FlowConfig::*>(&setting.member)) return *member;
  if (const auto* member = std::get_if<uint64_t FlowConfig::*>(&setting.member)) return *member;
  return std::nullopt;
}

const Setting<FlowConfig>* Find(std::string_view name) {
  for (const Setting<FlowConfig>& setting : FlowSettings()) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::string Bounds(const Setting<FlowConfig>& setting) {
  const bool is_size = setting.type == SettingType::kSize;
  return fmt::format("write a {} between {} and {}, or default", is_size ? "size" : "whole number",
                     is_size ? FormatSize(setting.min) : std::to_string(setting.min),
                     is_size ? FormatSize(setting.max) : std::to_string(setting.max));
}

}  // namespace

Result<LiveChange> ParseLiveChange(std::string_view name, std::string_view value) {
  const Setting<FlowConfig>* setting = Find(name);
  if (setting == nullptr || !MemberOf(*setting)) {
    const std::string what =
        setting == nullptr ? "there is no setting {} of a flow" : "{} cannot be changed live";
    return Status(StatusCode::kInvalidArgument, fmt::format(fmt::runtime(what), name),
                  fmt::format("these can: {}{}", fmt::join(LiveSettingNames(), ", "),
                              setting == nullptr ? "" : "; change the others in the file, then restart"));
  }
  LiveChange change{std::string(name), std::nullopt};
  if (value == "default") return change;
  change.value = setting->type == SettingType::kSize ? ParseSize(value) : ParseNumber(value);
  if (!change.value || *change.value < setting->min || *change.value > setting->max) {
    return Status(
        StatusCode::kInvalidArgument,
        fmt::format("{}: \"{}\" is {}", name, value, change.value ? "out of bounds" : "no value for it"),
        Bounds(*setting));
  }
  if (name == "max_bytes_per_second") {
    if (const auto problem = ByteRateProblem(*change.value)) {
      return Status(StatusCode::kInvalidArgument, fmt::format("{}: \"{}\" {}", name, value, *problem),
                    kByteRateRemedy);
    }
  }
  return change;
}

std::vector<std::string> LiveSettingNames() {
  std::vector<std::string> names;
  for (const Setting<FlowConfig>& setting : FlowSettings()) {
    if (MemberOf(setting)) names.emplace_back(setting.name);
  }
  return names;
}

uint64_t ConfiguredValue(const FlowConfig& flow, std::string_view name) {
  const Setting<FlowConfig>* setting = Find(name);
  const auto member = setting == nullptr ? std::nullopt : MemberOf(*setting);
  if (!member) return 0;
  return std::visit([&](auto m) { return static_cast<uint64_t>(flow.*m); }, *member);
}

std::string LiveValueText(std::string_view name, uint64_t value) {
  const Setting<FlowConfig>* setting = Find(name);
  return setting != nullptr && setting->type == SettingType::kSize ? FormatSize(value)
                                                                   : std::to_string(value);
}

std::optional<std::string> ByteRateProblem(uint64_t bytes_per_second) {
  if (bytes_per_second == 0 || bytes_per_second >= 1024) return std::nullopt;
  return "is less than a KiB per second: a wagon would take hours";
}

}  // namespace srdf::config
