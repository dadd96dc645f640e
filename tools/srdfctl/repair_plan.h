// RepairPlan: which rows of the target a repair replaces, from what a comparison has found just now.
//
// Rows are named, not copied: capture reads them at the source when the repair runs. Keys that the source
// does not have come first: under a case-insensitive collation 'A' of the target is in the way of 'a' of the
// source. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "compare/findings.h"
#include "srdfctl/verify_report.h"

namespace srdf::ctl {

struct TableRepair {
  compare::TableName name;
  TableSchema schema;
  std::vector<compare::RowDifference> rows;  // extra ones first
  bool with_key() const { return schema.key_kind != KeyKind::kNone; }
};

struct RepairPlan {
  std::vector<TableRepair> tables;
  // What a repair of rows cannot mend, each with its table and what can.
  std::vector<Status> beyond;
  uint64_t rows() const;
};

RepairPlan PlanRepair(compare::Findings findings);

// kFailedPrecondition when a table was altered since the report was made.
Status FitsReport(const ReportedDifferences& report, const compare::Findings& now);

// "shop.orders: 3 rows", a line each, at most `bytes_max` bytes.
std::string PlanSummary(const RepairPlan& plan, size_t bytes_max);
// Per row what will be done, as a table.
std::string RenderPlan(const RepairPlan& plan);
nlohmann::ordered_json PlanToJson(const RepairPlan& plan);

}  // namespace srdf::ctl
