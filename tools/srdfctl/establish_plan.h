// EstablishPlan: what has to be done to each table so that the target holds what the source does.
//
// Made of what both servers say of their tables, and of a comparison where there was one. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "compare/findings.h"
#include "engine/snapshot.h"

namespace srdf::ctl {

enum class TargetTable : uint8_t {
  kMissing,
  kEmpty,
  kOtherDefinition,
  kNotCompared,  // has rows
  kEqual,
  kClose,      // few rows differ
  kDifferent,  // many do
  kExtra,      // the source does not have it
};
std::string_view TargetTableWord(TargetTable state);

enum class TableAction : uint8_t {
  kNone,
  kCreateAndCopy,
  kCopy,
  kRepair,
  kCompare,  // nobody knows whether anything is to be done
  kRefuse,   // it has to be copied, and cannot: see obstacle
};
std::string_view TableActionWord(TableAction action);

struct PlannedTable {
  compare::TableName name;
  TargetTable target = TargetTable::kNotCompared;
  TableAction action = TableAction::kNone;
  uint64_t rows = 0;   // estimates, of the source
  uint64_t bytes = 0;  // with indexes
  std::string note;
  std::string obstacle;  // why no copy of it can be made; empty: none
};

struct EstablishPlan {
  std::vector<PlannedTable> tables;  // by name
  bool started = false;              // the flow has a checkpoint
  std::vector<std::string> remarks;  // on definitions that cannot be made at the target, or not surely

  uint64_t rows_to_copy() const;
  uint64_t bytes_to_copy() const;
  size_t count(TableAction action) const;
};

// `started`: the flow has a checkpoint; without one every table has to be copied, whatever the target holds.
// `findings` may be null.
EstablishPlan PlanEstablish(const std::vector<engine::TableInfo>& source,
                            const std::vector<engine::TableInfo>& target, const compare::Findings* findings,
                            bool started);

std::string RenderPlan(const EstablishPlan& plan, const std::string& flow);
nlohmann::ordered_json PlanToJson(const EstablishPlan& plan, const std::string& flow);

}  // namespace srdf::ctl
