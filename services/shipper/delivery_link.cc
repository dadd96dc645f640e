// Rounds: what begins a stream, what ends it, and what follows.
#include "shipper/delivery_link.h"

#include <algorithm>

#include "base/clock.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::shipper {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kStoppedAgain{5000};

}  // namespace

DeliveryLink::DeliveryLink(LinkOptions options, store::Outbox* outbox, ReceiverClient* receiver,
                           LinkEvents events)
    : options_(std::move(options)),
      policy_(options_.retry),
      outbox_(outbox),
      receiver_(receiver),
      events_(std::move(events)) {
  // Whether it is wanted is known when the link starts; calls may come before.
  WantAgreement("the shipper is starting");
}

DeliveryLink::~DeliveryLink() { Stop(); }

void DeliveryLink::Start(bool paused) {
  paused_ = paused;
  RestoreWaits();
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void DeliveryLink::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void DeliveryLink::WagonStored(std::optional<FreshWagon> fresh) {
  std::lock_guard lock(mu_);
  stored_ = true;
  fresh_.Stored(std::move(fresh));
  changed_.notify_all();
}

void DeliveryLink::Pause() {
  std::lock_guard lock(mu_);
  paused_ = true;
  changed_.notify_all();
}

void DeliveryLink::Resume() {
  {
    std::lock_guard lock(mu_);
    paused_ = false;
  }
  RetryNow();
}

void DeliveryLink::RetryNow() {
  std::lock_guard lock(mu_);
  resumed_ = true;
  hold_.reset();
  failing_since_.reset();
  changed_.notify_all();
}

void DeliveryLink::StoreChanged(const Status& problem, bool reopened) {
  std::lock_guard lock(mu_);
  store_problem_ = problem;
  if (present_ != nullptr && present_->ended.ok()) {
    if (!problem.ok()) present_->ended = problem;
    if (reopened) present_->ended = Status(StatusCode::kAborted, "the outbox was opened again");
  }
  changed_.notify_all();
}

LinkStatus DeliveryLink::GetStatus() const {
  std::lock_guard lock(mu_);
  return status_;
}

uint64_t DeliveryLink::Progress() const {
  std::lock_guard lock(mu_);
  return status_.acked_sequence + status_.applied_sequence;
}

void DeliveryLink::SetState(LinkState state, const Status& problem) {
  std::lock_guard lock(mu_);
  SetStateLocked(state, problem);
}

void DeliveryLink::SetStateLocked(LinkState state, const Status& problem) {
  if (status_.state != state || status_.problem.message() != problem.message())
    status_.since_ms = WallClockMs();
  status_.state = state;
  status_.problem = problem;
  if (state == LinkState::kWaiting || state == LinkState::kSuspended || state == LinkState::kBackingOff)
    return;
  status_.waiting_sequence = 0;
  status_.waiting_class = ErrorClass::kNone;
  status_.next_attempt_at_ms = 0;
}

// The steady clock of the process before is gone: what is left is read off the wall clock, within bounds.
void DeliveryLink::RestoreWaits() {
  const auto flow = outbox_->GetFlow(options_.flow);
  std::lock_guard lock(mu_);
  if (!flow.ok()) {  // the first round meets the same error, and shows it
    WantAgreement("the outbox could not be read");
    return;
  }
  status_.agreement_wanted = {};
  if (flow->sends_early) WantAgreement("the shipper ended while wagons were sent before they were stored");
  if (flow->failing_since_ms != 0) {
    const milliseconds told(WallClockMs() - flow->failing_since_ms);
    failing_since_ = steady_clock::now() - std::clamp(told, milliseconds(0), policy_.patience());
    failing_since_ms_ = flow->failing_since_ms;
  }
  if (flow->suspension.at_ms == 0) return;
  status_.suspended_class = flow->suspension.error_class;
  status_.suspended_since_ms = flow->suspension.at_ms;
  suspended_sequence_ = flow->suspension.sequence;
  SetStateLocked(LinkState::kSuspended,
                 Status(StatusCode::kUnavailable, flow->suspension.error, flow->suspension.remedy));
}

bool DeliveryLink::WaitWhilePaused(const std::stop_token& stop) {
  std::unique_lock lock(mu_);
  bool waited = false;
  while ((paused_ || !store_problem_.ok()) && !stop.stop_requested()) {
    waited = true;
    if (paused_) {
      SetStateLocked(LinkState::kPaused, {});
      changed_.wait(lock, stop, [&] { return !paused_; });
    } else {
      SetStateLocked(LinkState::kBackingOff, store_problem_);
      changed_.wait(lock, stop, [&] { return paused_ || store_problem_.ok(); });
    }
  }
  resumed_ = false;
  if (waited) SetStateLocked(LinkState::kConnecting, {});
  return !stop.stop_requested();
}

void DeliveryLink::Run(const std::stop_token& stop) {
  uint64_t progress = Progress();
  while (WaitWhilePaused(stop)) {
    const RoundEnd end = RunOnce(stop);
    if (stop.stop_requested()) return;
    {
      std::lock_guard lock(mu_);
      if (paused_ || !store_problem_.ok()) continue;
      const uint64_t now = status_.acked_sequence + status_.applied_sequence;
      if (progress != now) reconnects_ = 0;
      progress = now;
    }
    const milliseconds wait = AfterRound(end);
    std::unique_lock lock(mu_);
    changed_.wait_for(lock, stop, wait, [&] { return resumed_ || paused_; });
  }
}

milliseconds DeliveryLink::AfterRound(const RoundEnd& end) {
  // The wagon's own wait stands in the outbox and in hold_; the stream is wanted meanwhile.
  if (end.refused) return milliseconds(0);
  bool shown = false;  // then it is in the log: every few seconds the same, for days, would fill it
  {
    std::lock_guard lock(mu_);
    shown = !status_.problem.ok() && status_.problem.message() == end.status.message();
  }
  if (NeedsOperator(end.status)) {
    if (!shown) obs::Error("delivery_stopped", {{"flow", options_.flow}, {"error", end.status}});
    SetState(LinkState::kStopped, end.status);
    // Most of these end with an operator; some with the other site's next word, so it is asked for.
    return kStoppedAgain;
  }
  if (!shown) {
    obs::Warn("delivery_interrupted",
              {{"flow", options_.flow}, {"class", ErrorClassName(end.error_class)}, {"reason", end.status}});
  }
  if (end.error_class == ErrorClass::kNetwork) return AfterNetwork(end.status);
  FailureFacts facts;
  facts.error_class = end.error_class;
  facts.reconnects = reconnects_;
  const DeliveryDecision decision = policy_.Decide(facts);
  if (decision.act == DeliveryAct::kSuspend) {
    Suspend(end.error_class, end.status, 0);
  } else {
    SetState(decision.act == DeliveryAct::kWaitAsTold ? LinkState::kWaiting : LinkState::kBackingOff,
             end.status);
  }
  std::lock_guard lock(mu_);
  ++reconnects_;
  status_.waiting_class = end.error_class;
  status_.next_attempt_at_ms = WallClockMs() + decision.wait.count();
  return decision.wait;
}

milliseconds DeliveryLink::AfterNetwork(const Status& problem) {
  FailureFacts facts;
  facts.error_class = ErrorClass::kNetwork;
  bool first = false, restarted = false;
  int64_t failing_since_ms = 0;
  {
    std::lock_guard lock(mu_);
    first = !failing_since_.has_value();
    if (first) {
      failing_since_ = steady_clock::now();
      failing_since_ms_ = WallClockMs();
      // An operator has begun the schedule again.
      restarted = status_.suspended_class == ErrorClass::kNetwork;
      if (restarted) status_.suspended_class = ErrorClass::kNone;
    }
    failing_since_ms = failing_since_ms_;
    facts.failing_for = std::chrono::duration_cast<milliseconds>(steady_clock::now() - *failing_since_);
    facts.reconnects = reconnects_++;
  }
  if (first) {
    Status s = restarted ? outbox_->EndSuspension(options_.flow) : Status();
    if (s.ok()) s = outbox_->SetFailingSince(options_.flow, failing_since_ms);
    if (!s.ok()) obs::Error("outbox_write_failed", {{"flow", options_.flow}, {"error", s}});
  }
  const DeliveryDecision decision = policy_.Decide(facts);
  if (decision.act == DeliveryAct::kSuspend) {
    Suspend(ErrorClass::kNetwork, problem, 0);
  }
  std::lock_guard lock(mu_);
  if (decision.act != DeliveryAct::kSuspend) {
    SetStateLocked(
        status_.suspended_class == ErrorClass::kNone ? LinkState::kBackingOff : LinkState::kSuspended,
        problem);
  }
  status_.waiting_class = ErrorClass::kNetwork;
  status_.next_attempt_at_ms = WallClockMs() + decision.wait.count();
  return decision.wait;
}

void DeliveryLink::Suspend(ErrorClass error_class, const Status& problem, uint64_t sequence) {
  const std::string remedy =
      problem.remedy().empty() ? RemedyFor(error_class, options_.flow) : problem.remedy();
  bool known = false;
  int64_t since_ms = 0;
  {
    std::lock_guard lock(mu_);
    known = status_.suspended_class == error_class && suspended_sequence_ == sequence &&
            status_.problem.message() == problem.message();
    since_ms = status_.suspended_class == error_class ? status_.suspended_since_ms : WallClockMs();
  }
  // What is shown is durable by then: it says the same after a restart.
  if (!known) {
    obs::Error("flow_suspended", {{"flow", options_.flow},
                                  {"class", ErrorClassName(error_class)},
                                  {"sequence", sequence},
                                  {"error", problem},
                                  {"remedy", remedy}});
    const Status written =
        outbox_->Suspend(options_.flow, {since_ms, error_class, problem.message(), remedy, sequence});
    if (!written.ok()) obs::Error("outbox_write_failed", {{"flow", options_.flow}, {"error", written}});
  }
  std::lock_guard lock(mu_);
  status_.suspended_class = error_class;
  status_.suspended_since_ms = since_ms;
  suspended_sequence_ = sequence;
  SetStateLocked(LinkState::kSuspended, Status(problem.code(), problem.message(), remedy));
}

void DeliveryLink::Reached() {
  int64_t failing_since_ms = 0;
  {
    std::lock_guard lock(mu_);
    if (status_.suspended_class == ErrorClass::kNone || suspended_sequence_ != 0) return;
    status_.suspended_class = ErrorClass::kNone;
    status_.suspended_since_ms = 0;
    // What reaches the destination and then breaks again is not forgiven before something arrives.
    if (failing_since_) failing_since_ms = failing_since_ms_;
  }
  obs::Info("flow_no_longer_suspended", {{"flow", options_.flow}});
  Status s = outbox_->EndSuspension(options_.flow);
  if (s.ok() && failing_since_ms != 0) s = outbox_->SetFailingSince(options_.flow, failing_since_ms);
  if (!s.ok()) obs::Error("outbox_write_failed", {{"flow", options_.flow}, {"error", s}});
}

void DeliveryLink::Delivered(uint64_t sequence) {
  {
    std::lock_guard lock(mu_);
    reconnects_ = 0;
    receipts_missed_ = 0;
    if (hold_ && hold_->sequence <= sequence) hold_.reset();
    const bool suspended = status_.suspended_class != ErrorClass::kNone && suspended_sequence_ <= sequence;
    if (!suspended && failing_since_ms_ == 0) return;
    failing_since_.reset();
    failing_since_ms_ = 0;
    if (suspended) {
      status_.suspended_class = ErrorClass::kNone;
      status_.suspended_since_ms = 0;
      suspended_sequence_ = 0;
      SetStateLocked(LinkState::kStreaming, {});
    }
  }
  if (Status s = outbox_->EndSuspension(options_.flow); !s.ok())
    obs::Error("outbox_write_failed", {{"flow", options_.flow}, {"error", s}});
}

DeliveryLink::RoundEnd DeliveryLink::RunOnce(const std::stop_token& stop) {
  RoundEnd end;
  {
    std::lock_guard lock(mu_);
    fresh_.Clear();
  }
  const auto flow = outbox_->GetFlow(options_.flow);
  if (!flow.ok()) {
    end.status = flow.status();
    return end;
  }
  DeliveryStream stream;
  const auto session = receiver_->Open(options_.flow, flow->tip.epoch, EventsFor(&stream));
  // A stop must reach a Send that waits for the network.
  const std::stop_callback cancel(stop, [&session] { session->Cancel(); });
  {
    std::lock_guard lock(mu_);
    present_ = &stream;
    if (!store_problem_.ok()) stream.ended = store_problem_;
  }
  auto destination = Agree(&stream, stop);
  end.status = destination.status();
  if (end.status.ok()) end.status = TellSkips(session.get(), &*destination);
  if (end.status.ok()) end.status = LookUp(destination->tip.sequence).status();
  if (end.status.ok()) {
    bool held = false;
    {
      std::lock_guard lock(mu_);
      held = status_.suspended_class != ErrorClass::kNone || hold_.has_value();
    }
    if (!held) SetState(LinkState::kStreaming, {});
    obs::Info("delivery_streaming",
              {{"flow", options_.flow}, {"destination_sequence", destination->tip.sequence}});
    BeginSendingEarly();
    end.status = SendWagons(&stream, session.get(), *destination, stop);
  }
  session->Cancel();
  EndSendingEarly();
  {
    std::lock_guard lock(mu_);
    present_ = nullptr;
    comes_by_ = {};
    end.refused = stream.refused;
    // What the destination ended is of its class; a receipt that did not come is the network's; the rest is
    // trouble of our own, such as the outbox's disk.
    if (stream.ended_there && end.status.message() == stream.ended.message()) {
      end.error_class = ClassOfStreamEnd(stream.ended);
    } else if (end.status.code() == StatusCode::kDeadlineExceeded) {
      end.error_class = ErrorClass::kNetwork;
      ++receipts_missed_;
    }
  }
  // While nothing can be written, the next agreement decides.
  if (Status s = WriteNotes(nullptr); !s.ok() && s.message() != end.status.message())
    obs::Error("outbox_write_failed", {{"flow", options_.flow}, {"error", s}});
  MarkInterrupted(&stream, end);
  return end;
}

Result<DestinationState> DeliveryLink::Agree(DeliveryStream* stream, const std::stop_token& stop) {
  DestinationState destination;
  {
    std::unique_lock lock(mu_);
    const auto over = [&] { return !stream->ended.ok() || paused_; };
    changed_.wait(lock, stop, [&] { return over() || stream->opened.has_value(); });
    if (stream->opened.has_value() && !stream->opened->tip_known) SetStateLocked(LinkState::kConnecting, {});
    changed_.wait(lock, stop,
                  [&] { return over() || (stream->opened.has_value() && stream->opened->tip_known); });
    if (!stream->ended.ok()) return stream->ended;
    if (paused_ || stop.stop_requested()) return Status(StatusCode::kCancelled, "paused");
    destination = *stream->opened;
  }
  SRDF_FAILPOINT("shipper.before_reconcile");
  SRDF_ASSIGN_OR_RETURN(const bool moved, outbox_->Reconcile(options_.flow, destination.tip));
  SRDF_FAILPOINT("shipper.after_reconcile");
  if (moved) {
    obs::Warn("outbox_adopted_destination", {{"flow", options_.flow},
                                             {"sequence", destination.tip.sequence},
                                             {"position", destination.tip.position.gtid}});
  }
  if (moved) {
    // The wagon that a wait or a suspension is about may not be in the chain any more.
    std::lock_guard lock(mu_);
    hold_.reset();
    suspended_sequence_ = 0;
    fresh_.Clear();
  }
  // Nothing is in doubt any more, whatever becomes of this round.
  if (!agreement_wanted().ok()) SRDF_RETURN_IF_ERROR(outbox_->SetSendsEarly(options_.flow, false));
  Reached();
  uint64_t applied = destination.applied_sequence;
  std::optional<std::pair<uint64_t, Status>> failed;
  {
    std::lock_guard lock(mu_);
    status_.acked_sequence = destination.tip.sequence;
    status_.agreement_wanted = {};
    stream->agreed = true;
    applied = std::max(applied, stream->applied_early);
    failed.swap(stream->failed_early);
  }
  if (failed) OnFailed(stream, failed->first, failed->second);
  if (applied != 0) SRDF_RETURN_IF_ERROR(OnApplied(stream, applied));
  // Also when nothing moved: a Store stream may wait to learn that the starting point is known now.
  if (moved) events_.on_tip_moved();
  events_.on_progress();
  return destination;
}

void DeliveryLink::MarkInterrupted(DeliveryStream* stream, const RoundEnd& end) {
  std::map<uint64_t, InFlight> in_flight;
  {
    std::lock_guard lock(mu_);
    in_flight.swap(stream->in_flight);
    if (!store_problem_.ok()) return;  // nothing can be written; the next agreement decides
  }
  for (const auto& [sequence, flight] : in_flight) {
    store::DeliveryFailure failure;
    failure.bytes_sent = flight.bytes_sent;
    if (end.refused || end.status.code() == StatusCode::kCancelled) {
      failure.error = "interrupted: " + end.status.message();
    } else {
      failure.error_class = end.error_class == ErrorClass::kNone ? ErrorClass::kNetwork : end.error_class;
      failure.error = end.status.message();
    }
    CountAttempt("interrupted", failure.error_class);
    // The next agreement decides about the wagon whatever its row says.
    if (Status s = outbox_->MarkRetry(options_.flow, sequence, failure); !s.ok()) {
      obs::Error("outbox_mark_retry_failed", {{"flow", options_.flow}, {"sequence", sequence}, {"error", s}});
    }
  }
}

}  // namespace srdf::shipper
