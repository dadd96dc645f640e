// The link's thread: which wagon is next, what it waits for, and its chunks.
#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "codec/crc32.h"
#include "failpoint/failpoint.h"
#include "shipper/delivery_link.h"

namespace srdf::shipper {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr uint32_t kAckTimeoutDoublingsMax = 6;

}  // namespace

Status DeliveryLink::SendWagons(DeliveryStream* stream, DeliverSession* session,
                                const DestinationState& destination, const std::stop_token& stop) {
  {
    std::lock_guard lock(mu_);
    stream->fed = {destination.tip.epoch, destination.tip.sequence, destination.tip.hash};
  }
  for (;;) {
    SRDF_RETURN_IF_ERROR(WriteNotesIfDue(stream));
    std::optional<GoOn> go_on;
    uint64_t after = 0;
    {
      // The destination asks for chunks again: back to that wagon, and what follows it once more.
      std::lock_guard lock(mu_);
      go_on.swap(stream->go_on);
      if (go_on) stream->fed = {stream->fed.epoch, go_on->sequence - 1, {}};
      after = stream->fed.sequence;
    }
    SRDF_ASSIGN_OR_RETURN(auto next, NextWagon(stream, session, after, stop));
    if (!next.has_value()) continue;
    const store::OutboxWagon* const wagon = &next->wagon;
    const bool resume = wagon->header.sequence == destination.partial_sequence &&
                        wagon->header.uid == destination.partial_uid &&
                        wagon->hash == destination.partial_hash;
    // All of it may be there and not be accepted yet: the last chunk always goes, and brings the receipt.
    uint32_t first_chunk = resume ? std::min(destination.partial_chunks, wagon->chunk_count - 1) : 0;
    if (go_on && go_on->sequence == wagon->header.sequence)
      first_chunk = std::min(go_on->chunk, wagon->chunk_count - 1);
    {
      std::lock_guard lock(mu_);
      stream->in_flight.try_emplace(wagon->header.sequence);
    }
    if (!go_on || go_on->sequence != wagon->header.sequence) {
      SRDF_ASSIGN_OR_RETURN(const bool begun, BeginAttempt(stream, *next, first_chunk));
      if (!begun) continue;
    }
    SRDF_RETURN_IF_ERROR(SendWagon(stream, session, &*next, first_chunk, stop));
    std::lock_guard lock(mu_);
    stream->fed = {wagon->header.epoch, wagon->header.sequence, wagon->hash};
  }
}

// Wagons that wait may be merged until an attempt of them has begun: false when that, or anything else that
// matters, happened since this one was looked up.
Result<bool> DeliveryLink::BeginAttempt(DeliveryStream* stream, const FreshWagon& next,
                                        uint32_t first_chunk) {
  const uint64_t sequence = next.wagon.header.sequence;
  const Status begun = outbox_->BeginAttempt(
      options_.flow, sequence, {receiver_->address(), first_chunk, next.wagon.hash, !next.frame.empty()});
  if (begun.ok()) return true;
  if (begun.code() != StatusCode::kNotFound) return begun;
  std::lock_guard lock(mu_);
  stream->in_flight.erase(sequence);
  return false;
}

// Doubles with every receipt that did not come, up to 64 times: a line that needs longer than
// ack_timeout_seconds for one chunk would have that chunk repeated for ever. With mu_ held.
milliseconds DeliveryLink::AckTimeout() const {
  return options_.ack_timeout * (1 << std::min(receipts_missed_, kAckTimeoutDoublingsMax));
}

// The next wagon as the outbox has it now; an error when it is a dead letter, which nothing may overtake.
Result<std::optional<store::OutboxWagon>> DeliveryLink::LookUp(uint64_t after) {
  SRDF_ASSIGN_OR_RETURN(auto wagon, outbox_->NextToSend(options_.flow, after));
  if (!wagon.has_value() || wagon->status != store::DeliveryStatus::kDeadLetter) return wagon;
  return Status(StatusCode::kFailedPrecondition,
                "wagon " + std::to_string(wagon->header.sequence) + " is a dead letter: " + wagon->last_error,
                "mend what the message names, then `srdfctl flow resume " + options_.flow + "`");
}

Status DeliveryLink::CheckGoing(const DeliveryStream& stream, const std::stop_token& stop) const {
  if (stop.stop_requested()) return {StatusCode::kCancelled, "stopping"};
  if (!stream.ended.ok()) return stream.ended;
  if (paused_) return {StatusCode::kCancelled, "paused"};
  const auto due = stream.ReceiptDue(AckTimeout());
  if (!due || steady_clock::now() < *due) return {};
  return {StatusCode::kDeadlineExceeded, "no receipt for wagon " +
                                             std::to_string(stream.in_flight.begin()->first) +
                                             " within ack_timeout_seconds"};
}

Result<std::optional<FreshWagon>> DeliveryLink::TakeNext(uint64_t after) {
  {
    std::lock_guard lock(mu_);
    if (auto fresh = fresh_.Take(after)) return fresh;
    if (fresh_.NothingAfter(after)) return std::optional<FreshWagon>();
  }
  SRDF_ASSIGN_OR_RETURN(auto wagon, LookUp(after));
  if (!wagon.has_value()) return std::optional<FreshWagon>();
  return std::optional<FreshWagon>(FreshWagon{std::move(*wagon), {}});
}

Result<std::optional<FreshWagon>> DeliveryLink::NextWagon(DeliveryStream* stream, DeliverSession* session,
                                                          uint64_t after, const std::stop_token& stop) {
  SRDF_ASSIGN_OR_RETURN(auto next, TakeNext(after));
  if (next.has_value()) {
    SRDF_ASSIGN_OR_RETURN(const bool held, IsHeld(stream, next->wagon, stop));
    if (held) next.reset();
    return next;
  }
  bool idle = false;
  {
    std::lock_guard lock(mu_);
    idle = stream->in_flight.empty() && stream->ended.ok();
  }
  if (idle) Delivered(after);  // everything is there
  std::unique_lock lock(mu_);
  const auto woken = [&] { return stored_ || paused_ || stream->go_on || !stream->ended.ok(); };
  stream->idle = session;
  if (const auto until = WaitNoLonger(stream->ReceiptDue(AckTimeout()))) {
    changed_.wait_until(lock, stop, *until, woken);
  } else {
    changed_.wait(lock, stop, woken);
  }
  stream->idle = nullptr;
  early_over_.wait(lock, [&] { return !early_; });
  SRDF_RETURN_IF_ERROR(CheckGoing(*stream, stop));
  stored_ = false;
  return std::optional<FreshWagon>();
}

// A wait that this process has not begun itself: of a restarted shipper.
void DeliveryLink::TakeUpHold(const store::OutboxWagon& wagon) {
  if (wagon.next_attempt_at_ms == 0 || (hold_ && hold_->sequence == wagon.header.sequence)) return;
  const milliseconds left(wagon.next_attempt_at_ms - WallClockMs());
  const milliseconds longest = policy_.LongestWait(wagon.error_class, wagon.failed_attempts);
  hold_ =
      Hold{wagon.header.sequence,
           steady_clock::now() + std::clamp(left, milliseconds(0), std::max(longest, milliseconds(0))),
           wagon.error_class,
           {StatusCode::kAborted, "wagon " + std::to_string(wagon.header.sequence) + ": " + wagon.last_error,
            RemedyFor(wagon.error_class, options_.flow)}};
}

Result<bool> DeliveryLink::IsHeld(DeliveryStream* stream, const store::OutboxWagon& wagon,
                                  const std::stop_token& stop) {
  const uint64_t sequence = wagon.header.sequence;
  std::unique_lock lock(mu_);
  SRDF_RETURN_IF_ERROR(CheckGoing(*stream, stop));
  if (stream->go_on) return true;
  TakeUpHold(wagon);
  const SteadyTime now = steady_clock::now();
  std::optional<SteadyTime> until;
  Status why;
  ErrorClass error_class = ErrorClass::kNone;
  const Readiness& ready = stream->readiness;
  if (hold_ && hold_->sequence == sequence && now < hold_->due) {
    until = hold_->due;
    why = hold_->problem;
    error_class = hold_->error_class;
  } else if (ready.state == ReceiverState::kInError) {
    until = SteadyTime::max();
    why = ready.problem;
  } else if (ready.state == ReceiverState::kBusy) {
    const milliseconds wait = ready.wait.count() > 0 ? ready.wait : policy_.options().busy_wait;
    if (now < stream->readiness_at + wait) until = stream->readiness_at + wait;
    why = ready.problem;
    error_class = ErrorClass::kBusy;
  }
  if (!until) {
    if (status_.state == LinkState::kWaiting) SetStateLocked(LinkState::kStreaming, {});
    return false;
  }
  const bool suspended = status_.suspended_class != ErrorClass::kNone;
  if (!suspended) {
    if (why.ok()) {
      why = Status(StatusCode::kResourceExhausted,
                   std::string("the receiver is ") + ReceiverStateName(ready.state),
                   RemedyFor(ErrorClass::kBusy, options_.flow));
    }
    SetStateLocked(LinkState::kWaiting, why);
  }
  status_.waiting_sequence = sequence;
  status_.waiting_class = error_class;
  const bool endless = *until == SteadyTime::max();
  status_.next_attempt_at_ms =
      endless ? 0 : WallClockMs() + std::chrono::duration_cast<milliseconds>(*until - now).count();
  const auto told = stream->readiness_at;
  const auto woken = [&] {
    return paused_ || stream->go_on || !stream->ended.ok() || stream->readiness_at != told ||
           (hold_ ? hold_->sequence != sequence
                  : error_class != ErrorClass::kNone && error_class != ErrorClass::kBusy);
  };
  if (const auto due = stream->ReceiptDue(AckTimeout())) until = std::min(*until, *due);
  until = WaitNoLonger(until);
  if (*until == SteadyTime::max()) {
    changed_.wait(lock, stop, woken);
  } else {
    changed_.wait_until(lock, stop, *until, woken);
  }
  return true;
}

Status DeliveryLink::SendWagon(DeliveryStream* stream, DeliverSession* session, FreshWagon* next,
                               uint32_t first_chunk, const std::stop_token& stop) {
  const store::OutboxWagon& wagon = next->wagon;
  const uint64_t sequence = wagon.header.sequence;
  for (uint32_t chunk_no = first_chunk; chunk_no < wagon.chunk_count; ++chunk_no) {
    std::string data = std::exchange(next->frame, {});  // of one chunk
    if (data.empty()) {
      SRDF_ASSIGN_OR_RETURN(data, outbox_->ReadChunk(options_.flow, sequence, chunk_no));
    }
    const uint64_t bytes = data.size();
    {
      std::unique_lock lock(mu_);
      if (stream->credit_bytes < bytes) {
        comes_by_ = {};
        stream->credit_wanted = true;
        lock.unlock();
        SRDF_RETURN_IF_ERROR(WriteNotes(stream));
        lock.lock();
        // Without credit the destination is busy, which may last; a link that died ends the stream.
        changed_.wait(lock, stop, [&] {
          return stream->credit_bytes >= bytes || !stream->ended.ok() || paused_ || stream->go_on;
        });
        stream->credit_wanted = false;
      }
      if (stop.stop_requested()) return {StatusCode::kCancelled, "stopping"};
      if (!stream->ended.ok()) return stream->ended;
      if (paused_) return {StatusCode::kCancelled, "paused"};
      if (stream->go_on) return {};  // SendWagons goes there
      stream->credit_bytes -= bytes;
      status_.bytes_sent += bytes;
      stream->bytes_sent += bytes;
      const auto flight = stream->in_flight.find(sequence);
      if (flight != stream->in_flight.end()) {
        flight->second.bytes_sent += bytes;
        // Before the last chunk leaves: its receipt may be faster than the return from Send.
        if (chunk_no + 1 == wagon.chunk_count) {
          flight->second.sent_at = steady_clock::now();
          flight->second.ends_at = stream->bytes_sent;
        }
      }
    }
    const uint32_t crc32 = codec::Crc32(data);
    ChunkToSend chunk{sequence,          wagon.header.uid, wagon.hash, chunk_no,
                      wagon.chunk_count, std::move(data),  crc32};
    if (!SendChunk(stream, session, std::move(chunk), stop)) {
      std::unique_lock lock(mu_);
      changed_.wait_for(lock, stop, std::chrono::seconds(10), [&] { return !stream->ended.ok() || paused_; });
      if (!stream->ended.ok()) return stream->ended;
      if (paused_) return {StatusCode::kCancelled, "paused"};
      return {StatusCode::kDeadlineExceeded, "the stream to the receiver broke"};
    }
  }
  {
    // Under a narrow limit the last chunk itself takes long: the wait for the receipt begins when it has
    // left.
    std::lock_guard lock(mu_);
    if (const auto flight = stream->in_flight.find(sequence); flight != stream->in_flight.end()) {
      flight->second.sent_at = steady_clock::now();
      stream->sent.push_back(sequence);
      Noted();
    }
  }
  SRDF_FAILPOINT("shipper.before_mark_sent");
  return {};
}

bool DeliveryLink::SendChunk(DeliveryStream* stream, DeliverSession* session, ChunkToSend chunk,
                             const std::stop_token& stop) {
  if (options_.gate == nullptr) return session->Send(std::move(chunk));
  if (options_.gate->Limits(options_.flow)) {
    {
      std::lock_guard lock(mu_);
      comes_by_ = {};
    }
    // Its turn may be long in coming. What cannot be written ends the stream.
    if (Status s = WriteNotes(stream); !s.ok()) {
      std::lock_guard lock(mu_);
      if (stream->ended.ok()) stream->ended = s;
      return false;
    }
  }
  return options_.gate->Send(options_.flow, session, std::move(chunk), [&] {
    std::lock_guard lock(mu_);
    return !stream->ended.ok() || paused_ || stop.stop_requested();
  });
}

}  // namespace srdf::shipper
