// StoreHealth: what the disk below a queue file lets the queue do, as a state that has a remedy.
//
// A disk that is full, read-only, slow or broken is a state of the service and never its end: the queue says
// so here, its service stops taking work (the source's log keeps it), and both go on by themselves when the
// disk does. docs/operations/disks.md has the table of situations and states.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"

namespace srdf::store {

enum class StoreState {
  kOk,
  kSlow,      // a sync takes longer than disk_slow_sync_ms
  kFull,      // below the reserve, or a write found no space
  kReadOnly,  // the file system or the permissions refuse writing
  kFailing,   // an I/O error: the file is opened again and checked before anything is written to it
};
const char* StoreStateName(StoreState state);  // "ok", "read_only" …

struct StoreHealth {
  StoreState state = StoreState::kOk;
  std::string path;          // of the database
  int64_t since_ms = 0;      // when the state began; 0: it was never another one
  Status problem;            // not OK in every state but ok; names the path, the space, and the remedy
  bool takes_wagons = true;  // false: new wagons are refused, or would be
  bool writable = true;      // false: not even a receipt can be written down
  uint64_t bytes_free = 0;   // what this process may still use of the file's file system
  uint64_t bytes_reserve = 0;
  // Grows each time the file was opened again: what was written before without a sync may be gone, so every
  // stream begins again from what the file holds.
  uint64_t generation = 0;
};

// The disk's side of an outbox or an inbox. Any thread.
class StoreDisk {
 public:
  virtual ~StoreDisk() = default;
  virtual StoreHealth Health() const = 0;
  // Looks at free space and, unless all is well, tries a small durable write (after a failed sync: opens the
  // file again, as after a crash). To be called about once a second; never waits for another write.
  virtual StoreHealth CheckDisk() = 0;
  // `on_change` is called on the thread that found it whenever the state changes, under the queue's locks: it
  // may only leave a note. `on_sync` is told how many seconds each durable commit took. Set both before the
  // first write.
  virtual void Observe(std::function<void()> on_change, std::function<void(double seconds)> on_sync) = 0;
};

}  // namespace srdf::store
