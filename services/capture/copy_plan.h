// CopyPlan: which tables are copied, in which order, and which of them together.
//
// A foreign key that acts changes rows of its child by a change of the parent alone, and the log does not
// have the child's change. So a table is copied when nothing that can change it so is still to be copied:
// parents first. Tables of a circle (one that refers to itself is the smallest) are copied in one snapshot,
// and so is, alone, a table without a key, or with one that a cascade can change. Tables that foreign keys
// only check come after those they refer to where that is possible. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/snapshot.h"
#include "engine/source.h"
#include "model/copy_state.h"

namespace srdf::capture {

// All of `source` when `wanted` is empty; else the tables wanted, and those that foreign keys change with
// them. schema_done is false; phases are kWaiting. kNotFound names a table
// that the source does not have, kFailedPrecondition those that cannot be copied.
Result<CopyState> PlanCopy(const std::string& plan, const std::vector<engine::TableInfo>& source,
                           const std::vector<engine::TableId>& wanted,
                           const std::vector<engine::ForeignKey>& keys);

// Whether all rows of a table that is listed alone have to be read in one snapshot.
bool IsReadAtOnce(const engine::TableId& table, const std::vector<engine::ForeignKey>& keys);

// The next tables that may be copied, of those that are listed, neither `busy` nor `resting` (after an
// error): one, or all of a group. Empty: none now. kFailedPrecondition: never, for foreign keys connect what
// is left in a circle that the plan does not know.
Result<std::vector<TableCopy>> NextTables(const CopyState& copy, const std::vector<engine::ForeignKey>& keys,
                                          const std::vector<engine::TableId>& busy,
                                          const std::vector<engine::TableId>& resting = {});

}  // namespace srdf::capture
