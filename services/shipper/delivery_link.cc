#include "shipper/delivery_link.h"

#include <algorithm>

#include "base/clock.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::shipper {

namespace {

constexpr std::chrono::milliseconds kBackoffFirst{100};
constexpr std::chrono::milliseconds kBackoffMax{5000};
constexpr std::chrono::milliseconds kStoppedAgain{5000};
constexpr unsigned kRejectionsMax = 5;

using SteadyTime = std::chrono::steady_clock::time_point;

bool NeedsOperator(const Status& status) {
  return status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kFailedPrecondition ||
         status.code() == StatusCode::kInvalidArgument || status.code() == StatusCode::kInternal;
}

}  // namespace

// Guarded by the link's mu_.
struct DeliveryLink::Stream {
  std::optional<DestinationState> opened;
  uint64_t credit_bytes = 0;
  std::map<uint64_t, SteadyTime> in_flight;  // sequence → when its last chunk was sent
  Status ended;                              // not OK: over
  // What the destination says before the agreement waits for it: it is about wagons that the outbox may know
  // under the same numbers with other contents.
  bool agreed = false;
  uint64_t applied_early = 0;
};

DeliveryLink::DeliveryLink(LinkOptions options, store::Outbox* outbox, ReceiverClient* receiver,
                           LinkEvents events)
    : options_(std::move(options)), outbox_(outbox), receiver_(receiver), events_(std::move(events)) {}

DeliveryLink::~DeliveryLink() { Stop(); }

void DeliveryLink::Start(bool paused) {
  paused_ = paused;
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void DeliveryLink::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void DeliveryLink::WagonStored() {
  std::lock_guard lock(mu_);
  stored_ = true;
  changed_.notify_all();
}

void DeliveryLink::Pause() {
  std::lock_guard lock(mu_);
  paused_ = true;
  changed_.notify_all();
}

void DeliveryLink::Resume() {
  std::lock_guard lock(mu_);
  paused_ = false;
  resumed_ = true;
  rejections_ = 0;
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
  if (status_.state != state || status_.problem.message() != problem.message())
    status_.since_ms = WallClockMs();
  status_.state = state;
  status_.problem = problem;
}

void DeliveryLink::Run(const std::stop_token& stop) {
  Backoff backoff(kBackoffFirst, kBackoffMax);
  SteadyTime failing_since{};
  uint64_t progress = Progress();
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mu_);
      if (paused_) {
        lock.unlock();
        SetState(LinkState::kPaused, {});
        lock.lock();
        changed_.wait(lock, stop, [&] { return !paused_; });
        continue;
      }
      resumed_ = false;
    }
    if (GetStatus().state == LinkState::kPaused) SetState(LinkState::kConnecting, {});
    const Status ended = RunOnce(stop);
    if (stop.stop_requested()) return;
    if (progress != Progress()) {
      progress = Progress();
      backoff.Reset();
      failing_since = {};
    }
    {
      std::lock_guard lock(mu_);
      if (paused_) continue;
    }
    if (NeedsOperator(ended)) {
      obs::Error("delivery_stopped", {{"flow", options_.flow}, {"error", ended}});
      SetState(LinkState::kStopped, ended);
      // Most of these end with an operator; some with the other site's next word, so it is asked for.
      std::unique_lock lock(mu_);
      changed_.wait_for(lock, stop, kStoppedAgain, [&] { return resumed_ || paused_; });
      continue;
    }
    const auto now = std::chrono::steady_clock::now();
    if (failing_since == SteadyTime{}) failing_since = now;
    const bool suspended = now - failing_since > options_.suspended_after;
    SetState(suspended ? LinkState::kSuspended : LinkState::kBackingOff, ended);
    obs::Warn("delivery_interrupted", {{"flow", options_.flow}, {"reason", ended}});
    std::unique_lock lock(mu_);
    changed_.wait_for(lock, stop, backoff.Next(), [&] { return resumed_ || paused_; });
  }
}

DeliverEvents DeliveryLink::EventsFor(Stream* stream) {
  const auto end = [this, stream](const Status& status) {
    std::lock_guard lock(mu_);
    if (stream->ended.ok()) stream->ended = status;
    changed_.notify_all();
  };
  DeliverEvents events;
  events.on_opened = [this, stream](const DestinationState& state) {
    std::lock_guard lock(mu_);
    stream->opened = state;
    stream->credit_bytes = state.credit_bytes;
    changed_.notify_all();
  };
  events.on_receipt = [this, stream, end](uint64_t sequence, Receipt receipt, const std::string& error) {
    if (Status s = OnReceipt(stream, sequence, receipt, error); !s.ok()) end(s);
  };
  events.on_credit = [this, stream](uint64_t bytes) {
    std::lock_guard lock(mu_);
    stream->credit_bytes += bytes;
    changed_.notify_all();
  };
  events.on_applied = [this, stream, end](uint64_t sequence) {
    {
      std::lock_guard lock(mu_);
      if (!stream->agreed) {
        stream->applied_early = std::max(stream->applied_early, sequence);
        return;
      }
    }
    if (Status s = OnApplied(sequence); !s.ok()) end(s);
  };
  events.on_failed = [this](uint64_t sequence, const Status& problem) { OnFailed(sequence, problem); };
  events.on_end = end;
  return events;
}

Status DeliveryLink::RunOnce(const std::stop_token& stop) {
  SRDF_ASSIGN_OR_RETURN(const store::OutboxFlow flow, outbox_->GetFlow(options_.flow));
  Stream stream;
  const auto session = receiver_->Open(options_.flow, flow.tip.epoch, EventsFor(&stream));
  // A stop must reach a Send that waits for the network.
  const std::stop_callback cancel(stop, [&session] { session->Cancel(); });
  auto destination = Agree(&stream, stop);
  Status ended = destination.status();
  if (ended.ok()) ended = LookUp(destination->tip.sequence).status();
  if (ended.ok()) {
    SetState(LinkState::kStreaming, {});
    obs::Info("delivery_streaming",
              {{"flow", options_.flow}, {"destination_sequence", destination->tip.sequence}});
    ended = SendWagons(&stream, session.get(), *destination, stop);
  }
  session->Cancel();
  MarkRetries(&stream, ended);
  return ended;
}

Result<DestinationState> DeliveryLink::Agree(Stream* stream, const std::stop_token& stop) {
  DestinationState destination;
  {
    std::unique_lock lock(mu_);
    changed_.wait(lock, stop, [&] {
      return !stream->ended.ok() || paused_ || (stream->opened.has_value() && stream->opened->tip_known);
    });
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
  {
    std::lock_guard lock(mu_);
    status_.acked_sequence = destination.tip.sequence;
  }
  uint64_t applied = destination.applied_sequence;
  {
    std::lock_guard lock(mu_);
    stream->agreed = true;
    applied = std::max(applied, stream->applied_early);
  }
  if (applied != 0) SRDF_RETURN_IF_ERROR(OnApplied(applied));
  // Also when nothing moved: a Store stream may wait to learn that the starting point is known now.
  if (moved) events_.on_tip_moved();
  events_.on_progress();
  return destination;
}

Status DeliveryLink::SendWagons(Stream* stream, DeliverSession* session, const DestinationState& destination,
                                const std::stop_token& stop) {
  uint64_t after = destination.tip.sequence;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const auto wagon, NextWagon(stream, after, stop));
    if (!wagon.has_value()) continue;
    const bool resume = wagon->header.sequence == destination.partial_sequence &&
                        wagon->header.uid == destination.partial_uid &&
                        wagon->hash == destination.partial_hash;
    SRDF_RETURN_IF_ERROR(outbox_->BeginAttempt(options_.flow, wagon->header.sequence));
    // All of it may be there and not be accepted yet: the last chunk always goes, and brings the receipt.
    const uint32_t first_chunk = resume ? std::min(destination.partial_chunks, wagon->chunk_count - 1) : 0;
    SRDF_RETURN_IF_ERROR(SendWagon(stream, session, *wagon, first_chunk, stop));
    after = wagon->header.sequence;
  }
}

// The next wagon as the outbox has it now; an error when it is a dead letter, which nothing may overtake.
Result<std::optional<store::OutboxWagon>> DeliveryLink::LookUp(uint64_t after) {
  SRDF_ASSIGN_OR_RETURN(auto wagon, outbox_->NextToSend(options_.flow, after));
  if (!wagon.has_value() || wagon->status != store::DeliveryStatus::kDeadLetter) return wagon;
  return Status(StatusCode::kFailedPrecondition,
                "wagon " + std::to_string(wagon->header.sequence) + " is a dead letter: " + wagon->last_error,
                "mend what the message names, then `srdfctl flow resume " + options_.flow + "`");
}

Result<std::optional<store::OutboxWagon>> DeliveryLink::NextWagon(Stream* stream, uint64_t after,
                                                                  const std::stop_token& stop) {
  SRDF_ASSIGN_OR_RETURN(auto wagon, LookUp(after));
  if (wagon.has_value()) return wagon;
  std::unique_lock lock(mu_);
  const auto woken = [&] { return stored_ || paused_ || !stream->ended.ok(); };
  if (stream->in_flight.empty()) {
    changed_.wait(lock, stop, [&] { return woken() || !stream->in_flight.empty(); });
  } else {
    const SteadyTime oldest =
        std::min_element(stream->in_flight.begin(), stream->in_flight.end(), [](auto& a, auto& b) {
          return a.second < b.second;
        })->second;
    changed_.wait_until(lock, stop, oldest + options_.ack_timeout, woken);
    if (!woken() && !stream->in_flight.empty() &&
        std::chrono::steady_clock::now() >= stream->in_flight.begin()->second + options_.ack_timeout) {
      return Status(StatusCode::kUnavailable, "no receipt for wagon " +
                                                  std::to_string(stream->in_flight.begin()->first) +
                                                  " within ack_timeout_seconds");
    }
  }
  if (stop.stop_requested()) return Status(StatusCode::kCancelled, "stopping");
  if (!stream->ended.ok()) return stream->ended;
  if (paused_) return Status(StatusCode::kCancelled, "paused");
  stored_ = false;
  return std::optional<store::OutboxWagon>();
}

Status DeliveryLink::SendWagon(Stream* stream, DeliverSession* session, const store::OutboxWagon& wagon,
                               uint32_t first_chunk, const std::stop_token& stop) {
  const uint64_t sequence = wagon.header.sequence;
  for (uint32_t chunk_no = first_chunk; chunk_no < wagon.chunk_count; ++chunk_no) {
    SRDF_ASSIGN_OR_RETURN(std::string data, outbox_->ReadChunk(options_.flow, sequence, chunk_no));
    const uint64_t bytes = data.size();
    {
      std::unique_lock lock(mu_);
      // Without credit the destination is busy, which may last; a link that died ends the stream.
      changed_.wait(lock, stop,
                    [&] { return stream->credit_bytes >= bytes || !stream->ended.ok() || paused_; });
      if (stop.stop_requested()) return {StatusCode::kCancelled, "stopping"};
      if (!stream->ended.ok()) return stream->ended;
      if (paused_) return {StatusCode::kCancelled, "paused"};
      stream->credit_bytes -= bytes;
      status_.bytes_sent += bytes;
      // Before the last chunk leaves: its receipt may be faster than the return from Send.
      if (chunk_no + 1 == wagon.chunk_count) stream->in_flight[sequence] = std::chrono::steady_clock::now();
    }
    ChunkToSend chunk{sequence, wagon.header.uid, wagon.hash, chunk_no, wagon.chunk_count, std::move(data)};
    if (!SendChunk(stream, session, std::move(chunk), stop)) {
      std::unique_lock lock(mu_);
      changed_.wait_for(lock, stop, std::chrono::seconds(10), [&] { return !stream->ended.ok() || paused_; });
      if (stream->ended.ok() && paused_) return {StatusCode::kCancelled, "paused"};
      return stream->ended.ok() ? Status(StatusCode::kUnavailable, "the stream to the receiver broke")
                                : stream->ended;
    }
  }
  {
    // Under a narrow limit the last chunk itself takes long: the wait for the receipt begins when it has
    // left.
    std::lock_guard lock(mu_);
    if (const auto sent = stream->in_flight.find(sequence); sent != stream->in_flight.end())
      sent->second = std::chrono::steady_clock::now();
  }
  SRDF_FAILPOINT("shipper.before_mark_sent");
  return outbox_->MarkSent(options_.flow, sequence);
}

bool DeliveryLink::SendChunk(Stream* stream, DeliverSession* session, ChunkToSend chunk,
                             const std::stop_token& stop) {
  if (options_.gate == nullptr) return session->Send(std::move(chunk));
  return options_.gate->Send(options_.flow, session, std::move(chunk), [&] {
    std::lock_guard lock(mu_);
    return !stream->ended.ok() || paused_ || stop.stop_requested();
  });
}

Status DeliveryLink::OnReceipt(Stream* stream, uint64_t sequence, Receipt receipt, const std::string& error) {
  {
    std::lock_guard lock(mu_);
    stream->in_flight.erase(sequence);
  }
  switch (receipt) {
    case Receipt::kAccepted:
    case Receipt::kDuplicate: {
      SRDF_FAILPOINT("shipper.before_mark_acked");
      const bool duplicate = receipt == Receipt::kDuplicate;
      SRDF_RETURN_IF_ERROR(outbox_->MarkAcked(options_.flow, sequence, duplicate ? "duplicate" : "accepted"));
      SRDF_FAILPOINT("shipper.after_mark_acked");
      std::lock_guard lock(mu_);
      rejections_ = 0;
      status_.acked_sequence = std::max(status_.acked_sequence, sequence);
      if (duplicate) ++status_.duplicates;
      return {};
    }
    case Receipt::kBusy:
      SRDF_RETURN_IF_ERROR(outbox_->MarkRetry(options_.flow, sequence, "busy: " + error));
      return {StatusCode::kResourceExhausted, "the receiver is busy: " + error};
    case Receipt::kInvalidPayload:
      SRDF_RETURN_IF_ERROR(outbox_->MarkDeadLetter(options_.flow, sequence, "invalid payload: " + error));
      return {StatusCode::kDataLoss,
              "the receiver found wagon " + std::to_string(sequence) + " invalid: " + error,
              "check disk and memory of both hosts, then `srdfctl flow resume " + options_.flow +
                  "` sends it again"};
    case Receipt::kRejected: {
      std::unique_lock lock(mu_);
      const bool give_up = ++rejections_ >= kRejectionsMax;
      lock.unlock();
      const std::string message = "the receiver rejected wagon " + std::to_string(sequence) + ": " + error;
      if (!give_up) {
        SRDF_RETURN_IF_ERROR(outbox_->MarkRetry(options_.flow, sequence, "rejected: " + error));
        return {StatusCode::kAborted, message};
      }
      SRDF_RETURN_IF_ERROR(outbox_->MarkDeadLetter(options_.flow, sequence, "rejected: " + error));
      return {StatusCode::kFailedPrecondition, message,
              "mend what the message names, then `srdfctl flow resume " + options_.flow + "`"};
    }
  }
  return {};
}

Status DeliveryLink::OnApplied(uint64_t sequence) {
  SRDF_FAILPOINT("shipper.before_mark_applied");
  SRDF_RETURN_IF_ERROR(outbox_->MarkApplied(options_.flow, sequence));
  SRDF_FAILPOINT("shipper.after_mark_applied");
  {
    std::lock_guard lock(mu_);
    status_.applied_sequence = std::max(status_.applied_sequence, sequence);
    status_.acked_sequence = std::max(status_.acked_sequence, sequence);
    if (sequence >= failed_sequence_) status_.apply_problem = {};
  }
  events_.on_progress();
  return {};
}

void DeliveryLink::OnFailed(uint64_t sequence, const Status& problem) {
  obs::Error("wagon_failed", {{"flow", options_.flow}, {"sequence", sequence}, {"error", problem}});
  // The row is for the list of wagons; what is shown here is the problem itself.
  if (Status s = outbox_->MarkFailed(options_.flow, sequence, problem.message()); !s.ok()) {
    obs::Error("outbox_mark_failed_failed", {{"flow", options_.flow}, {"sequence", sequence}, {"error", s}});
  }
  {
    std::lock_guard lock(mu_);
    failed_sequence_ = sequence;
    status_.apply_problem = problem;
    status_.apply_problem_since_ms = WallClockMs();
  }
  events_.on_progress();
}

void DeliveryLink::MarkRetries(Stream* stream, const Status& why) {
  std::map<uint64_t, SteadyTime> in_flight;
  {
    std::lock_guard lock(mu_);
    in_flight.swap(stream->in_flight);
  }
  for (const auto& [sequence, time] : in_flight) {
    // The next agreement decides about the wagon whatever its row says.
    if (Status s = outbox_->MarkRetry(options_.flow, sequence, "network: " + why.message()); !s.ok()) {
      obs::Error("outbox_mark_retry_failed", {{"flow", options_.flow}, {"sequence", sequence}, {"error", s}});
    }
  }
}

}  // namespace srdf::shipper
