#include "srdfctl/establish_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "srdfctl/text.h"

namespace srdf::ctl {

namespace {

using compare::TableFindings;
using compare::TableState;
using engine::TableInfo;
using nlohmann::ordered_json;

// One row of twenty: above that a copy of the table is cheaper than row by row.
constexpr uint64_t kCloseShare = 20;
// Assumed until a copy has shown its own: a core at either side and a local disk.
constexpr uint64_t kBytesPerSecondAssumed = 20u << 20;

// The first line in which two definitions differ, for people.
std::string FirstDifference(const std::string& source, const std::string& target) {
  std::istringstream a(source), b(target);
  std::string line_a, line_b;
  while (true) {
    const bool more_a = static_cast<bool>(std::getline(a, line_a));
    const bool more_b = static_cast<bool>(std::getline(b, line_b));
    if (!more_a && !more_b) return "in their ends";
    if (!more_a) line_a.clear();
    if (!more_b) line_b.clear();
    if (line_a == line_b) continue;
    constexpr size_t kShownBytes = 120;
    const auto shown = [](const std::string& line) {
      if (line.empty()) return std::string("nothing");
      return "\"" + line.substr(0, kShownBytes) + (line.size() > kShownBytes ? "…\"" : "\"");
    };
    return "the source has " + shown(line_a) + ", the target " + shown(line_b);
  }
}

void Judge(const TableInfo& source, const TableInfo* target, const TableFindings* found, bool started,
           PlannedTable* out) {
  const TableAction copy = TableAction::kCopy;
  if (target == nullptr) {
    out->target = TargetTable::kMissing;
    out->action = TableAction::kCreateAndCopy;
  } else if (source.definition != target->definition) {
    out->target = TargetTable::kOtherDefinition;
    out->action = TableAction::kCreateAndCopy;
    out->note = FirstDifference(source.definition, target->definition);
  } else if (source.empty && target->empty) {
    out->target = TargetTable::kEqual;
    out->action = started ? TableAction::kNone : copy;
  } else if (target->empty) {
    out->target = TargetTable::kEmpty;
    out->action = copy;
  } else if (found == nullptr || found->state == TableState::kNotCompared) {
    out->target = TargetTable::kNotCompared;
    out->action = started ? TableAction::kCompare : copy;
    if (found != nullptr) out->note = found->note;
  } else if (found->state == TableState::kEqual) {
    out->target = TargetTable::kEqual;
    out->action = TableAction::kNone;
  } else if (found->state == TableState::kSchema) {
    // Altered since the lists were made, or in what a definition does not show.
    out->target = TargetTable::kOtherDefinition;
    out->action = TableAction::kCreateAndCopy;
    out->note = found->note;
  } else if (found->state == TableState::kMissing) {
    out->target = TargetTable::kMissing;
    out->action = TableAction::kCreateAndCopy;
  } else if (found->state == TableState::kExtra) {
    out->target = TargetTable::kNotCompared;
    out->action = started ? TableAction::kCompare : copy;
    out->note = "the source has dropped it meanwhile";
  } else {
    const uint64_t differing = found->missing + found->extra + found->different;
    const bool close =
        found->counted_all && differing * kCloseShare <= std::max(found->rows_source, found->rows_target);
    out->target = close ? TargetTable::kClose : TargetTable::kDifferent;
    out->action = close ? TableAction::kRepair : copy;
    out->note =
        fmt::format("{} missing, {} extra, {} different", found->missing, found->extra, found->different);
  }
  if (!source.transactional) {
    out->obstacle =
        fmt::format("{} cannot roll back: ALTER TABLE … ENGINE=InnoDB at the source", source.engine);
  } else if (source.definition.find(" WITH SYSTEM VERSIONING") != std::string::npos) {
    out->obstacle =
        "it is system-versioned, and its history cannot be copied: begin with a backup (--from-gtid)";
  }
  if (out->obstacle.empty() || (out->action != copy && out->action != TableAction::kCreateAndCopy)) return;
  out->action = TableAction::kRefuse;
  out->note = out->obstacle;
}

std::string Summary(const EstablishPlan& plan, const std::string& flow) {
  std::string out = plan.started
                        ? "flow " + flow + " has a checkpoint at the target\n"
                        : "flow " + flow + " has no checkpoint: its first copy is one of all tables\n";
  const uint64_t bytes = plan.bytes_to_copy();
  if (bytes > 0 || plan.count(TableAction::kCopy) + plan.count(TableAction::kCreateAndCopy) > 0) {
    out += fmt::format(
        "to copy: {} of {}, about {} and {}; about {} at {}/s (assumed), as many bytes in wagons before they "
        "are compressed\n",
        plan.count(TableAction::kCopy) + plan.count(TableAction::kCreateAndCopy),
        Counted(plan.tables.size(), "table"), Counted(plan.rows_to_copy(), "row"), FormatBytes(bytes),
        FormatDuration(static_cast<int64_t>(bytes * 1000 / kBytesPerSecondAssumed)),
        FormatBytes(kBytesPerSecondAssumed));
  }
  return out;
}

}  // namespace

std::string_view TargetTableWord(TargetTable state) {
  switch (state) {
    case TargetTable::kMissing:
      return "missing";
    case TargetTable::kEmpty:
      return "empty";
    case TargetTable::kOtherDefinition:
      return "incompatible";
    case TargetTable::kNotCompared:
      return "not compared";
    case TargetTable::kEqual:
      return "equal";
    case TargetTable::kClose:
      return "close";
    case TargetTable::kDifferent:
      return "different";
    case TargetTable::kExtra:
      return "only there";
  }
  return "unknown";
}

std::string_view TableActionWord(TableAction action) {
  switch (action) {
    case TableAction::kNone:
      return "nothing";
    case TableAction::kCreateAndCopy:
      return "create and copy";
    case TableAction::kCopy:
      return "copy";
    case TableAction::kRepair:
      return "repair";
    case TableAction::kCompare:
      return "compare";
    case TableAction::kRefuse:
      return "refuse";
  }
  return "unknown";
}

uint64_t EstablishPlan::rows_to_copy() const {
  uint64_t rows = 0;
  for (const PlannedTable& table : tables) {
    if (table.action == TableAction::kCopy || table.action == TableAction::kCreateAndCopy) rows += table.rows;
  }
  return rows;
}

uint64_t EstablishPlan::bytes_to_copy() const {
  uint64_t bytes = 0;
  for (const PlannedTable& table : tables) {
    if (table.action == TableAction::kCopy || table.action == TableAction::kCreateAndCopy)
      bytes += table.bytes;
  }
  return bytes;
}

size_t EstablishPlan::count(TableAction action) const {
  return static_cast<size_t>(std::count_if(
      tables.begin(), tables.end(), [&](const PlannedTable& table) { return table.action == action; }));
}

EstablishPlan PlanEstablish(const std::vector<TableInfo>& source, const std::vector<TableInfo>& target,
                            const compare::Findings* findings, bool started) {
  std::map<compare::TableName, const TableInfo*> there;
  for (const TableInfo& table : target) there[{table.database, table.table}] = &table;
  std::map<compare::TableName, const TableFindings*> found;
  if (findings != nullptr) {
    for (const TableFindings& table : findings->tables) found[table.name] = &table;
  }
  EstablishPlan plan;
  plan.started = started;
  for (const TableInfo& table : source) {
    PlannedTable& out = plan.tables.emplace_back();
    out.name = {table.database, table.table};
    out.rows = table.rows_estimate;
    out.bytes = table.bytes_estimate;
    const auto at = there.find(out.name);
    const auto compared = found.find(out.name);
    Judge(table, at == there.end() ? nullptr : at->second,
          compared == found.end() ? nullptr : compared->second, started, &out);
    if (at != there.end()) there.erase(at);
  }
  for (const auto& [name, table] : there) {
    PlannedTable& out = plan.tables.emplace_back();
    out.name = name;
    out.target = TargetTable::kExtra;
    out.note = "stays as it is; the source does not have it";
  }
  std::sort(plan.tables.begin(), plan.tables.end(),
            [](const PlannedTable& a, const PlannedTable& b) { return a.name < b.name; });
  return plan;
}

std::string RenderPlan(const EstablishPlan& plan, const std::string& flow) {
  using Align = Table::Align;
  Table out({{"TABLE", Align::kLeft},
             {"ROWS", Align::kRight},
             {"SIZE", Align::kRight},
             {"AT THE TARGET", Align::kLeft},
             {"TO DO", Align::kLeft}});
  std::string notes;
  for (const PlannedTable& table : plan.tables) {
    const std::string name = Printable(table.name.Text());
    out.Add({name, "~" + FormatCount(table.rows), FormatBytes(table.bytes),
             std::string(TargetTableWord(table.target)), std::string(TableActionWord(table.action))});
    if (!table.note.empty()) notes += fmt::format("{}: {}\n", name, Printable(table.note));
  }
  for (const std::string& remark : plan.remarks) notes += Printable(remark) + "\n";
  return out.Render() + (notes.empty() ? "" : "\n" + notes) + "\n" + Summary(plan, flow);
}

ordered_json PlanToJson(const EstablishPlan& plan, const std::string& flow) {
  ordered_json tables = ordered_json::array();
  for (const PlannedTable& table : plan.tables) {
    tables.push_back({{"database", table.name.database},
                      {"table", table.name.table},
                      {"rows_estimate", table.rows},
                      {"bytes_estimate", table.bytes},
                      {"target", TargetTableWord(table.target)},
                      {"action", TableActionWord(table.action)},
                      {"note", table.note}});
  }
  return {{"flow", flow},
          {"has_checkpoint", plan.started},
          {"rows_to_copy", plan.rows_to_copy()},
          {"bytes_to_copy", plan.bytes_to_copy()},
          {"bytes_per_second_assumed", kBytesPerSecondAssumed},
          {"remarks", plan.remarks},
          {"tables", tables}};
}

}  // namespace srdf::ctl
