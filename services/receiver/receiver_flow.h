// ReceiverFlow: one flow in the receiver: its inbox, the stream it comes in on and the stream it leaves by.
//
// Wagons are accepted in sequence, each naming the hash of the one before; "accepted" is said when the inbox
// has it on disk. The applier's checkpoint is the last word on what is applied: it is adopted whenever the
// applier opens its stream.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/status.h"
#include "config/config.h"
#include "model/wagon.h"
#include "store/inbox.h"

namespace srdf::receiver {

// The present Deliver stream, as the flow sees it. Called from any thread.
struct DeliverStreamEvents {
  std::function<void()> on_tip_known;  // it was not, when the stream was opened
  std::function<void()> on_tip_moved;  // not by this stream: both ends must agree again
  std::function<void(uint64_t bytes)> on_credit;
  std::function<void(uint64_t sequence)> on_applied;
  std::function<void(uint64_t sequence, const Status& problem)> on_failed;
};

struct ReceiverCounts {
  uint64_t accepted = 0;
  uint64_t duplicates = 0;
  uint64_t rejected = 0;
  uint64_t invalid = 0;
};

class ReceiverFlow {
 public:
  // `inbox` outlives the flow.
  ReceiverFlow(const config::FlowConfig& config, store::Inbox* inbox);

  const std::string& name() const { return name_; }
  store::Inbox* inbox() const { return inbox_; }

  // Deliver side.
  void OpenDeliver(DeliverStreamEvents events);
  void CloseDeliver();
  // A wagon was accepted: the applier's stream may wait for it.
  void WagonAccepted();
  // How much of `bytes` may be given back as credit now; the rest follows when the inbox has room.
  uint64_t CreditFor(uint64_t bytes);
  ReceiverCounts GetCounts() const;
  void AddCounts(const ReceiverCounts& more);

  // Take side.
  Status OpenTake(const ChainTip& checkpoint);
  void CloseTake();
  Status Applied(uint64_t sequence);
  Status Failed(uint64_t sequence, const Status& problem);
  // Waits for the next wagon after `after`, while fewer than `window` are sent and not applied. Nothing when
  // stopped.
  Result<std::optional<store::InboxWagon>> NextToApply(uint64_t after, uint32_t window,
                                                       const std::stop_token& stop);

  // What ended the applier's stream, until the next one is open; OK for nothing worth telling.
  void SetProblem(const Status& problem);
  std::pair<Status, int64_t> problem() const;

  bool shipper_connected() const;
  bool applier_connected() const;
  // Removes what is applied and older than purge_after_days. What keeps it from that is shown until it works.
  void Purge();
  std::pair<Status, int64_t> purge_problem() const;

 private:
  // With mu_ held.
  Status ReleaseCredit();

  const std::string name_;
  const uint64_t inbox_bytes_max_;
  const uint64_t purge_after_days_;
  store::Inbox* const inbox_;

  mutable std::mutex mu_;
  std::condition_variable_any changed_;
  // guarded by mu_
  std::optional<DeliverStreamEvents> deliver_;
  bool take_open_ = false;
  uint64_t accepted_ticks_ = 0;  // grows with every event NextToApply waits for
  uint64_t applied_sequence_ = 0;
  uint64_t credit_withheld_ = 0;
  ReceiverCounts counts_;
  Status problem_;
  int64_t problem_since_ms_ = 0;
  Status purge_problem_;
  int64_t purge_problem_since_ms_ = 0;
};

}  // namespace srdf::receiver
