// TargetSnapshots: consistent snapshots of one flow's target at marks of its stream (model/mark.h).
//
// Who compares source and target says which mark is expected. When a wagon with it has been applied, the
// flow's thread opens a snapshot before it goes on, so that the snapshot shows the target exactly there, and
// keeps it until it is asked for. A snapshot that cannot be opened is the answer of that mark; the flow goes
// on.
//
// In memory only: after a restart nothing is expected (kNotFound), and the comparison begins with a new mark.
// A mark that may have been passed unseen (a commit whose reply was lost, a wagon that was skipped) is
// answered with kUnavailable, for the same reason. An open snapshot keeps the target from forgetting old row
// versions: what nobody has asked for in ten minutes is forgotten and its snapshot closed, by ForgetUnused
// and with most other calls; and no snapshot is taken at such a mark.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/sink.h"
#include "engine/snapshot.h"
#include "snapshot_service/snapshots.h"

namespace srdf::applier {

class TargetSnapshots {
 public:
  using Clock = std::chrono::steady_clock;
  using Opened = Result<std::unique_ptr<engine::Snapshot>>;

  static constexpr std::chrono::minutes kKeptUnused{10};
  static constexpr size_t kExpectedMax = 64;

  // `target` outlives it. `now` tells how long a mark has been unused.
  TargetSnapshots(std::string flow, engine::TargetEngine* target,
                  std::function<Clock::time_point()> now = Clock::now)
      : flow_(std::move(flow)), target_(target), now_(std::move(now)) {}

  // Any thread; as snapshot_service::Snapshots says.
  Status Expect(const std::string& mark);
  Opened Open(const std::string& mark, const snapshot_service::CallLimits& limits);
  void Forget(const std::string& mark);
  void ForgetUnused();
  Opened OpenNow() { return target_->OpenSnapshot(flow_); }

  // The flow's thread: a wagon with these marks was applied, up to this position, and the next one is not.
  void WagonApplied(const std::vector<std::string>& marks, const SourcePosition& position);
  // The flow's thread: marks may have been passed that nobody has seen.
  void MarksMayBePassed(const std::string& why);

 private:
  struct Expected {
    Clock::time_point used;
    std::optional<Opened> answer;
  };

  using Marks = std::map<std::string, Expected>;

  // What is taken out; destroyed without the lock, for closing a connection may take a while.
  Marks TakeUnused();
  Opened OpenAt(const SourcePosition& position);

  // constant
  const std::string flow_;
  engine::TargetEngine* const target_;
  const std::function<Clock::time_point()> now_;

  std::mutex mu_;
  std::condition_variable answered_;
  // guarded by mu_
  Marks expected_;
};

}  // namespace srdf::applier
