// The inbox's tables, format 4; docs/formats/inbox.md describes every column.
#pragma once

#include "store/queue_database.h"

namespace srdf::store {

QueueFormat InboxFormat();
// Statements that make a file of format 1 one of format 2.
const char* InboxUpgradeFrom1();
// And one of format 2 one of format 3.
const char* InboxUpgradeFrom2();
// And so on.
const char* InboxUpgradeFrom3();

}  // namespace srdf::store
