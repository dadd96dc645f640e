// DeliveryLink: carries a flow's wagons from the outbox to the receiver, on a thread of its own.
//
//   open the stream → agree on what the destination has (Outbox::Reconcile) → send within the credit
//
// Several wagons are in flight; receipts and results come back on the streams' thread. While the
// link's thread has nothing to wait for, they are noted, and it writes them to the outbox together, within
// kNoteWait; else the reader writes them at once. What the outbox says is behind by no more than that.
// Whatever breaks, the next round begins with the agreement, so nothing is sent in doubt and nothing is
// forgotten. What a failure means for the next attempt is DeliveryPolicy's word; waits are measured by the
// steady clock, and kept in the outbox for a restart: what is left of one is then read off the wall clock,
// within the wait's own length. docs/operations/delivery.md says it for operators.
//
// A small wagon that finds the link idle leaves before it is in the outbox (SendEarly): it travels while the
// disk writes. So the destination may have a wagon more than an outbox that was killed, or could not write: a
// mark in the outbox says so for as long as such a stream is open, and agreement_wanted() keeps whatever
// follows from being stored until the next agreement (docs/adr/0013-handing-on-before-the-disk.md).
//
// Its methods are in files: delivery_link.cc (rounds and what ends them), delivery_link_send.cc (the
// link's thread, sending), delivery_link_receipts.cc (the streams' thread, what the destination says),
// delivery_link_notes.cc (writing down what went well), delivery_link_early.cc (sending before storing),
// delivery_link_skip.cc (wagons that are given up).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "shipper/delivery_policy.h"
#include "shipper/delivery_stream.h"
#include "shipper/fresh_wagons.h"
#include "shipper/link_status.h"
#include "shipper/receiver_client.h"
#include "shipper/send_gate.h"
#include "store/outbox.h"

namespace srdf::shipper {

struct LinkOptions {
  std::string flow;
  std::chrono::milliseconds ack_timeout{60000};
  RetryOptions retry;
  SendGate* gate = nullptr;  // of the shipper, outlives the link; nullptr: no limit
};

// How long what went well may wait to be written down: it saves a transaction for each thing that is said.
constexpr std::chrono::milliseconds kNoteWait{20};

struct LinkEvents {
  std::function<void()> on_progress;   // the outbox's counts changed otherwise than by storing or applying
  std::function<void()> on_tip_moved;  // the outbox adopted what the destination holds
  // The destination has applied the wagons up to this one; said again when that is in the outbox.
  std::function<void(uint64_t sequence)> on_applied = nullptr;
};

class DeliveryLink {
 public:
  // `outbox` and `receiver` outlive the link.
  DeliveryLink(LinkOptions options, store::Outbox* outbox, ReceiverClient* receiver, LinkEvents events);
  ~DeliveryLink();

  void Start(bool paused);
  void Stop();
  // Any thread. The wagon that was stored, when it is small; nothing: look into the outbox.
  void WagonStored(std::optional<FreshWagon> fresh = std::nullopt);
  // The thread that stores, about the wagon that follows all that is stored: sends it at once when nothing
  // stands in the way, which takes its frame, and returns how that attempt began. It is to be committed with
  // this, and EndEarly told how that went, before anything else is stored; what the destination says of it
  // meanwhile waits. Nothing: to be stored first.
  std::optional<store::AttemptStart> SendEarly(FreshWagon* wagon);
  void EndEarly(const Status& stored);
  // Not OK: nothing is to be stored before the destination has said whether it has a wagon more than the
  // outbox; on_progress is called when it has.
  Status agreement_wanted() const;
  // An operator's word that nobody waits for it. False: nobody did.
  Result<bool> GoOnWithoutAgreement();
  void Pause();
  void Resume();
  // Waits are over and the flow's schedule begins again; the outbox has been told of the wagons'.
  void RetryNow();
  // While the outbox cannot be written (`problem`) the link waits, which is no failed attempt. With
  // `reopened` the outbox may have forgotten what was not synced: the present stream ends, and the next
  // agreement mends that.
  void StoreChanged(const Status& problem, bool reopened);
  // An operator has decided to skip a wagon; the outbox has it. A new round begins and tells the destination.
  void SkipDecided();
  LinkStatus GetStatus() const;

 private:
  // A wagon that is not to be sent before `due`.
  struct Hold {
    uint64_t sequence = 0;
    SteadyTime due;
    ErrorClass error_class = ErrorClass::kNone;
    Status problem;
  };
  struct RoundEnd {
    Status status;
    ErrorClass error_class = ErrorClass::kNone;
    bool refused = false;
  };

  // delivery_link.cc
  void Run(const std::stop_token& stop);
  // Also while the outbox cannot be written. False when stopped.
  bool WaitWhilePaused(const std::stop_token& stop);
  RoundEnd RunOnce(const std::stop_token& stop);
  // Records how the round ended; returns how long to wait before the next one.
  std::chrono::milliseconds AfterRound(const RoundEnd& end);
  std::chrono::milliseconds AfterNetwork(const Status& problem);
  // Waits for the destination's state and brings the outbox in line with it.
  Result<DestinationState> Agree(DeliveryStream* stream, const std::stop_token& stop);
  void MarkInterrupted(DeliveryStream* stream, const RoundEnd& end);
  void RestoreWaits();
  void Suspend(ErrorClass error_class, const Status& problem, uint64_t sequence);
  // The destination was reached: a suspension that no wagon is to blame for is over.
  void Reached();
  // Something arrived, or nothing is left to send: the schedule begins anew.
  void Delivered(uint64_t sequence);
  uint64_t Progress() const;  // grows with every wagon acknowledged or applied
  void SetState(LinkState state, const Status& problem);
  void SetStateLocked(LinkState state, const Status& problem);

  // delivery_link_send.cc
  Status SendWagons(DeliveryStream* stream, DeliverSession* session, const DestinationState& destination,
                    const std::stop_token& stop);
  Status SendWagon(DeliveryStream* stream, DeliverSession* session, FreshWagon* next, uint32_t first_chunk,
                   const std::stop_token& stop);
  // As the gate allows; false when the stream has ended, the link is paused or stopped.
  bool SendChunk(DeliveryStream* stream, DeliverSession* session, ChunkToSend chunk,
                 const std::stop_token& stop);
  Result<bool> BeginAttempt(DeliveryStream* stream, const FreshWagon& next, uint32_t first_chunk);
  Result<std::optional<store::OutboxWagon>> LookUp(uint64_t after);
  // From memory when it came just now, else from the outbox, without its frame.
  Result<std::optional<FreshWagon>> TakeNext(uint64_t after);
  Result<std::optional<FreshWagon>> NextWagon(DeliveryStream* stream, DeliverSession* session, uint64_t after,
                                              const std::stop_token& stop);
  // Whether something stands before this wagon; then it has waited for a change.
  Result<bool> IsHeld(DeliveryStream* stream, const store::OutboxWagon& wagon, const std::stop_token& stop);
  void TakeUpHold(const store::OutboxWagon& wagon);
  // With mu_ held.
  Status CheckGoing(const DeliveryStream& stream, const std::stop_token& stop) const;
  std::chrono::milliseconds AckTimeout() const;

  // delivery_link_receipts.cc
  DeliverEvents EventsFor(DeliveryStream* stream);
  Status OnReceipt(DeliveryStream* stream, const WagonReceipt& receipt);
  Status OnAccepted(DeliveryStream* stream, const WagonReceipt& receipt, const InFlight* flight);
  Status OnPartial(DeliveryStream* stream, const WagonReceipt& receipt);
  Status OnRefused(DeliveryStream* stream, const WagonReceipt& receipt, const InFlight& flight);
  Status OnApplied(DeliveryStream* stream, uint64_t sequence);

  // delivery_link_notes.cc. With mu_ held: something is to be written; true when the link's thread will do
  // it.
  bool Noted();
  // Everything that is noted, in one transaction, on the calling thread; of `stream` (if any) also what was
  // sent and has no receipt yet. Without mu_.
  Status WriteNotes(DeliveryStream* stream);
  // The link's thread has come by.
  Status WriteNotesIfDue(DeliveryStream* stream);
  // With mu_ held, before the link's thread waits until then: what is noted shortens the wait; what comes
  // later is not left to it.
  std::optional<SteadyTime> WaitNoLonger(std::optional<SteadyTime> until);

  // delivery_link_early.cc. With mu_ held.
  bool MaySendEarly(const WagonHeader& header, uint64_t bytes) const;
  void WantAgreement(const std::string& why);
  // At once, or when the wagon that is being stored is in the outbox.
  void OnceStored(uint64_t sequence, std::function<void()> handle);
  // The mark in the outbox, around a stream.
  void BeginSendingEarly();
  void EndSendingEarly();

  // delivery_link_skip.cc. Tells what is decided and has its turn; the tip moves over a wagon that was next.
  Status TellSkips(DeliverSession* session, DestinationState* destination);
  Result<std::vector<store::PendingSkip>> LookForSkips();
  void NoteSkipped(const std::vector<uint64_t>& skipped);
  // Before the wagons up to `applied` are marked so.
  Status SettleSkips(uint64_t applied);

  void OnFailed(DeliveryStream* stream, uint64_t sequence, const Status& problem);
  void CountAttempt(const std::string& outcome, ErrorClass error_class);

  // constant
  const LinkOptions options_;
  const DeliveryPolicy policy_;
  store::Outbox* const outbox_;
  ReceiverClient* const receiver_;
  const LinkEvents events_;

  mutable std::mutex mu_;
  std::condition_variable_any changed_;
  // guarded by mu_
  LinkStatus status_;
  bool paused_ = false;
  bool stored_ = false;  // a wagon may be there that was not looked at
  FreshWagons fresh_;
  store::DeliveryNotes notes_;                 // said, and not in the outbox yet
  std::optional<SteadyTime> unwritten_since_;  // the oldest of these, or of what was sent
  SteadyTime comes_by_{};                      // until then the link's thread takes what is noted
  std::optional<uint64_t> early_;  // was sent, and is being stored; the link's thread stays where it is
  std::vector<std::function<void()>> said_of_early_;  // to be handled after that, in order
  std::condition_variable early_over_;
  bool sends_early_ = false;  // as the outbox has it, for the present stream
  bool resumed_ = false;
  Status store_problem_;               // why the outbox cannot be written
  DeliveryStream* present_ = nullptr;  // the round's stream
  uint64_t failed_sequence_ = 0;
  bool skips_open_ = true;                 // a decision may wait to be told or settled
  std::vector<uint64_t> skipped_there_;    // as the target says
  std::vector<uint64_t> skipped_settled_;  // of these, what the outbox has taken note of
  std::optional<Hold> hold_;
  uint32_t reconnects_ = 0;                  // in a row
  uint32_t receipts_missed_ = 0;             // since something arrived: how often none came in time
  std::optional<SteadyTime> failing_since_;  // the destination cannot be reached, or nothing arrives
  int64_t failing_since_ms_ = 0;             // the same as the outbox has it
  uint64_t suspended_sequence_ = 0;

  std::mutex writes_mu_;  // before mu_; notes are written in the order in which they were taken, and the mark

  std::jthread thread_;
};

}  // namespace srdf::shipper
