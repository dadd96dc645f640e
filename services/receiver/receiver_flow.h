// ReceiverFlow: one flow in the receiver: its inbox, the stream it comes in on and the stream it leaves by.
//
// Wagons are accepted in sequence, each naming the hash of the one before; "accepted" is said when the inbox
// has it on disk, though the applier may have it before (flow_hand_on.cc). The applier's checkpoint is the
// last word on what is applied: it is adopted whenever the applier opens its stream.
//
// What is asked with every wagon is answered from memory: the inbox's RecentFlow, the wagons just accepted
// (fresh_wagons.h), what is said to be applied and not written down yet (flow_applied.cc).
#pragma once

#include <atomic>
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
#include "receiver/fresh_wagons.h"
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
// It comes back in pieces of at least this, or what there is every kCreditEvery: a message for each small
// wagon would cost more than the wagon. A sender on a slow line takes it for a sign of life.
inline constexpr uint64_t kCreditPiece = kCreditBytes / 8;
inline constexpr std::chrono::milliseconds kCreditEvery{100};
// What a stream begins with when it is told this; the rest of kCreditBytes follows as soon as wagons are
// taken.
inline uint64_t FirstCredit(const Readiness& readiness) {
  return readiness.state == ReceiverState::kBusy || readiness.state == ReceiverState::kInError ? 0
                                                                                               : kCreditBytes;
}

// Whether a shipper may hear of it at the next Tick: between these two a flow changes with every wagon.
inline bool IsLeisurely(const Readiness& readiness) {
  return readiness.state == ReceiverState::kAvailable || readiness.state == ReceiverState::kRunning;
}

// A wagon of so many bytes always fits into what HTTP/2 lets a stream have on the way (64 KiB), when nothing
// else is.
inline constexpr size_t kHandOnBytesMax = 16u << 10;
// And so many of them together.
inline constexpr uint32_t kHandOnWagonsMax = 3;

// A wagon for the applier.
struct NextWagon {
  uint64_t sequence = 0;
  std::string hash;
  uint32_t chunk_count = 0;
  std::string frame;                           // when it is at hand, with chunk_count 1; else to be read
  std::optional<store::InboxWagon> to_skip{};  // it is not to be applied
};

class ReceiverFlow {
 public:
  // `inbox` outlives the flow.
  ReceiverFlow(const config::FlowConfig& config, store::Inbox* inbox);

  // Before any stream is opened. The last process was killed, and the target may have one wagon more than the
  // inbox (HandOnEarly): until the applier connects the tip counts as unknown, but no longer than this, lest
  // a target that is away for long keep wagons away from the inbox, too.
  void AwaitTarget(std::chrono::milliseconds patience);
  // Any thread, also stream events.
  bool TipIsKnown(const store::InboxFlow& flow) const { return flow.tip_known && !awaits_target_; }

  const std::string& name() const { return name_; }
  store::Inbox* inbox() const { return inbox_; }

  // Deliver side. A stream begins with FirstCredit of the readiness that is returned, and with it in
  // `opened`; when that is sent, Opened.
  Readiness OpenDeliver(DeliverStreamEvents events);
  Status Opened();
  void CloseDeliver();
  // A wagon is verified, and to be accepted next. One that is small and next for the applier is given to it
  // now (HandOnBy), before the inbox has it: what the target says of it is kept back until then. When the
  // inbox does not take it, it is expected again; kAborted, of another one of its sequence, while it is not
  // known whether the target has it. `frame`: all of it, if it is at hand.
  Status HandOnEarly(uint64_t sequence, const std::string& hash, std::string_view frame);
  // A wagon was accepted: the applier's stream may wait for it.
  Status WagonAccepted(uint64_t sequence, const std::string& hash, uint64_t frame_bytes,
                       std::string_view frame);
  // A chunk came. kAborted when the sender had no credit for it: the two ends do not agree about the credit
  // any more, and begin again with a new stream.
  Status TakeCredit(uint64_t bytes);
  // An operator's decision. A wagon that is here may be on its way to the target: the applier's stream ends,
  // and the target's next word says what became of it.
  Result<store::SkipOutcome> Skip(const WagonHeader& header, const std::string& hash,
                                  const SkipDecision& decision);
  // The newest wagons that the target has skipped. Also to be called by stream events.
  Result<std::vector<uint64_t>> Skipped() const;
  // `bytes` were dealt with. How much is given back as credit now, of all that is owed; the rest follows when
  // the inbox has room, and at the next Tick at the latest.
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
  // From now on a small wagon that comes while the target has applied all others, but for fewer than `window`
  // small ones, is given to `hand_on` by the thread that has verified it, instead of to NextToApply: one
  // thread less has to wake up before the applier has it. Nothing large is on the way then, so that writing
  // it does not wait for the applier. NextToApply is called by one thread, which has written the wagon
  // before.
  void HandOnBy(uint32_t window, std::function<void(NextWagon)> hand_on);
  void CloseTake();
  // The shipper is told at once; the inbox has it after some more, the next Tick, or BringUpToDate. Of a
  // wagon that the inbox does not have yet, both follow when it does; the same for Failed.
  Status Applied(uint64_t sequence, bool skipped);
  Status Failed(uint64_t sequence, const Status& problem);
  // To be called before the inbox is looked at for somebody: what is applied is then written down.
  // Who only looks does not wait for a disk that is slow, and sees the inbox a little late.
  enum class Patience { kLooks, kWaits };
  void BringUpToDate(Patience patience = Patience::kLooks);
  // Waits for the next wagon that was not handed on since the stream was opened, while fewer than `window`
  // are handed on and not applied. Nothing when stopped.
  Result<std::optional<NextWagon>> NextToApply(uint32_t window, const std::stop_token& stop);

  // What ended the applier's stream, until the next one is open; OK for nothing worth telling.
  void SetProblem(const Status& problem);
  std::pair<Status, int64_t> problem() const;

  bool shipper_connected() const;
  bool applier_connected() const;
  // Removes what is applied and older than purge_after_days. What keeps it from that is shown until it works.
  void Purge();
  std::pair<Status, int64_t> purge_problem() const;

 private:
  // Wagons `first` to `last`, of each of which the target has said that it is applied; first 0: none.
  struct AppliedRun {
    uint64_t first = 0;
    uint64_t last = 0;
  };
  // The applier has it, the inbox has not; and what the target has said of it.
  struct EarlyWagon {
    uint64_t sequence = 0;
    std::string hash;
    bool applied = false;
    Status failed;
  };
  struct AppliedTelling {
    std::shared_ptr<const DeliverStreamEvents> deliver;
    bool write = false;  // the inbox, too
  };

  // With mu_ held.
  bool GoesTheShortWay(uint64_t sequence, std::string_view frame) const;
  std::function<void(NextWagon)> TakeTheShortWay(uint64_t sequence);
  Status AskTargetWhatItHas(uint64_t sequence);
  AppliedTelling NoteApplied(uint64_t sequence, bool skipped);

  Status TellApplied(uint64_t sequence, const AppliedTelling& telling);
  void SettleEarly(const EarlyWagon& early, const AppliedTelling& applied);
  Status WriteApplied();
  Status WriteSkipped(uint64_t sequence);
  void ForgetSkipped();

  // With mu_ held. `flow`: what the inbox says.
  Status ReleaseCredit();
  uint64_t TakeOwedCredit(const store::InboxFlow& flow);
  ReadinessFacts Facts(const Result<store::InboxFlow>& flow) const;
  void TellReadiness(bool also_leisurely, const Result<store::InboxFlow>& flow);
  void TellTip(const store::InboxFlow& flow);

  const std::string name_;
  const uint64_t inbox_bytes_max_;
  const uint64_t purge_after_days_;
  store::Inbox* const inbox_;

  std::atomic<bool> awaits_target_ = false;  // changes with mu_ held

  std::mutex applied_write_mu_;  // what is applied is written in its order; before mu_

  mutable std::mutex mu_;
  std::condition_variable_any changed_;
  // guarded by mu_
  std::chrono::steady_clock::time_point awaits_target_until_;
  std::shared_ptr<const DeliverStreamEvents> deliver_;  // null: no stream is open
  std::function<void(const Status&)> end_take_;         // empty: no stream is open
  std::function<void(NextWagon)> hand_on_;
  uint64_t accepted_ticks_ = 0;  // grows with every event NextToApply waits for
  uint64_t applied_sequence_ = 0;
  uint64_t accepted_sequence_ = 0;  // at least; what is beyond it is not in the inbox
  uint64_t handed_sequence_ = 0;    // to the present stream
  uint64_t written_sequence_ =
      0;  // of these, the last one, while it is small and no other thread may still be writing it
  uint64_t sender_has_ = 0;  // a small one, until it comes for the next
  uint32_t hand_on_window_ = 0;
  std::optional<EarlyWagon> early_;  // outlives its stream: only the next checkpoint tells what became of it
  FreshWagons fresh_;
  AppliedRun unwritten_;     // the inbox was not told yet
  uint64_t credit_out_ = 0;  // granted and not used
  uint64_t credit_owed_ = 0;
  std::chrono::steady_clock::time_point credit_given_at_;
  bool opened_ = false;       // the stream has its first word, and more credit may follow
  bool tip_to_tell_ = false;  // it became known while the stream was being opened
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
  std::vector<uint64_t> skipped_at_target_;               // as the applier said when it connected
  mutable std::optional<std::vector<uint64_t>> skipped_;  // Skipped's last answer, while it holds
};

}  // namespace srdf::receiver
