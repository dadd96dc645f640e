// Wagons that the target has moved past without applying them, on an operator's decision: srdf.skipped_wagon.
//
// A row is written in the transaction that moves the checkpoint, and stays for good: it says what this target
// lacks. docs/formats/target-schema.md describes every column. Driven by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "model/skip.h"
#include "model/wagon.h"

namespace srdf::engine_mariadb {

// In the transaction that moves the checkpoint past the wagon: notes the decision; closes the DDL intents
// that the wagon left open (kept as text); marks the XA transactions held since before it, because the wagon
// may have had their outcome, and nobody here can tell (PreparedTransactions::Take refuses those). kAborted
// while a statement of the wagon still runs at the target.
Status RecordSkip(Connection* connection, const WagonHeader& header, const SkipDecision& decision);

// Sequences of the flow's skipped wagons of this epoch, newest first, at most `limit`.
Result<std::vector<uint64_t>> SelectSkipped(Connection* connection, const std::string& flow, uint64_t epoch,
                                            uint64_t limit);

}  // namespace srdf::engine_mariadb
