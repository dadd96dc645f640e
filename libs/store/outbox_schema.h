// The outbox's tables, format 1; docs/formats/outbox.md describes every column.
#pragma once

#include "store/queue_database.h"

namespace srdf::store {

QueueFormat OutboxFormat();

// The API knows one destination per flow; the tables are ready for several.
constexpr const char* kDestination = "default";

}  // namespace srdf::store
