#include <fmt/format.h>

#include "config/settings.h"
#include "config/values.h"

namespace srdf::config {
namespace {

template <typename Owner>
std::string DefaultText(const Setting<Owner>& setting, const Owner& owner) {
  if (setting.required) return "required";
  const std::string text = std::visit(
      [&](auto member) -> std::string {
        const auto& value = owner.*member;
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string>) {
          return value;
        } else if constexpr (std::is_same_v<Value, bool>) {
          return value ? "true" : "false";
        } else if constexpr (std::is_same_v<Value, std::vector<uint64_t>>) {
          return fmt::format("[{}]", fmt::join(value, ", "));
        } else {
          return setting.type == SettingType::kSize ? FormatSize(value) : std::to_string(value);
        }
      },
      setting.member);
  return text.empty() ? "none" : "`" + text + "`";
}

template <typename Owner>
std::string TypeText(const Setting<Owner>& setting) {
  switch (setting.type) {
    case SettingType::kText:
      return setting.unit.empty() ? "text" : std::string(setting.unit);
    case SettingType::kChoice:
      return fmt::format("`{}`", fmt::join(setting.choices.values(), "`, `"));
    case SettingType::kBoolean:
      return "`true`, `false`";
    case SettingType::kNumber:
      return "number";
    case SettingType::kSize:
      return "size";
    case SettingType::kNumbers:
      return "list of numbers";
    case SettingType::kPath:
      return "path";
  }
  return {};
}

template <typename Owner>
std::string BoundsText(const Setting<Owner>& setting) {
  switch (setting.type) {
    case SettingType::kNumber:
    case SettingType::kNumbers:
      return fmt::format("{} … {}", setting.min, setting.max);
    case SettingType::kSize:
      return fmt::format("{} … {}", FormatSize(setting.min), FormatSize(setting.max));
    default:
      return "";
  }
}

template <typename Owner>
void AppendTable(const std::vector<Setting<Owner>>& settings, const Owner& defaults, std::string* out) {
  *out += "| setting | type | unit | default | bounds | takes effect | what it trades |\n";
  *out += "| --- | --- | --- | --- | --- | --- | --- |\n";
  for (const Setting<Owner>& setting : settings) {
    const std::string_view unit = setting.type == SettingType::kText ? std::string_view() : setting.unit;
    *out += fmt::format("| `{}` | {} | {} | {} | {} | {} | {}{} |\n", setting.name, TypeText(setting), unit,
                        DefaultText(setting, defaults), BoundsText(setting),
                        setting.takes_effect == TakesEffect::kLive ? "at once" : "on restart",
                        setting.sentence, setting.names_secret ? " Names where a secret is." : "");
  }
}

}  // namespace

std::string SettingsMarkdown() {
  std::string out =
      "# Settings\n\n"
      "Written by `srdfctl config settings` from the settings table (`libs/config/settings.cc`); do not "
      "edit.\n\n"
      "One YAML file configures the whole mesh; `deploy/examples/srdf.yaml` is a commented one and\n"
      "`srdfctl config check` checks one. Sizes are bytes, or whole numbers with `KiB`, `MiB`, `GiB`, "
      "`TiB`;\n"
      "durations are whole numbers in the unit that the name ends with. Relative paths are taken from the\n"
      "directory of the file. No setting holds a secret: passwords come from files or environment "
      "variables.\n\n"
      "## The mesh\n\n";
  AppendTable(MeshSettings(), Config(), &out);

  out += "\n## `services`\n\nOptional, one section per service.\n\n";
  out += "| setting | type | default | takes effect | what it trades |\n| --- | --- | --- | --- | --- |\n";
  for (const Setting<ServiceConfig>& setting : ServiceSettings()) {
    const ServiceConfig first = DefaultServiceConfig(kServiceNames.front());
    const ServiceConfig last = DefaultServiceConfig(kServiceNames.back());
    const auto member = std::get<std::string ServiceConfig::*>(setting.member);
    out += fmt::format("| `services.<service>.{}` | {} | `{}` ({}) … `{}` ({}) | on restart | {} |\n",
                       setting.name, TypeText(setting), first.*member, kServiceNames.front(), last.*member,
                       kServiceNames.back(), setting.sentence);
  }
  out += fmt::format("\nServices, in the order of their ports: {}.\n", fmt::join(kServiceNames, ", "));

  out += "\n## Each of `flows`\n\n";
  AppendTable(FlowSettings(), FlowConfig(), &out);
  out += "\n## `source` and `target` of a flow\n\nBoth sections are required.\n\n";
  AppendTable(DatabaseSettings(), DatabaseConfig(), &out);
  out += "\nOf `source` alone:\n\n";
  AppendTable(SourceSettings(), FlowConfig(), &out);
  return out;
}

}  // namespace srdf::config
