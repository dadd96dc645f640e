// The outbox's tables, format 4; docs/formats/outbox.md describes every column.
#pragma once

#include "store/queue_database.h"

namespace srdf::store {

QueueFormat OutboxFormat();
// Statements that make a file of format 1 one of format 2, and so on.
const char* OutboxUpgradeFrom1();
const char* OutboxUpgradeFrom2();
const char* OutboxUpgradeFrom3();

// True of deliveries that still have a way to go; `prefix` is "" or the table's alias with a dot. The words
// of the partial index delivery_unsettled, which SQLite only takes for a query that repeats them.
#define SRDF_UNSETTLED(prefix) prefix "status NOT IN ('applied', 'superseded', 'skipped', 'merged')"

// The API knows one destination per flow; the tables are ready for several.
constexpr const char* kDestination = "default";

}  // namespace srdf::store
