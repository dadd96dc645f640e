// The inbox's tables, format 2; docs/formats/inbox.md describes every column.
#pragma once

#include "store/queue_database.h"

namespace srdf::store {

QueueFormat InboxFormat();
// Statements that make a file of format 1 one of format 2.
const char* InboxUpgradeFrom1();

}  // namespace srdf::store
