// The settings table as text: rows for scripts, and the page docs/operations/settings.md.
#include <fmt/format.h>

#include "config/settings.h"
#include "config/values.h"

namespace srdf::config {
namespace {

template <typename Owner>
std::string DefaultText(const Setting<Owner>& setting, const Owner& defaults) {
  if (setting.required) return {};
  return std::visit(
      [&](auto member) -> std::string {
        const auto& value = defaults.*member;
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
}

template <typename Owner>
std::string TypeText(const Setting<Owner>& setting) {
  switch (setting.type) {
    case SettingType::kText:
      return "text";
    case SettingType::kChoice:
      return fmt::format("{}", fmt::join(setting.choices.values(), ", "));
    case SettingType::kBoolean:
      return "true, false";
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
      return {};
  }
}

template <typename Owner>
void AppendRows(const std::string& section, const std::vector<Setting<Owner>>& settings,
                const Owner& defaults, std::vector<SettingRow>* out) {
  for (const Setting<Owner>& setting : settings) {
    SettingRow row;
    row.section = section;
    row.name = setting.name;
    row.type = TypeText(setting);
    row.unit = setting.unit;
    row.default_value = DefaultText(setting, defaults);
    row.bounds = BoundsText(setting);
    row.takes_effect = setting.takes_effect == TakesEffect::kLive ? "at once" : "on restart";
    row.sentence = setting.sentence;
    row.required = setting.required;
    if (setting.names_secret) row.sentence += " Names where a secret is.";
    out->push_back(std::move(row));
  }
}

std::string MarkdownTable(const std::string& section) {
  std::string out =
      "| setting | type | unit | default | bounds | takes effect | what it trades |\n"
      "| --- | --- | --- | --- | --- | --- | --- |\n";
  for (const SettingRow& row : SettingRows()) {
    if (row.section != section) continue;
    const std::string default_text = row.required                ? "required"
                                     : row.default_value.empty() ? "none"
                                                                 : "`" + row.default_value + "`";
    out += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", row.name, row.type, row.unit, default_text,
                       row.bounds, row.takes_effect, row.sentence);
  }
  return out;
}

}  // namespace

std::vector<SettingRow> SettingRows() {
  std::vector<SettingRow> rows;
  AppendRows("mesh", MeshSettings(), Config(), &rows);
  AppendRows("service", ServiceSettings(), DefaultServiceConfig(kServiceNames.front()), &rows);
  AppendRows("flow", FlowSettings(), FlowConfig(), &rows);
  AppendRows("database", DatabaseSettings(), DatabaseConfig(), &rows);
  AppendRows("source", SourceSettings(), FlowConfig(), &rows);
  return rows;
}

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
  out += MarkdownTable("mesh");
  out +=
      "\n## `services.<service>`\n\nOptional, one section per service. The defaults are those of capture; ";
  out += fmt::format("the others follow, port by port: {}.\n\n", fmt::join(kServiceNames, ", "));
  out += MarkdownTable("service");
  out += "\n## Each of `flows`\n\n";
  out += MarkdownTable("flow");
  out += "\n## `source` and `target` of a flow\n\nBoth sections are required.\n\n";
  out += MarkdownTable("database");
  out += "\nOf `source` alone:\n\n";
  out += MarkdownTable("source");
  return out;
}

}  // namespace srdf::config
