// StoreOptions: limits of one queue file (outbox.db, inbox.db).
#pragma once

#include <chrono>
#include <cstdint>

namespace srdf::store {

struct StoreOptions {
  // The database file does not grow beyond this many bytes (rounded to pages; 0: no limit but the disk's).
  // At the limit a store call fails with kResourceExhausted, as on a full disk; removing applied wagons makes
  // room again. The write-ahead log (up to 64 MiB, see docs/formats/outbox.md) comes on top.
  uint64_t database_bytes_max = 0;
  // While less than this is free on the file system (at most a tenth of it counts), wagons are refused and
  // everything else goes on; see disk_guard.h. 0: only a disk that is really full refuses.
  uint64_t disk_reserve_bytes = 0;
  // A durable commit that takes longer makes the state "slow".
  std::chrono::milliseconds disk_slow_sync{1000};
};

}  // namespace srdf::store
