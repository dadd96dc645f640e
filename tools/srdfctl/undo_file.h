// UndoFile: the rows of the target as they were before a repair, docs/formats/repair-undo.md.
//
// Written and flushed to disk before the repair begins, one JSON object in a line each.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "compare/side.h"
#include "srdfctl/repair_plan.h"

namespace srdf::ctl {

// Reads the rows in the snapshot that `target` has open. kAlreadyExists when there is such a file: an undo
// file is never written over.
Status WriteUndoFile(const std::string& path, const std::string& flow, const SourcePosition& position,
                     const RepairPlan& plan, compare::Side* target);

}  // namespace srdf::ctl
