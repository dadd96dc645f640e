// ReceiverFlow: one flow in the receiver: its inbox, the stream it comes in on and the stream it leaves by.
//
// Wagons are accepted in sequence, each naming the hash of the one before; "accepted" is said when the inbox
// has it on disk. The applier's checkpoint is the last word on what is applied: it is adopted whenever the
// applier opens its stream.
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
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "model/wagon.h"
#include "receiver/log_allowance.h"
#include "receiver/readiness.h"
#include "receiver/receipt.h"
#include "store/inbox.h"

namespace srdf::receiver {

// The present Deliver stream, as the flow sees it. Called from any thread.
struct DeliverStreamEvents {
  // It was not, when the stream was opened, which begins anew with this.
  std::function<void(const Readiness& readiness)> on_tip_known;
  std::function<void()> on_tip_moved;  // not by this stream: both ends must agree again
  std::function<void(uint64_t bytes)> on_credit;
  std::function<void(uint64_t sequence, const std::vector<uint64_t>& skipped)> on_applied;
  std::function<void(uint64_t sequence, const Status& problem)> on_failed;
  std::function<void(const Readiness& readiness)> on_readiness;  // it changed
};

// Receipts said since the process started, by kind and reason.
using ReceiptCounts = std::map<std::pair<ReceiptKind, ReceiptReason>, uint64_t>;
uint64_t CountOf(const ReceiptCounts& counts, ReceiptKind kind);

// Bytes a shipper may have on the way: several wagons of a busy flow, a small part of a huge one.
inline constexpr uint64_t kCreditBytes = 16u << 20;
// What a stream begins with when it is told this; the rest of kCreditBytes follows as soon as wagons are
// taken.
inline uint64_t FirstCredit(const Readiness& readiness) {
  return readiness.state == ReceiverState::kBusy || readiness.state == ReceiverState::kInError ? 0
                                                                                               : kCreditBytes;
}

class ReceiverFlow {
 public:
  // `inbox` outlives the flow.
  ReceiverFlow(const config::FlowConfig& config, store::Inbox* inbox);

  const std::string& name() const { return name_; }
  store::Inbox* inbox() const { return inbox_; }

  // Deliver side. A stream begins with FirstCredit of the readiness that is returned, and with it in
  // `opened`; when that is sent, Opened.
  Readiness OpenDeliver(DeliverStreamEvents events);
  Status Opened();
  void CloseDeliver();
  // A wagon was accepted: the applier's stream may wait for it.
  void WagonAccepted(uint64_t frame_bytes);
  // A chunk came. kAborted when the sender had no credit for it: the two ends do not agree about the credit
  // any more, and begin again with a new stream.
  Status TakeCredit(uint64_t bytes);
  // An operator's decision. A wagon that is here may be on its way to the target: the applier's stream ends,
  // and the target's next word says what became of it.
  Result<store::SkipOutcome> Skip(const WagonHeader& header, const std::string& hash,
                                  const SkipDecision& decision);
  // The newest wagons that the target has skipped. Also to be called by stream events.
  Result<std::vector<uint64_t>> Skipped() const;
  // How much of `bytes` may be given back as credit now; the rest follows when the inbox has room.
  uint64_t CreditFor(uint64_t bytes);
  // A receipt was said: it is counted, and a refusal kept. Returns whether it is to be logged, and how many
  // before it were not: a peer that comes back for ever must not fill the log.
  std::optional<uint64_t> Said(const WagonReceipt& receipt, const std::string& peer);
  ReceiptCounts GetCounts() const;

  // What a shipper is to go by before it sends. The stream is told of changes: busy and in_error at once, the
  // others at the next Tick.
  Readiness GetReadiness() const;
  // How long a shipper is to wait before it tries again.
  uint32_t WaitMs() const;
  // The inbox's disk fails (or, with OK, works again). Forgotten by the first write that succeeds, and after
  // some seconds, so that the next wagon tries.
  void StoreChanged(const Status& problem);
  // The inbox's disk is in another state. While it takes no wagons, credit is held back; what the applier has
  // applied while it could not be written down is, as soon as it can.
  void DiskChanged(const store::StoreHealth& health);
  // From time to time.
  void Tick();

  // Take side.
  // `skipped`: wagons up to the checkpoint that the target has skipped. `end`: ends the stream, which begins
  // again; called from any thread.
  Status OpenTake(const ChainTip& checkpoint, const std::vector<uint64_t>& skipped,
                  std::function<void(const Status&)> end);
  void CloseTake();
  Status Applied(uint64_t sequence, bool skipped);
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
  ReadinessFacts Facts() const;
  void TellReadiness(bool also_leisurely);

  const std::string name_;
  const uint64_t inbox_bytes_max_;
  const uint64_t purge_after_days_;
  store::Inbox* const inbox_;

  mutable std::mutex mu_;
  std::condition_variable_any changed_;
  // guarded by mu_
  std::optional<DeliverStreamEvents> deliver_;
  std::function<void(const Status&)> end_take_;  // empty: no stream is open
  uint64_t accepted_ticks_ = 0;                  // grows with every event NextToApply waits for
  uint64_t applied_sequence_ = 0;
  uint64_t credit_out_ = 0;  // granted and not used
  uint64_t credit_withheld_ = 0;
  bool opened_ = false;             // the stream has its first word, and more credit may follow
  uint64_t applied_unwritten_ = 0;  // applied, and the inbox could not be told; 0: none
  ReceiptCounts counts_;
  LogAllowance refusal_log_;
  Readiness told_;  // to the present stream
  Status store_problem_;
  std::chrono::steady_clock::time_point store_problem_since_;
  DrainRate drain_;
  uint64_t unapplied_bytes_seen_ = 0;  // when drain_ was last told, and what was accepted since
  uint64_t accepted_bytes_since_ = 0;
  Status problem_;
  int64_t problem_since_ms_ = 0;
  Status purge_problem_;
  int64_t purge_problem_since_ms_ = 0;

  mutable std::mutex skipped_mu_;
  // guarded by skipped_mu_
  std::vector<uint64_t> skipped_at_target_;  // as the applier said when it connected
};

}  // namespace srdf::receiver
