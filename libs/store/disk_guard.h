// DiskGuard: the state machine behind StoreHealth, for one queue file.
//
// It is told what writes found and how long syncs took, looks at the file system's free space, and says
// whether a wagon is taken. Three things make the state, the first that holds naming it:
//
//   fault         a write failed (full, read-only, failing); only a probe that succeeds ends it
//   below reserve free space is under the reserve; ends when a quarter more than the reserve is free
//   slow          a sync took, or takes by now, longer than the limit; ends with kQuickSyncs quick ones in a
//   row
//
// The reserve keeps room for receipts, purges and the write-ahead log: refusing wagons before the disk is
// full is what lets the queue drain. It is the configured size, at most a tenth of the file system.
//
// Threads: any; it has a lock of its own, held for no I/O but statvfs().
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "store/store_health.h"

namespace srdf::store {

class DiskGuard {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int kQuickSyncs = 5;

  DiskGuard(std::string path, uint64_t reserve_bytes, std::chrono::milliseconds slow_sync);

  void Observe(std::function<void()> on_change, std::function<void(double)> on_sync);
  StoreHealth Health() const;

  // Free space as it is now; also finds a sync that does not end, and a file system mounted read-only.
  StoreHealth Look();
  // kResourceExhausted while the reserve is touched: for writes of wagons, which can wait at the source.
  Status Admit();
  // A write failed in this way.
  void Failed(StoreState fault, const Status& problem);
  // A probe has written and synced something: receipts can be written.
  void Wrote();
  // A probe found that all is well again.
  void Cleared();
  // The file was opened again.
  void Reopened();
  void SyncBegan();
  void SyncEnded(bool ok);
  // A probe should write something: there is a fault, or the last sync was slow.
  bool NeedsProof() const;
  // How much room a probe has to find before a full disk is called well.
  uint64_t RoomWanted() const;

 private:
  StoreHealth HealthLocked() const;
  StoreState StateLocked() const;
  bool SlowLocked() const;
  void MeasureLocked();
  void NoticeLocked();  // calls on_change_ when the state is another one by now

  const std::string path_;
  const uint64_t reserve_bytes_max_;
  const std::chrono::milliseconds slow_sync_;

  mutable std::mutex mu_;
  // guarded by mu_
  std::function<void()> on_change_;
  std::function<void(double)> on_sync_;
  StoreState fault_ = StoreState::kOk;
  Status fault_problem_;
  bool writable_ = true;
  bool below_reserve_ = false;
  uint64_t bytes_free_ = 0;
  uint64_t bytes_reserve_ = 0;
  Clock::time_point sync_began_{};  // of the sync under way
  Clock::duration sync_last_{};     // of the last slow one, while slow_left_ is not 0
  int slow_left_ = 0;               // quick syncs still missing
  StoreState noticed_ = StoreState::kOk;
  int64_t since_ms_ = 0;  // of noticed_
  uint64_t generation_ = 0;
};

}  // namespace srdf::store
