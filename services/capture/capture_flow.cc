#include "capture/capture_flow.h"

#include "base/clock.h"
#include "base/redacted.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::capture {

namespace {

constexpr std::chrono::milliseconds kBackoffFirst{100};
constexpr std::chrono::milliseconds kBackoffMax{3000};
constexpr std::chrono::milliseconds kPreflightAgain{5000};
constexpr std::chrono::hours kStoppedAgain{24};

// Where the log is read from; how far a copy of tables is there is the gate's matter.
SourcePosition PlaceOf(SourcePosition position) {
  position.copy.clear();
  return position;
}

// Errors that pass by themselves: a server or a service that is away, or a session that was replaced.
bool Heals(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kAborted:
    case StatusCode::kCancelled:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

}  // namespace

CaptureFlow::CaptureFlow(std::string name, engine::SourceEngine* source, FeedClient* feed, bool rows_private)
    : name_(std::move(name)),
      source_(source),
      feed_(feed),
      rows_private_(rows_private),
      reader_(source->NewReader()) {}

CaptureFlow::~CaptureFlow() { Stop(); }

void CaptureFlow::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void CaptureFlow::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  reader_->Interrupt();
  std::shared_ptr<FeedSession> session;
  std::shared_ptr<StreamGate> gate;
  {
    std::lock_guard lock(mu_);
    session = session_;
    gate = live_.gate;
  }
  if (gate != nullptr) gate->Interrupt({StatusCode::kCancelled, "capture is stopping"});
  // Not under the lock: the session's end comes back to it.
  if (session != nullptr) session->Cancel();
  session.reset();
  thread_.join();
}

void CaptureFlow::Resume() { wait_.Wake(); }

CaptureStatus CaptureFlow::GetStatus() const {
  std::lock_guard lock(mu_);
  CaptureStatus status = status_;
  status.stats = reader_->Stats();
  if (live_.runner != nullptr) {
    for (Status& problem : live_.runner->GetStatus().problems) status.problems.push_back(std::move(problem));
  }
  return status;
}

Result<CaptureFlow::Live> CaptureFlow::GetLive() const {
  std::lock_guard lock(mu_);
  if (live_.gate != nullptr) return live_;
  return Status(StatusCode::kFailedPrecondition,
                "flow " + name_ + " is not streaming: its capture " +
                    std::string(status_.state == CaptureState::kConnecting ? "is connecting" : "has stopped"),
                "see `srdfctl status`");
}

void CaptureFlow::SetCopyOptions(const CopyOptions& options) {
  std::lock_guard lock(mu_);
  copy_options_ = options;
}

CopyOptions CaptureFlow::copy_options() const {
  std::lock_guard lock(mu_);
  return copy_options_;
}

std::optional<CopyState> CaptureFlow::last_copy() const {
  std::lock_guard lock(mu_);
  return last_copy_;
}

void CaptureFlow::SetState(CaptureState state, std::vector<Status> problems) {
  std::lock_guard lock(mu_);
  status_.state = state;
  status_.problems = std::move(problems);
  status_.since_ms = WallClockMs();
}

void CaptureFlow::Run(const std::stop_token& stop) {
  Backoff backoff(kBackoffFirst, kBackoffMax);
  while (!stop.stop_requested()) {
    const Status ended = RunOnce(stop);
    if (stop.stop_requested()) return;
    if (progressed_) backoff.Reset();
    progressed_ = false;
    {
      std::lock_guard lock(mu_);
      ++status_.reconnects;
    }
    if (GetStatus().state == CaptureState::kBlocked && !Heals(ended)) {
      wait_.WaitFor(stop, kPreflightAgain);
      continue;
    }
    if (Heals(ended)) {
      obs::Warn("capture_reconnecting", {{"flow", name_}, {"reason", ended}});
      SetState(CaptureState::kConnecting, {ended});
      wait_.WaitFor(stop, backoff.Next());
      continue;
    }
    // What stops capture for good is most often a statement, with its text.
    obs::Error("capture_stopped",
               {{"flow", name_}, {"error", rows_private_ ? Redacted(ended, "capture has stopped") : ended}});
    SetState(CaptureState::kStopped, {ended});
    while (!stop.stop_requested() && !wait_.WaitFor(stop, kStoppedAgain)) {
    }
    obs::Info("capture_resumed", {{"flow", name_}});
  }
}

Status CaptureFlow::CheckSource() {
  auto problems = source_->Preflight();
  if (!problems.ok()) return problems.status();
  std::vector<Status> fatal;
  std::string findings;
  for (const engine::PreflightProblem& p : *problems) findings += p.what + "\n";
  for (const engine::PreflightProblem& p : *problems) {
    // Asked again every few seconds: logged when the answer changes.
    if (findings != logged_findings_) {
      obs::Log(p.fatal ? obs::Level::kError : obs::Level::kWarn, "preflight_finding",
               {{"flow", name_}, {"what", p.what}, {"remedy", p.remedy}});
    }
    if (p.fatal) fatal.emplace_back(StatusCode::kFailedPrecondition, "source: " + p.what, p.remedy);
  }
  logged_findings_ = std::move(findings);
  if (fatal.empty()) return {};
  Status first = fatal.front();
  SetState(CaptureState::kBlocked, std::move(fatal));
  return first;
}

Status CaptureFlow::RunOnce(const std::stop_token& stop) {
  SRDF_RETURN_IF_ERROR(CheckSource());
  // A healed preflight must not leave the state behind that says otherwise.
  if (GetStatus().state == CaptureState::kBlocked) SetState(CaptureState::kConnecting, {});

  // The session's end must reach a reader that waits for the source.
  // It counts only while its own round runs: a session also ends when the round lets go of it, and an
  // interrupt left over would end the round after.
  const uint64_t round = ++rounds_;
  SRDF_ASSIGN_OR_RETURN(std::shared_ptr<FeedSession> session, feed_->Open(name_, [this, round] {
    std::lock_guard lock(mu_);
    if (running_round_ != round) return;
    reader_->Interrupt();
    live_.gate->Interrupt({StatusCode::kUnavailable, "the feed to the batcher has ended"});
  }));
  SRDF_ASSIGN_OR_RETURN(const std::shared_ptr<StreamGate> gate, StreamGate::New(source_, session.get()));
  const auto runner = std::make_shared<CopyRunner>(name_, source_, session.get(), gate);
  CopyOptions copy_options;
  {
    std::lock_guard lock(mu_);
    running_round_ = round;
    session_ = session;
    live_ = {gate, runner};
    copy_options = copy_options_;
  }
  const SourcePosition& resume = session->resume();
  obs::Info("capture_streaming", {{"flow", name_}, {"from", resume.gtid}});
  SetState(CaptureState::kStreaming, {});
  SRDF_FAILPOINT("capture.before_resume");
  Status ended = session->Ended();
  if (stop.stop_requested()) ended = {StatusCode::kCancelled, "stopping"};
  if (ended.ok()) {
    runner->Begin(copy_options);
    ended = reader_->Run(PlaceOf(resume), gate.get());
  }
  if (Status s = session->Ended(); !s.ok()) ended = s;
  progressed_ = session->progressed();
  {
    std::lock_guard lock(mu_);
    running_round_ = 0;
    session_.reset();
    live_ = {};
    last_copy_ = gate->copy();
  }
  // Others may be sending, and wait for the batcher.
  session->Cancel();
  gate->Close();
  runner->Stop();
  return ended;
}

}  // namespace srdf::capture
