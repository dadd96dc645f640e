// TargetSnapshots: consistent snapshots of one flow's target at marks of its stream (model/mark.h).
//
// Who compares source and target says which mark is expected. When a wagon with it has been applied, the
// flow's thread opens a snapshot before it goes on, so that the snapshot shows the target exactly there, and
// keeps it until it is asked for. A snapshot that cannot be opened is the answer of that mark; the flow goes
// on.
//
// In memory only: after a restart nothing is expected (kNotFound), and the comparison begins with a new mark.
// A mark that may have been passed unseen (a commit whose reply was lost, a wagon that was skipped) is
// answered with kUnavailable, for the same reason. What nobody has asked for in ten minutes is forgotten, its
// snapshot closed, with the next call of anything here.
#pragma once

#include <chrono>
#include <condition_variable>
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

  // `target` outlives it.
  TargetSnapshots(std::string flow, engine::TargetEngine* target) : flow_(std::move(flow)), target_(target) {}

  // Any thread; as snapshot_service::Snapshots says.
  Status Expect(const std::string& mark);
  Opened Open(const std::string& mark, const snapshot_service::CallLimits& limits);
  Opened OpenNow() { return target_->OpenSnapshot(flow_); }

  // The flow's thread: a wagon with these marks was applied, up to this position, and the next one is not.
  void WagonApplied(const std::vector<std::string>& marks, const SourcePosition& position);
  // The flow's thread: marks may have been passed that nobody has seen.
  void MarksMayBePassed(const std::string& why);
  // Any thread, now and then: forgets what nobody asks for.
  void Sweep();

 private:
  struct Expected {
    Clock::time_point used;
    std::optional<Opened> answer;
  };

  void SweepLocked();
  Opened OpenAt(const SourcePosition& position);

  // constant
  const std::string flow_;
  engine::TargetEngine* const target_;

  std::mutex mu_;
  std::condition_variable answered_;
  // guarded by mu_
  std::map<std::string, Expected> expected_;
};

}  // namespace srdf::applier
