// The inbox's tables, format 1; docs/formats/inbox.md describes every column.
#pragma once

#include "store/queue_database.h"

namespace srdf::store {

QueueFormat InboxFormat();

}  // namespace srdf::store
