// RepairPlan: which rows of the target a repair replaces, from what a comparison has found just now.
//
// Rows are named, not copied: capture reads them at the source when the repair runs. Keys that the source
// does not have come first: under a case-insensitive collation 'A' of the target is in the way of 'a' of the
// source. Pure.
//
// Of a table with another unique key than the logical one, a row that is copied takes the place of whatever
// has its values at the target, in any key. That row differs too, since the source has it otherwise: so it is
// in the plan and in the undo file, if the plan has all that differs. Otherwise the table is not repaired.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "compare/comparison.h"
#include "compare/findings.h"
#include "srdfctl/verify_report.h"

namespace srdf::ctl {

struct TableRepair {
  compare::TableName name;
  TableSchema schema;
  std::vector<compare::RowDifference> rows;  // extra ones first
  // Two of its rows may be in each other's way: they have to be replaced at one place of the stream.
  bool together = false;
  uint64_t rows_target = 0;  // of the whole table, or of what was compared of it
  bool with_key() const { return schema.key_kind != KeyKind::kNone; }
};

// The most rows that are replaced at one place of the stream (capture::CopyDesk::kRowsMax).
constexpr size_t kRowsTogetherMax = 10'000;

struct RepairPlan {
  std::vector<TableRepair> tables;
  // What a repair of rows cannot mend, each with its table and what can.
  std::vector<Status> beyond;
  uint64_t rows() const;
};

RepairPlan PlanRepair(compare::Findings findings);

// What has to be compared now to repair what a report has: these rows alone where that is enough, else whole
// tables. What cannot be repaired at all is added to `beyond`.
void ChooseRows(const ReportedDifferences& report, compare::CompareOptions* options,
                std::vector<compare::TableFindings>* beyond);

// kFailedPrecondition when a table was altered since the report was made.
Status FitsReport(const ReportedDifferences& report, const compare::Findings& now);

// "shop.orders: 3 rows", a line each, at most `bytes_max` bytes.
std::string PlanSummary(const RepairPlan& plan, size_t bytes_max);
// Per row what will be done, as a table.
std::string RenderPlan(const RepairPlan& plan);
nlohmann::ordered_json PlanToJson(const RepairPlan& plan);

}  // namespace srdf::ctl
