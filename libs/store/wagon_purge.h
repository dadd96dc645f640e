// PurgeWagons: removes wagons and their chunks in small transactions, so that storing and sending go on
// between them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "store/queue_database.h"

namespace srdf::store {

constexpr int kPurgeWagonsPerStep = 64;

// `candidates_sql` selects the wagon ids that may go, oldest first, at most kPurgeWagonsPerStep, given the
// flow (?1) and a time (?2). Removes them all, their rows in other tables by cascade; returns how many. A
// wagon too large for one step loses payload_present first; a purge broken off there is finished by the next.
Result<uint64_t> PurgeWagons(QueueDatabase& db, std::string_view candidates_sql, const std::string& flow,
                             int64_t before_ms);

}  // namespace srdf::store
