// DeliveryLink: carries a flow's wagons from the outbox to the receiver, on a thread of its own.
//
//   open the stream → agree on what the destination has (Outbox::Reconcile) → send within the credit
//
// Several wagons are in flight; receipts and results come back on the stream's reader thread and are written
// to the outbox there. Whatever breaks, the next round begins with the agreement, so nothing is sent in
// doubt and nothing is forgotten. Errors of the network are retried for ever (quickly at first; after the
// flow's retry schedule is used up the link calls itself suspended, and goes on probing). A wagon that the
// destination finds invalid is a dead letter and stops the link until an operator resumes it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/backoff.h"
#include "base/status.h"
#include "shipper/receiver_client.h"
#include "shipper/send_gate.h"
#include "store/outbox.h"

namespace srdf::shipper {

enum class LinkState { kConnecting, kStreaming, kBackingOff, kSuspended, kPaused, kStopped };

struct LinkOptions {
  std::string flow;
  std::chrono::seconds ack_timeout{60};
  std::chrono::seconds suspended_after{3700};  // the sum of the retry schedule
  SendGate* gate = nullptr;                    // of the shipper, outlives the link; nullptr: no limit
};

struct LinkStatus {
  LinkState state = LinkState::kConnecting;
  Status problem;        // of the link
  int64_t since_ms = 0;  // of state and problem
  Status apply_problem;  // the applier's, until it is resolved
  int64_t apply_problem_since_ms = 0;
  uint64_t acked_sequence = 0;
  uint64_t applied_sequence = 0;
  uint64_t duplicates = 0;
  uint64_t bytes_sent = 0;
};

struct LinkEvents {
  std::function<void()> on_progress;   // a wagon was applied, or the outbox's counts changed otherwise
  std::function<void()> on_tip_moved;  // the outbox adopted what the destination holds
};

class DeliveryLink {
 public:
  // `outbox` and `receiver` outlive the link.
  DeliveryLink(LinkOptions options, store::Outbox* outbox, ReceiverClient* receiver, LinkEvents events);
  ~DeliveryLink();

  void Start(bool paused);
  void Stop();
  // Any thread.
  void WagonStored();
  void Pause();
  void Resume();
  LinkStatus GetStatus() const;

 private:
  struct Stream;  // what the reader thread tells of the present stream

  void Run(const std::stop_token& stop);
  Status RunOnce(const std::stop_token& stop);
  // Waits for the destination's state and brings the outbox in line with it.
  Result<DestinationState> Agree(Stream* stream, const std::stop_token& stop);
  Status SendWagons(Stream* stream, DeliverSession* session, const DestinationState& destination,
                    const std::stop_token& stop);
  Status SendWagon(Stream* stream, DeliverSession* session, const store::OutboxWagon& wagon,
                   uint32_t first_chunk, const std::stop_token& stop);
  // As the gate allows; false when the stream has ended, the link is paused or stopped.
  bool SendChunk(Stream* stream, DeliverSession* session, ChunkToSend chunk, const std::stop_token& stop);
  Result<std::optional<store::OutboxWagon>> LookUp(uint64_t after);
  Result<std::optional<store::OutboxWagon>> NextWagon(Stream* stream, uint64_t after,
                                                      const std::stop_token& stop);
  DeliverEvents EventsFor(Stream* stream);
  Status OnReceipt(Stream* stream, uint64_t sequence, Receipt receipt, const std::string& error);
  Status OnApplied(uint64_t sequence);
  // Grows with every wagon acknowledged or applied.
  uint64_t Progress() const;
  void OnFailed(uint64_t sequence, const Status& problem);
  void MarkRetries(Stream* stream, const Status& why);
  void SetState(LinkState state, const Status& problem);

  // constant
  const LinkOptions options_;
  store::Outbox* const outbox_;
  ReceiverClient* const receiver_;
  const LinkEvents events_;

  mutable std::mutex mu_;
  std::condition_variable_any changed_;
  // guarded by mu_
  LinkStatus status_;
  bool paused_ = false;
  bool stored_ = false;  // a wagon may be there that was not looked at
  bool resumed_ = false;
  uint64_t failed_sequence_ = 0;
  unsigned rejections_ = 0;  // in a row

  std::jthread thread_;
};

}  // namespace srdf::shipper
