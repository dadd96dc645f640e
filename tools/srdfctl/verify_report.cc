#include "srdfctl/verify_report.h"

#include <fmt/format.h>

#include "srdfctl/row_text.h"
#include "srdfctl/text.h"

namespace srdf::ctl {

namespace {

using compare::RowDifference;
using compare::RowFinding;
using compare::TableFindings;
using compare::TableState;
using nlohmann::ordered_json;

constexpr const char* kFormat = "srdf-verify-report";
constexpr int kVersion = 1;

bool HasKey(const TableFindings& table) { return table.schema.key_kind != KeyKind::kNone; }

ordered_json RowToJson(const TableFindings& table, const RowDifference& row) {
  ordered_json out = {{"finding", compare::RowFindingWord(row.finding)}};
  if (HasKey(table)) {
    out["key"] = KeyText(table.schema, row.key);
    out["key_image"] = Hex(row.key);
  } else {
    out["row"] = RowText(table.schema, row.image);
    out["image"] = Hex(row.image);
    out["copies_source"] = row.copies_source;
    out["copies_target"] = row.copies_target;
  }
  if (row.finding != RowFinding::kExtra) out["hash_source"] = Hex(verify::HashBytes(row.source));
  if (row.finding != RowFinding::kMissing) out["hash_target"] = Hex(verify::HashBytes(row.target));
  return out;
}

ordered_json TableToJson(const TableFindings& table) {
  ordered_json key = ordered_json::array();
  for (const uint16_t ordinal : table.schema.key_columns) key.push_back(table.schema.columns[ordinal].name);
  ordered_json rows = ordered_json::array();
  for (const RowDifference& row : table.rows) rows.push_back(RowToJson(table, row));
  return {{"database", table.name.database},
          {"table", table.name.table},
          {"state", compare::TableStateWord(table.state)},
          {"note", table.note},
          {"only_part", table.only_part},
          {"key_columns", key},
          {"schema_digest", Hex(table.schema_digest)},
          {"rows_source", table.rows_source},
          {"rows_target", table.rows_target},
          {"missing", table.missing},
          {"extra", table.extra},
          {"different", table.different},
          {"counted_all", table.counted_all},
          {"all_rows_listed", table.lists_all()},
          {"rows", rows}};
}

Status BadReport(const std::string& what) {
  return {StatusCode::kInvalidArgument, "not a report of `srdfctl verify --report`: " + what,
          "make a new one with `srdfctl verify FLOW --report FILE`"};
}

Result<TableState> StateOf(const std::string& word) {
  for (const TableState state : {TableState::kEqual, TableState::kDifferent, TableState::kSchema,
                                 TableState::kMissing, TableState::kExtra, TableState::kNotCompared}) {
    if (word == compare::TableStateWord(state)) return state;
  }
  return BadReport("unknown state " + word);
}

Result<ReportedTable> TableOf(const nlohmann::json& in) {
  ReportedTable table;
  table.name = {in.at("database").get<std::string>(), in.at("table").get<std::string>()};
  SRDF_ASSIGN_OR_RETURN(table.state, StateOf(in.at("state").get<std::string>()));
  SRDF_ASSIGN_OR_RETURN(table.schema_digest, FromHex(in.at("schema_digest").get<std::string>()));
  table.with_key = !in.at("key_columns").empty();
  table.all_rows = in.at("all_rows_listed").get<bool>();
  for (const auto& row : in.at("rows")) {
    if (!table.with_key) continue;
    SRDF_ASSIGN_OR_RETURN(std::string key, FromHex(row.at("key_image").get<std::string>()));
    table.keys.push_back(std::move(key));
  }
  return table;
}

}  // namespace

ordered_json ReportToJson(const VerifyReport& report) {
  const compare::Findings& f = report.findings;
  ordered_json tables = ordered_json::array();
  for (const TableFindings& table : f.tables) tables.push_back(TableToJson(table));
  return {{"format", kFormat},
          {"version", kVersion},
          {"flow", report.flow},
          {"scope", report.scope},
          {"source", report.source_server},
          {"target", report.target_server},
          {"started_at_ms", f.started_at_ms},
          {"completed_at_ms", f.completed_at_ms},
          {"first_gtid", f.first.gtid},
          {"last_gtid", f.last.gtid},
          {"snapshot_pairs", f.pairs},
          {"tables_differing", f.tables_differing()},
          {"tables_not_compared", f.tables_not_compared()},
          {"rows_source", f.rows_source()},
          {"rows_target", f.rows_target()},
          {"missing", f.missing()},
          {"extra", f.extra()},
          {"different", f.different()},
          {"tables", tables}};
}

Result<ReportedDifferences> ParseReport(const std::string& text) {
  const nlohmann::json in = nlohmann::json::parse(text, nullptr, false);
  ReportedDifferences report;
  try {
    if (!in.is_object() || in.at("format") != kFormat) return BadReport("no JSON object of that format");
    if (in.at("version") != kVersion) return BadReport("of another version");
    report.flow = in.at("flow").get<std::string>();
    for (const auto& table : in.at("tables")) {
      SRDF_ASSIGN_OR_RETURN(ReportedTable parsed, TableOf(table));
      if (parsed.state != TableState::kEqual) report.tables.push_back(std::move(parsed));
    }
  } catch (const nlohmann::json::exception& e) {  // a member that is missing or of another type
    return BadReport(e.what());
  }
  return report;
}

std::string RenderFindings(const VerifyReport& report, size_t rows_max) {
  using Align = Table::Align;
  const compare::Findings& f = report.findings;
  Table out({{"TABLE", Align::kLeft},
             {"ROWS SOURCE", Align::kRight},
             {"ROWS TARGET", Align::kRight},
             {"MISSING", Align::kRight},
             {"EXTRA", Align::kRight},
             {"DIFFERENT", Align::kRight},
             {"STATE", Align::kLeft}});
  std::string notes;
  for (const TableFindings& table : f.tables) {
    const std::string name = Printable(table.name.Text());
    const char* const more = table.counted_all ? "" : "+";
    out.Add({name, FormatCount(table.rows_source), FormatCount(table.rows_target),
             FormatCount(table.missing) + more, FormatCount(table.extra) + more, FormatCount(table.different),
             std::string(compare::TableStateWord(table.state)) + (table.only_part ? " (in part)" : "")});
    if (!table.note.empty()) notes += fmt::format("{}: {}\n", name, Printable(table.note));
  }
  std::string text = out.Render();
  if (!notes.empty()) text += "\n" + notes;
  Table rows({{"TABLE", Align::kLeft}, {"AT THE TARGET", Align::kLeft}, {"KEY OR ROW", Align::kLeft}});
  size_t shown = 0;
  uint64_t all = 0;
  for (const TableFindings& table : f.tables) {
    all += table.rows.size();
    for (const RowDifference& row : table.rows) {
      if (shown == rows_max) break;
      ++shown;
      std::string what = HasKey(table)
                             ? KeyText(table.schema, row.key)
                             : fmt::format("{} × {} instead of {} ×", RowText(table.schema, row.image),
                                           row.copies_target, row.copies_source);
      constexpr size_t kShownBytes = 200;
      if (what.size() > kShownBytes) what = what.substr(0, kShownBytes) + "…";
      rows.Add(
          {Printable(table.name.Text()), std::string(compare::RowFindingWord(row.finding)), Printable(what)});
    }
  }
  if (shown > 0) text += "\n" + rows.Render();
  if (all > shown) text += fmt::format("… and {} more: all of them with --report FILE\n", all - shown);
  const bool equal = f.tables_differing() == 0 && f.tables_not_compared() == 0;
  text += fmt::format(
      "\n{} at {}: {} compared in {}, {}\n", report.flow, f.last.gtid, Counted(f.rows_source(), "row"),
      FormatDuration(f.completed_at_ms - f.started_at_ms),
      equal ? "the target equals the source"
            : fmt::format("{} of {} tables differ{}", f.tables_differing(), f.tables.size(),
                          f.tables_not_compared() == 0
                              ? ""
                              : fmt::format(", {} could not be compared", f.tables_not_compared())));
  return text;
}

}  // namespace srdf::ctl
