#include "applier/target_snapshots.h"

#include <algorithm>

#include "model/mark.h"
#include "obs/log.h"

namespace srdf::applier {

namespace {

constexpr std::chrono::milliseconds kAskCancelled{200};

}  // namespace

Status TargetSnapshots::Expect(const std::string& mark) {
  if (mark.empty() || mark.size() > kMarkIdBytesMax) {
    return {StatusCode::kInvalidArgument, "a mark has 1 to " + std::to_string(kMarkIdBytesMax) +
                                              " bytes, not " + std::to_string(mark.size())};
  }
  Marks unused;
  std::lock_guard lock(mu_);
  unused = TakeUnused();
  if (expected_.count(mark) == 0 && expected_.size() >= kExpectedMax) {
    return {StatusCode::kResourceExhausted,
            std::to_string(kExpectedMax) + " marks of flow " + flow_ + " are expected already",
            "end other comparisons of this flow, or wait ten minutes"};
  }
  expected_[mark].used = now_();
  return {};
}

TargetSnapshots::Opened TargetSnapshots::Open(const std::string& mark,
                                              const snapshot_service::CallLimits& limits) {
  Marks unused;
  std::unique_lock lock(mu_);
  unused = TakeUnused();
  for (;;) {
    const auto it = expected_.find(mark);
    if (it == expected_.end()) {
      return Status(StatusCode::kNotFound,
                    "no snapshot is expected at mark " + mark + " of flow " + flow_ +
                        ": the applier was started again, it is too long ago, or it was "
                        "handed out already");
    }
    it->second.used = now_();
    if (it->second.answer) {
      Opened answer = std::move(*it->second.answer);
      expected_.erase(it);
      return answer;
    }
    if (limits.cancelled && limits.cancelled())
      return Status(StatusCode::kCancelled, "nobody waits any more");
    const auto now = Clock::now();
    if (now >= limits.deadline) {
      return Status(StatusCode::kDeadlineExceeded,
                    "mark " + mark + " of flow " + flow_ + " is not applied yet");
    }
    answered_.wait_until(lock, std::min(limits.deadline, now + kAskCancelled));
  }
}

void TargetSnapshots::WagonApplied(const std::vector<std::string>& marks, const SourcePosition& position) {
  if (marks.empty()) return;
  for (const std::string& mark : marks) {
    {
      Marks unused;
      std::lock_guard lock(mu_);
      unused = TakeUnused();
      const auto it = expected_.find(mark);
      if (it == expected_.end() || it->second.answer) continue;
    }
    Opened opened = OpenAt(position);
    if (!opened.ok()) {
      obs::Warn("snapshot_failed", {{"flow", flow_}, {"mark", mark}, {"reason", opened.status()}});
    }
    std::lock_guard lock(mu_);
    // May have been forgotten meanwhile.
    if (const auto it = expected_.find(mark); it != expected_.end()) it->second.answer = std::move(opened);
    answered_.notify_all();
  }
}

// Only this thread applies wagons of the flow: when the checkpoint is another one, somebody else does.
TargetSnapshots::Opened TargetSnapshots::OpenAt(const SourcePosition& position) {
  Opened opened = target_->OpenSnapshot(flow_);
  if (!opened.ok() || (*opened)->position() == position) return opened;
  return Status(StatusCode::kAborted, "the target was at source position " + (*opened)->position().gtid +
                                          " when it was to be read at " + position.gtid +
                                          ": another applier applies wagons of flow " + flow_);
}

void TargetSnapshots::MarksMayBePassed(const std::string& why) {
  std::lock_guard lock(mu_);
  for (auto& [mark, expected] : expected_) {
    if (!expected.answer) {
      expected.answer = Status(StatusCode::kUnavailable,
                               "mark " + mark + " of flow " + flow_ + " may have been passed unseen: " + why);
    }
  }
  answered_.notify_all();
}

void TargetSnapshots::Forget(const std::string& mark) {
  Marks::node_type forgotten;
  std::lock_guard lock(mu_);
  forgotten = expected_.extract(mark);
  answered_.notify_all();
}

void TargetSnapshots::ForgetUnused() {
  Marks unused;
  std::lock_guard lock(mu_);
  unused = TakeUnused();
}

TargetSnapshots::Marks TargetSnapshots::TakeUnused() {
  const Clock::time_point oldest = now_() - kKeptUnused;
  Marks unused;
  for (auto it = expected_.begin(); it != expected_.end();) {
    const auto next = std::next(it);
    if (it->second.used < oldest) unused.insert(expected_.extract(it));
    it = next;
  }
  return unused;
}

}  // namespace srdf::applier
