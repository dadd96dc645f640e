#include "srdfctl/repair_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "srdfctl/row_text.h"
#include "srdfctl/text.h"

namespace srdf::ctl {

namespace {

using compare::RowDifference;
using compare::RowFinding;
using compare::TableFindings;
using compare::TableState;

std::string_view ActOn(const TableRepair& table, const RowDifference& row) {
  switch (row.finding) {
    case RowFinding::kMissing:
      return "insert";
    case RowFinding::kExtra:
      return "delete";
    case RowFinding::kDifferent:
      break;
  }
  return table.with_key() ? "replace" : "set number";
}

std::string RowWords(const TableRepair& table, const RowDifference& row) {
  if (table.with_key()) return KeyText(table.schema, row.key);
  return fmt::format("{} × {}, now {} ×", RowText(table.schema, row.image), row.copies_source,
                     row.copies_target);
}

std::string CopyAnew(const compare::TableName& name) {
  return "copy the table anew: srdfctl establish FLOW --table " + name.Text() + " --yes";
}

// Why no row of a table may be repaired although rows of it could be; empty when nothing is in the way.
Status Hindrance(const TableFindings& table, bool more) {
  if (!table.other_unique_keys || table.rows.empty()) return {};
  const std::string name = table.name.Text();
  if (table.other_definition) {
    return {StatusCode::kFailedPrecondition,
            name +
                " has another unique key, and its definitions are not the same: a row that is repaired "
                "could take the place of one that does not differ",
            "make the definitions equal (SHOW CREATE TABLE on both sides), or " + CopyAnew(table.name)};
  }
  if (!table.to_its_end) {
    return {StatusCode::kFailedPrecondition,
            name +
                " has another unique key: a row that is repaired could take the place of one that was not "
                "compared; " +
                table.note,
            "mend that and repair again, or " + CopyAnew(table.name)};
  }
  if (more || table.rows.size() > kRowsTogetherMax) {
    return {StatusCode::kResourceExhausted,
            fmt::format("{} has another unique key, and more of its rows differ than the {} that can be "
                        "replaced at once: one could take the place of another",
                        name, FormatCount(kRowsTogetherMax)),
            CopyAnew(table.name)};
  }
  return {};
}

void AddBeyond(const TableFindings& table, bool more, std::vector<Status>* out) {
  const std::string name = table.name.Text();
  switch (table.state) {
    case TableState::kSchema:
      out->emplace_back(StatusCode::kFailedPrecondition,
                        name + " has other columns or another key at the target",
                        "make the definitions equal, or copy the table anew with `srdfctl establish`");
      break;
    case TableState::kMissing:
      out->emplace_back(StatusCode::kFailedPrecondition, name + " is not there at the target",
                        "create it there and copy it with `srdfctl establish`");
      break;
    case TableState::kExtra:
      out->emplace_back(StatusCode::kFailedPrecondition, name + " is at the target alone",
                        "drop it there, if nobody needs it");
      break;
    case TableState::kNotCompared:
      out->emplace_back(StatusCode::kFailedPrecondition, name + " could not be compared: " + table.note,
                        "see docs/operations/verify.md");
      break;
    default:
      break;
  }
  if (!table.to_its_end && table.state == TableState::kDifferent) {
    out->emplace_back(StatusCode::kFailedPrecondition, name + ": " + table.note,
                      "mend that, and repair again afterwards: more of its rows may differ");
  } else if (more) {
    out->emplace_back(
        StatusCode::kResourceExhausted,
        fmt::format("more rows of {} differ than the {} of one repair", name, FormatCount(table.rows.size())),
        "repair again afterwards, or " + CopyAnew(table.name));
  }
}

}  // namespace

uint64_t RepairPlan::rows() const {
  uint64_t count = 0;
  for (const TableRepair& table : tables) count += table.rows.size();
  return count;
}

RepairPlan PlanRepair(compare::Findings findings) {
  RepairPlan plan;
  for (TableFindings& table : findings.tables) {
    const bool more = !table.lists_all();
    if (const Status hindrance = Hindrance(table, more); !hindrance.ok()) {
      plan.beyond.push_back(hindrance);
      continue;
    }
    AddBeyond(table, more, &plan.beyond);
    if (table.rows.empty()) continue;
    TableRepair repair{table.name, std::move(table.schema), std::move(table.rows), table.other_unique_keys,
                       table.rows_target};
    std::stable_partition(repair.rows.begin(), repair.rows.end(),
                          [](const RowDifference& row) { return row.finding == RowFinding::kExtra; });
    plan.tables.push_back(std::move(repair));
  }
  return plan;
}

void ChooseRows(const ReportedDifferences& report, compare::CompareOptions* options,
                std::vector<TableFindings>* beyond) {
  for (const ReportedTable& table : report.tables) {
    if (table.state != TableState::kDifferent) {
      TableFindings& out = beyond->emplace_back();
      out.name = table.name;
      out.state = table.state;
      out.note = "see the report";
      continue;
    }
    options->tables.push_back(table.name);
    if (table.KeysSuffice()) options->keys[table.name] = table.keys;
  }
  options->keys_alone = false;
}

Status FitsReport(const ReportedDifferences& report, const compare::Findings& now) {
  std::map<compare::TableName, std::string> digests;
  for (const ReportedTable& table : report.tables) {
    if (table.KeysSuffice()) digests[table.name] = table.schema_digest;
  }
  for (const TableFindings& table : now.tables) {
    const auto found = digests.find(table.name);
    if (found == digests.end() || table.schema_digest.empty() || found->second == table.schema_digest)
      continue;
    return {StatusCode::kFailedPrecondition,
            table.name.Text() + " was altered since the report was made: its keys mean nothing now",
            "make a new report with `srdfctl verify FLOW --report FILE`"};
  }
  return {};
}

std::string PlanSummary(const RepairPlan& plan, size_t bytes_max) {
  std::string text;
  for (const TableRepair& table : plan.tables) {
    const std::string line = fmt::format("{}: {}\n", table.name.Text(), Counted(table.rows.size(), "row"));
    if (text.size() + line.size() + 8 > bytes_max) return text + "…\n";
    text += line;
  }
  return text;
}

std::string RenderPlan(const RepairPlan& plan) {
  using Align = Table::Align;
  Table out({{"TABLE", Align::kLeft}, {"AT THE TARGET", Align::kLeft}, {"KEY OR ROW", Align::kLeft}});
  for (const TableRepair& table : plan.tables) {
    for (const RowDifference& row : table.rows) {
      out.Add(
          {Printable(table.name.Text()), std::string(ActOn(table, row)), Printable(RowWords(table, row))});
    }
  }
  return out.empty() ? "" : out.Render();
}

nlohmann::ordered_json PlanToJson(const RepairPlan& plan) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const TableRepair& table : plan.tables) {
    for (const RowDifference& row : table.rows) {
      rows.push_back({{"database", table.name.database},
                      {"table", table.name.table},
                      {"act", ActOn(table, row)},
                      {"row", RowWords(table, row)}});
    }
  }
  return rows;
}

}  // namespace srdf::ctl
