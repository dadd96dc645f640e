// ApplierFlow: one flow's life in the applier, on a thread of its own.
//
//   connect to the target, preflight → read the checkpoint → open the Take stream there → apply wagon by
//   wagon
//
// Exactly once: the checkpoint moves in the same target transaction as the wagon's rows, and every round
// begins by reading it; so whatever is in doubt after an error (a commit whose reply was lost, too) is
// decided by the target itself. Errors that pass by themselves are retried at once or with back-off. An error
// of the wagon (divergence, schema) fails it visibly, upstream too; it is tried again by the flow's schedule
// and when an operator says so, and nothing after it is applied before. A wagon whose key is missing blocks
// the flow, visibly, and is tried again every few seconds: the key may come.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "applier/latency_window.h"
#include "applier/take_client.h"
#include "applier/target_snapshots.h"
#include "applier/wagon_stream.h"
#include "base/backoff.h"
#include "base/status.h"
#include "crypto/key_ring.h"
#include "engine/sink.h"

namespace srdf::applier {

enum class ApplierState { kConnecting, kRunning, kBlocked, kFailed };

struct ApplierStatus {
  ApplierState state = ApplierState::kConnecting;
  std::vector<Status> problems;
  int64_t since_ms = 0;
  std::string apply_method;  // of the last session at the target: "native", "sql"; empty before the first
  ChainTip checkpoint;
  int64_t checkpoint_commit_time_ms = 0;
  int64_t checkpoint_applied_at_ms = 0;
  uint64_t wagons = 0;
  uint64_t transactions = 0;
  uint64_t rows = 0;
  uint64_t statements = 0;
  uint64_t retries = 0;
  uint64_t skipped_wagons = 0;  // ever, as the target says
  uint64_t lag_p50_ms = 0;
  uint64_t lag_p99_ms = 0;
  uint64_t transit_p50_ms = 0;
  uint64_t transit_p99_ms = 0;
};

// Whether rows are private, and who opens encrypted wagons.
struct Secrecy {
  // A wagon in clear is refused, and errors of the target go out redacted (base/redacted.h): they name
  // values.
  bool encrypted = false;
  crypto::KeyProvider* keys = nullptr;  // outlives the flow; none: no encrypted wagon can be opened
};

class ApplierFlow {
 public:
  // `target` and `receiver` outlive the flow. `retry_schedule`: seconds between tries of a wagon that fails.
  ApplierFlow(std::string name, std::vector<uint64_t> retry_schedule, engine::TargetEngine* target,
              TakeClient* receiver, Secrecy secrecy);
  ~ApplierFlow();

  void Start();
  void Stop();
  // Any thread: a failed or blocked flow tries again at once.
  void Resume();
  ApplierStatus GetStatus() const;
  Result<std::vector<engine::PreflightProblem>> Preflight() { return target_->Preflight(); }
  const std::string& name() const { return name_; }
  // Any thread, as long as the flow lives.
  TargetSnapshots* snapshots() { return &snapshots_; }

 private:
  void Run(const std::stop_token& stop);
  Status RunOnce(const std::stop_token& stop);
  Status CheckTarget();
  Result<engine::Checkpoint> StartingPoint(engine::TargetSession* session);
  Status ApplyWagons(engine::TargetSession* session, TakeSession* take);
  // The checkpoint moves past a wagon that is not to be applied.
  Status SkipWagon(engine::TargetSession* session, TakeSession* take, const WagonStream::Wagon& wagon);
  // Until the time is over, an operator resumes the flow, or the wagon is to be skipped.
  void WaitForRetry(const std::stop_token& stop, std::chrono::milliseconds time, uint64_t sequence);
  // Makes the wagon's rows readable. A missing key blocks the flow until it is there: the wagon is sound.
  Status Unlock(wire::WagonReader* wagon);
  void WagonApplied(const WagonHeader& header, const std::string& hash, const engine::ApplyStats& stats);
  Status Loggable(const Status& status) const;
  void SetState(ApplierState state, std::vector<Status> problems);

  // constant
  const std::string name_;
  const std::vector<uint64_t> retry_schedule_;
  engine::TargetEngine* const target_;
  TakeClient* const receiver_;
  const Secrecy secrecy_;

  // synchronises itself
  TargetSnapshots snapshots_;

  // the flow's thread only
  std::string logged_findings_;
  std::string tried_wagon_;       // in words, while the target has it and when it did not take it; else empty
  uint64_t failed_sequence_ = 0;  // the wagon that could not be applied last
  uint64_t locked_sequence_ = 0;  // the wagon that could not be unlocked last

  WakeableWait wait_;
  mutable std::mutex mu_;
  // guarded by mu_
  ApplierStatus status_;
  LatencyWindow lag_;
  LatencyWindow transit_;
  std::shared_ptr<TakeSession> take_;

  std::jthread thread_;
};

using FlowMap = std::map<std::string, std::unique_ptr<ApplierFlow>>;

}  // namespace srdf::applier
