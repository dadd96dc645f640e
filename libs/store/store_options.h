// StoreOptions: limits of one queue file (outbox.db, inbox.db).
#pragma once

#include <cstdint>

namespace srdf::store {

struct StoreOptions {
  // The database file does not grow beyond this many bytes (rounded to pages; 0: no limit but the disk's).
  // At the limit a store call fails with kResourceExhausted, as on a full disk; removing applied wagons makes
  // room again. The write-ahead log (up to 64 MiB, see docs/formats/outbox.md) comes on top.
  uint64_t database_bytes_max = 0;
};

}  // namespace srdf::store
