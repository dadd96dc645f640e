// CaptureFlow: one flow's life in the capture service, on a thread of its own.
//
//   preflight → open the feed (which tells the resume position) → stream until something breaks → again
//
// Nothing is durable here: whatever breaks, the next round asks the batcher where to go on. Errors that time
// may heal are retried with back-off; others stop the flow, visibly, until Resume.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/backoff.h"
#include "base/status.h"
#include "capture/copy_runner.h"
#include "capture/feed_client.h"
#include "capture/stream_gate.h"
#include "engine/source.h"

namespace srdf::capture {

enum class CaptureState { kConnecting, kStreaming, kBlocked, kStopped };

struct CaptureStatus {
  CaptureState state = CaptureState::kConnecting;
  std::vector<Status> problems;
  int64_t since_ms = 0;  // of state and problems
  engine::ChangeReaderStats stats;
  uint64_t reconnects = 0;
};

class CaptureFlow {
 public:
  // `source` and `feed` outlive the flow. `rows_private`: logs do not get the text of statements.
  CaptureFlow(std::string name, engine::SourceEngine* source, FeedClient* feed, bool rows_private);
  ~CaptureFlow();

  void Start();
  // Ends the stream and joins the thread.
  void Stop();
  // Any thread: a stopped or blocked flow tries again at once.
  void Resume();
  // Any thread.
  CaptureStatus GetStatus() const;
  Result<std::vector<engine::PreflightProblem>> Preflight() { return source_->Preflight(); }
  // The stream that runs now. kFailedPrecondition when none does.
  struct Live {
    std::shared_ptr<StreamGate> gate;
    std::shared_ptr<CopyRunner> runner;
  };
  Result<Live> GetLive() const;
  // For copies that go on in later rounds of this process.
  void SetCopyOptions(const CopyOptions& options);
  CopyOptions copy_options() const;
  // The copy that went on when the last round ended.
  std::optional<CopyState> last_copy() const;
  // A snapshot of the source, at no place of the stream.
  Result<std::unique_ptr<engine::Snapshot>> OpenSnapshot() { return source_->OpenSnapshot(); }
  const std::string& name() const { return name_; }

 private:
  void Run(const std::stop_token& stop);
  // One round; returns why it ended.
  Status RunOnce(const std::stop_token& stop);
  Status CheckSource();
  void SetState(CaptureState state, std::vector<Status> problems);

  // constant
  const std::string name_;
  engine::SourceEngine* const source_;
  FeedClient* const feed_;
  const bool rows_private_;
  // One for the flow's life: what it knows for certain of tables outlives a reconnect.
  const std::shared_ptr<engine::ChangeReader> reader_;

  // the flow's thread only
  std::string logged_findings_;
  bool progressed_ = false;  // something of the last round is durable
  uint64_t rounds_ = 0;

  WakeableWait wait_;
  mutable std::mutex mu_;
  // guarded by mu_
  CaptureStatus status_;
  std::shared_ptr<FeedSession> session_;
  Live live_;  // of the session
  std::optional<CopyState> last_copy_;
  CopyOptions copy_options_;
  uint64_t running_round_ = 0;  // whose end may interrupt the reader; 0: none

  std::jthread thread_;
};

}  // namespace srdf::capture
