#include "store/disk_guard.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"

namespace srdf::store {
namespace {

constexpr uint64_t kReserveShareMax = 10;  // the reserve is at most this part of the file system
constexpr uint64_t kRoomMin = 1 << 20;     // a chunk
constexpr uint64_t kRoomMax = 8 << 20;     // a checkpoint's worth

double Seconds(DiskGuard::Clock::duration time) { return std::chrono::duration<double>(time).count(); }

double MiB(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

const char* StoreStateName(StoreState state) {
  switch (state) {
    case StoreState::kOk:
      return "ok";
    case StoreState::kSlow:
      return "slow";
    case StoreState::kFull:
      return "full";
    case StoreState::kReadOnly:
      return "read_only";
    case StoreState::kFailing:
      return "failing";
  }
  return "unknown";
}

DiskGuard::DiskGuard(std::string path, uint64_t reserve_bytes, std::chrono::milliseconds slow_sync)
    : path_(std::move(path)), reserve_bytes_max_(reserve_bytes), slow_sync_(slow_sync) {}

void DiskGuard::Observe(std::function<void()> on_change, std::function<void(double)> on_sync) {
  std::lock_guard lock(mu_);
  on_change_ = std::move(on_change);
  on_sync_ = std::move(on_sync);
}

StoreHealth DiskGuard::Health() const {
  std::lock_guard lock(mu_);
  return HealthLocked();
}

bool DiskGuard::SlowLocked() const {
  return slow_left_ > 0 || (sync_began_ != Clock::time_point{} && Clock::now() - sync_began_ > slow_sync_);
}

StoreState DiskGuard::StateLocked() const {
  if (fault_ != StoreState::kOk) return fault_;
  if (below_reserve_) return StoreState::kFull;
  return SlowLocked() ? StoreState::kSlow : StoreState::kOk;
}

StoreHealth DiskGuard::HealthLocked() const {
  StoreHealth health;
  health.state = StateLocked();
  health.path = path_;
  health.since_ms = since_ms_;
  health.bytes_free = bytes_free_;
  health.bytes_reserve = bytes_reserve_;
  health.generation = generation_;
  health.writable = writable_;
  health.takes_wagons = fault_ == StoreState::kOk && !below_reserve_;
  if (fault_ != StoreState::kOk) {
    health.problem = Status(fault_problem_.code(),
                            fmt::format("{} ({:.1f} MiB free)", fault_problem_.message(), MiB(bytes_free_)),
                            fault_problem_.remedy());
  } else if (below_reserve_) {
    health.problem = Status(
        StatusCode::kResourceExhausted,
        fmt::format(
            "{}: {:.1f} MiB free, and {:.1f} MiB are kept in reserve for receipts and purges: no wagon is "
            "taken",
            path_, MiB(bytes_free_), MiB(bytes_reserve_)),
        "free space on its file system or enlarge it; nothing is lost, the source's log keeps what waits, "
        "and "
        "work goes on by itself. Wagons that were applied leave after purge_after_days");
  } else if (health.state == StoreState::kSlow) {
    const auto took = sync_began_ == Clock::time_point{} ? sync_last_ : Clock::now() - sync_began_;
    health.problem = Status(
        StatusCode::kUnavailable,
        fmt::format("{}: a sync to disk takes {:.1f} s, more than disk_slow_sync_ms", path_, Seconds(took)),
        "look at the disk's load and errors (iostat -x, the kernel's log); work goes on as "
        "fast as the disk does");
  }
  return health;
}

void DiskGuard::MeasureLocked() {
  struct statvfs fs {};
  if (::statvfs(path_.c_str(), &fs) != 0) return;  // the write that follows says what is wrong
  bytes_free_ = static_cast<uint64_t>(fs.f_bavail) * fs.f_frsize;
  const uint64_t total = static_cast<uint64_t>(fs.f_blocks) * fs.f_frsize;
  bytes_reserve_ = std::min(reserve_bytes_max_, total / kReserveShareMax);
  below_reserve_ = bytes_free_ < (below_reserve_ ? bytes_reserve_ + bytes_reserve_ / 4 : bytes_reserve_);
  if ((fs.f_flag & ST_RDONLY) != 0 && fault_ == StoreState::kOk) {
    fault_ = StoreState::kReadOnly;
    fault_problem_ = Status(StatusCode::kPermissionDenied, path_ + ": its file system is mounted read-only",
                            "look for disk errors in the kernel's log, then mount it writable again");
    writable_ = false;
  }
}

void DiskGuard::NoticeLocked() {
  const StoreState state = StateLocked();
  if (state == noticed_) return;
  noticed_ = state;
  since_ms_ = WallClockMs();
  if (on_change_) on_change_();
}

StoreHealth DiskGuard::Look() {
  std::lock_guard lock(mu_);
  MeasureLocked();
  NoticeLocked();  // also a sync under way that has become a slow one: nobody else finds that
  return HealthLocked();
}

Status DiskGuard::Admit() {
  if (reserve_bytes_max_ == 0) return Status::Ok();
  std::lock_guard lock(mu_);
  MeasureLocked();
  NoticeLocked();
  return below_reserve_ ? HealthLocked().problem : Status::Ok();
}

void DiskGuard::Failed(StoreState fault, const Status& problem) {
  std::lock_guard lock(mu_);
  // What is failing stays failing until it was opened again, whatever else a write meets.
  if (fault_ == StoreState::kFailing && fault != StoreState::kFailing) return;
  fault_ = fault;
  fault_problem_ = problem;
  writable_ = false;
  MeasureLocked();
  NoticeLocked();
}

void DiskGuard::Wrote() {
  std::lock_guard lock(mu_);
  if (!writable_ && on_change_) on_change_();
  writable_ = true;
}

void DiskGuard::Cleared() {
  std::lock_guard lock(mu_);
  fault_ = StoreState::kOk;
  fault_problem_ = {};
  writable_ = true;
  MeasureLocked();
  NoticeLocked();
}

void DiskGuard::Reopened() {
  std::lock_guard lock(mu_);
  ++generation_;
  if (on_change_) on_change_();
}

void DiskGuard::SyncBegan() {
  std::lock_guard lock(mu_);
  sync_began_ = Clock::now();
}

void DiskGuard::SyncEnded(bool ok) {
  std::lock_guard lock(mu_);
  const auto took = Clock::now() - sync_began_;
  sync_began_ = {};
  if (ok && on_sync_) on_sync_(Seconds(took));
  if (took > slow_sync_) {
    slow_left_ = kQuickSyncs;
    sync_last_ = took;
  } else if (ok && slow_left_ > 0) {
    --slow_left_;
  }
  NoticeLocked();
}

bool DiskGuard::NeedsProof() const {
  std::lock_guard lock(mu_);
  return fault_ != StoreState::kOk || slow_left_ > 0;
}

uint64_t DiskGuard::RoomWanted() const {
  std::lock_guard lock(mu_);
  return std::clamp(bytes_reserve_, kRoomMin, kRoomMax);
}

}  // namespace srdf::store
