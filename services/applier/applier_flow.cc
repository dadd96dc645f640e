#include "applier/applier_flow.h"

#include <algorithm>

#include "base/clock.h"
#include "base/redacted.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::applier {

namespace {

constexpr std::chrono::milliseconds kBackoffFirst{100};
constexpr std::chrono::milliseconds kBackoffMax{3000};
constexpr std::chrono::milliseconds kBlockedAgain{3000};
constexpr std::chrono::milliseconds kSkippedAgain{1000};

// Errors that the next round heals: it begins with the target's own word on what is applied.
bool Heals(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kAborted:
    case StatusCode::kCancelled:
    case StatusCode::kOutcomeUnknown:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

// "wagon 12, of app.orders, app.lines": which tables, from the header, which is in clear anyway.
std::string DescribeWagon(const WagonHeader& header) {
  constexpr size_t kTablesMax = 5;
  std::string out = "wagon " + std::to_string(header.sequence);
  for (size_t i = 0; i < header.tables.size() && i <= kTablesMax; ++i) {
    const TableManifest& table = header.tables[i];
    out += i == 0 ? ", of " : ", ";
    out += i == kTablesMax ? "…" : table.database + "." + table.table;
  }
  return out;
}

}  // namespace

ApplierFlow::ApplierFlow(std::string name, std::vector<uint64_t> retry_schedule, engine::TargetEngine* target,
                         TakeClient* receiver, Secrecy secrecy)
    : name_(std::move(name)),
      retry_schedule_(std::move(retry_schedule)),
      target_(target),
      receiver_(receiver),
      secrecy_(secrecy),
      snapshots_(name_, target) {}

ApplierFlow::~ApplierFlow() { Stop(); }

void ApplierFlow::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

// A wagon whose payload has arrived is finished; one that is still arriving is rolled back.
void ApplierFlow::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  {
    std::lock_guard lock(mu_);
    if (take_ != nullptr) take_->Cancel();
  }
  thread_.join();
}

void ApplierFlow::Resume() { wait_.Wake(); }

ApplierStatus ApplierFlow::GetStatus() const {
  std::lock_guard lock(mu_);
  ApplierStatus status = status_;
  status.lag_p50_ms = lag_.Percentile(50);
  status.lag_p99_ms = lag_.Percentile(99);
  status.transit_p50_ms = transit_.Percentile(50);
  status.transit_p99_ms = transit_.Percentile(99);
  return status;
}

// What the target says of a wagon names rows and statements, whatever its code: a connection that is lost
// while a refusal is put on record is "unavailable", with the refused statement in its text. What cannot be
// reached outside of a wagon, or was cancelled, names none.
Status ApplierFlow::Loggable(const Status& status) const {
  if (!secrecy_.encrypted) return status;
  if (!tried_wagon_.empty()) return Redacted(status, "the target did not take " + tried_wagon_);
  const bool harmless = status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kCancelled;
  return harmless ? status : Redacted(status, "the target refuses a wagon");
}

void ApplierFlow::SetState(ApplierState state, std::vector<Status> problems) {
  std::lock_guard lock(mu_);
  status_.state = state;
  status_.problems = std::move(problems);
  status_.since_ms = WallClockMs();
}

void ApplierFlow::Run(const std::stop_token& stop) {
  Backoff backoff(kBackoffFirst, kBackoffMax);
  size_t failures = 0;
  uint64_t failed_after = 0;
  uint64_t wagons_before = 0;
  while (!stop.stop_requested()) {
    const Status ended = RunOnce(stop);
    if (stop.stop_requested()) return;
    // Its wagon may be applied, and what it marked is over then.
    if (ended.code() == StatusCode::kOutcomeUnknown) snapshots_.MarksMayBePassed(ended.message());
    const ApplierStatus status = GetStatus();
    // By what ended this round: a wagon that has been unlocked since may fail for a reason of its own.
    const bool blocked = status.state == ApplierState::kBlocked && !status.problems.empty() &&
                         status.problems.front().ToString() == ended.ToString();
    if (blocked && !Heals(ended)) {
      wait_.WaitFor(stop, kBlockedAgain);
      continue;
    }
    if (status.wagons != wagons_before) backoff.Reset();
    wagons_before = status.wagons;
    if (Heals(ended)) {
      obs::Warn("applier_reconnecting", {{"flow", name_}, {"reason", Loggable(ended)}});
      {
        std::lock_guard lock(mu_);
        ++status_.retries;
      }
      SetState(ApplierState::kConnecting, {ended});
      wait_.WaitFor(stop, ended.code() == StatusCode::kAborted ? kBackoffFirst : backoff.Next());
      continue;
    }
    failures = status.checkpoint.sequence == failed_after ? failures + 1 : 1;
    failed_after = status.checkpoint.sequence;
    obs::Error("applier_failed",
               {{"flow", name_}, {"after_sequence", failed_after}, {"error", Loggable(ended)}});
    SetState(ApplierState::kFailed, {ended});
    const uint64_t wait_seconds = retry_schedule_[std::min(failures, retry_schedule_.size()) - 1];
    WaitForRetry(stop, std::chrono::seconds(wait_seconds), failed_after + 1);
  }
}

// An operator who skips the wagon at the source need not reach this service too: the inbox knows.
void ApplierFlow::WaitForRetry(const std::stop_token& stop, std::chrono::milliseconds time,
                               uint64_t sequence) {
  for (; time.count() > 0; time -= kSkippedAgain) {
    if (wait_.WaitFor(stop, std::min(time, kSkippedAgain)) || stop.stop_requested()) return;
    const auto skipped = receiver_->IsToBeSkipped(name_, sequence);
    if (skipped.ok() && *skipped) return;
  }
}

Status ApplierFlow::CheckTarget() {
  auto problems = target_->Preflight();
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
    if (p.fatal) fatal.emplace_back(StatusCode::kFailedPrecondition, "target: " + p.what, p.remedy);
  }
  logged_findings_ = std::move(findings);
  if (fatal.empty()) return {};
  Status first = fatal.front();
  SetState(ApplierState::kBlocked, std::move(fatal));
  return first;
}

Result<engine::Checkpoint> ApplierFlow::StartingPoint(engine::TargetSession* session) {
  SRDF_ASSIGN_OR_RETURN(const auto checkpoint, session->ReadCheckpoint(name_));
  if (checkpoint.has_value()) return *checkpoint;
  Status none(StatusCode::kFailedPrecondition,
              "flow " + name_ + " has no checkpoint at the target: its starting point is not known",
              "`srdfctl establish " + name_ + "` copies the source, or begins with a restored backup");
  SetState(ApplierState::kBlocked, {none});
  return none;
}

Status ApplierFlow::RunOnce(const std::stop_token& stop) {
  tried_wagon_.clear();
  SRDF_RETURN_IF_ERROR(CheckTarget());
  SRDF_ASSIGN_OR_RETURN(const auto session, target_->Connect());
  SRDF_FAILPOINT("applier.after_connect");
  SRDF_ASSIGN_OR_RETURN(const engine::Checkpoint checkpoint, StartingPoint(session.get()));
  const ChainTip tip{checkpoint.epoch, checkpoint.sequence, checkpoint.wagon_uid, checkpoint.wagon_hash,
                     checkpoint.position};
  SRDF_ASSIGN_OR_RETURN(const auto skipped, session->SkippedWagons(name_, tip.epoch));
  const std::shared_ptr<TakeSession> take = receiver_->Open(name_, tip, skipped);
  {
    std::lock_guard lock(mu_);
    status_.apply_method = std::string(session->apply_method());
    status_.skipped_wagons = skipped.size();
    status_.checkpoint = tip;
    status_.checkpoint_commit_time_ms = checkpoint.source_commit_time_ms;
    take_ = take;
    if (stop.stop_requested()) return {StatusCode::kCancelled, "stopping"};
  }
  Status ended = take->WaitOpen();
  if (ended.ok()) {
    // A failed wagon stays shown until it is applied, a locked one until it is unlocked.
    const ApplierState state = GetStatus().state;
    const bool stays = (state == ApplierState::kFailed && failed_sequence_ == tip.sequence + 1) ||
                       (state == ApplierState::kBlocked && locked_sequence_ == tip.sequence + 1);
    if (!stays) SetState(ApplierState::kRunning, {});
    obs::Info("applier_running", {{"flow", name_},
                                  {"apply_method", session->apply_method()},
                                  {"after_sequence", tip.sequence},
                                  {"position", tip.position.gtid}});
    ended = ApplyWagons(session.get(), take.get());
  }
  std::lock_guard lock(mu_);
  take_.reset();
  return ended;
}

Status ApplierFlow::ApplyWagons(engine::TargetSession* session, TakeSession* take) {
  WagonStream wagons(take);
  bool running = GetStatus().state == ApplierState::kRunning;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const WagonStream::Wagon wagon, wagons.Next());
    if (wagon.skipped.has_value()) {
      SRDF_RETURN_IF_ERROR(SkipWagon(session, take, wagon));
      if (!running) SetState(ApplierState::kRunning, {});
      running = true;
      continue;
    }
    const WagonHeader& header = wagon.reader->header();
    SRDF_RETURN_IF_ERROR(Unlock(wagon.reader.get()));
    tried_wagon_ = DescribeWagon(header);
    auto applied = session->Apply(header, wagon.hash, wagon.reader.get());
    if (!applied.ok()) {
      const Status error = applied.status().WithContext("wagon " + std::to_string(header.sequence));
      if (!Heals(error)) {
        failed_sequence_ = header.sequence;
        // When this does not get through, the receiver learns it at the next try.
        const Status shown = secrecy_.encrypted ? Redacted(error, tried_wagon_) : error;
        if (Status told = take->Failed(header.sequence, shown); !told.ok()) {
          obs::Warn("failure_not_told", {{"flow", name_}, {"sequence", header.sequence}, {"reason", told}});
        }
      }
      return error;
    }
    tried_wagon_.clear();
    if (!running) SetState(ApplierState::kRunning, {});
    running = true;
    WagonApplied(header, wagon.hash, *applied);
    snapshots_.WagonApplied(applied->marks, header.last);
    SRDF_RETURN_IF_ERROR(wagons.SkipRest());
    SRDF_RETURN_IF_ERROR(take->Applied(header.sequence, /*skipped=*/false));
    SRDF_FAILPOINT("applier.after_applied");
  }
}

Status ApplierFlow::SkipWagon(engine::TargetSession* session, TakeSession* take,
                              const WagonStream::Wagon& wagon) {
  const auto& [header, decision] = *wagon.skipped;
  const Status skipped = session->Skip(header, wagon.hash, decision);
  if (!skipped.ok()) return skipped.WithContext("skipping wagon " + std::to_string(header.sequence));
  snapshots_.MarksMayBePassed("a wagon was skipped");
  obs::Warn("wagon_skipped", {{"flow", name_},
                              {"sequence", header.sequence},
                              {"uid", header.uid},
                              {"actor", decision.actor},
                              {"reason", decision.reason}});
  {
    std::lock_guard lock(mu_);
    status_.checkpoint = ChainTip{header.epoch, header.sequence, header.uid, wagon.hash, header.last};
    status_.checkpoint_commit_time_ms = header.commit_time_last_ms;
    status_.checkpoint_applied_at_ms = WallClockMs();
    ++status_.wagons;
    ++status_.skipped_wagons;
  }
  return take->Applied(header.sequence, /*skipped=*/true);
}

Status ApplierFlow::Unlock(wire::WagonReader* wagon) {
  const WagonHeader& header = wagon->header();
  Status locked;
  if (header.encryption != EncryptionMode::kNone) {
    locked = wagon->Unlock(secrecy_.keys);
  } else if (secrecy_.encrypted) {
    locked = {
        StatusCode::kFailedPrecondition,
        "crypto: wagon " + std::to_string(header.sequence) + " (" + header.uid + ") is in clear, and flow " +
            name_ + " is encrypted",
        "if it was sealed before encryption was switched on, set encryption_enabled: false for the applier "
        "until it is applied; if not, somebody has written to outbox or inbox"};
  }
  if (locked.ok() || Heals(locked)) return locked;
  const ApplierStatus status = GetStatus();
  const bool told = status.state == ApplierState::kBlocked && !status.problems.empty() &&
                    status.problems.front().ToString() == locked.ToString();
  locked_sequence_ = header.sequence;
  if (told) return locked;
  obs::Error("wagon_locked", {{"flow", name_}, {"sequence", header.sequence}, {"error", locked}});
  SetState(ApplierState::kBlocked, {locked});
  return locked;
}

void ApplierFlow::WagonApplied(const WagonHeader& header, const std::string& hash,
                               const engine::ApplyStats& stats) {
  const int64_t now = WallClockMs();
  obs::Debug("wagon_applied", {{"flow", name_},
                               {"sequence", header.sequence},
                               {"uid", header.uid},
                               {"rows", stats.rows},
                               {"statements", stats.statements},
                               {"lag_ms", now - header.commit_time_last_ms}});
  std::lock_guard lock(mu_);
  status_.checkpoint = ChainTip{header.epoch, header.sequence, header.uid, hash, header.last};
  status_.checkpoint_commit_time_ms = header.commit_time_last_ms;
  status_.checkpoint_applied_at_ms = now;
  ++status_.wagons;
  status_.transactions += header.transactions;
  status_.rows += stats.rows;
  status_.statements += stats.statements;
  lag_.Add(now - header.commit_time_last_ms);
  transit_.Add(now - header.closed_at_ms);
}

}  // namespace srdf::applier
