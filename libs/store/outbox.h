// Outbox: the durable queue of sealed wagons at the source site (outbox.db, SQLite, WAL mode, full sync).
//
// Owned by the shipper. Tables: flow, wagon, wagon_chunk, delivery, delivery_attempt, dead_letter, audit; any
// SQLite tool can read them. Frames are opaque: they arrive and leave in pieces (chunks), so a wagon of any
// size needs only a chunk of memory. docs/formats/outbox.md describes every column.
//
// Thread rules: all methods may be called from any thread; each is one SQLite transaction under a mutex.
// Durable on return: everything a call says it did, unless its comment says otherwise.
// After a crash: a wagon is either wholly there or absent (its stray chunks are removed by Open).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/delivery.h"
#include "model/wagon.h"
#include "store/delivery_machine.h"
#include "store/store_health.h"
#include "store/store_options.h"

namespace srdf::store {

// One wagon as the outbox knows it.
struct OutboxWagon {
  WagonHeader header;
  std::string hash;  // frame hash, 32 bytes
  uint64_t frame_bytes = 0;
  uint32_t chunk_count = 0;
  int64_t stored_at_ms = 0;
  bool payload_present = true;  // false: purged, or adopted from the destination
  DeliveryStatus status = DeliveryStatus::kPending;
  uint32_t attempts = 0;
  std::string last_error;
  int64_t acked_at_ms = 0;
  int64_t applied_at_ms = 0;
  ErrorClass error_class = ErrorClass::kNone;  // of last_error
  uint32_t failed_attempts = 0;                // those that count against the retry schedule
  int64_t next_attempt_at_ms = 0;              // 0: as soon as its turn comes
  std::string merged_into;                     // uid of the wagon that carries its content; empty: none
};

struct DeliveryAttempt {
  uint32_t attempt = 0;
  int64_t started_at_ms = 0;
  int64_t ended_at_ms = 0;  // 0: not ended
  std::string outcome;      // "accepted", "duplicate", "network: …"
  std::string where_to;     // address
  uint32_t first_chunk = 0;
  uint64_t bytes_sent = 0;
  std::string receipt;  // ReceiptKindName; empty: none came
  std::string reason;   // ReceiptReasonName
  ErrorClass error_class = ErrorClass::kNone;
  std::string error;
};

// Where an attempt goes, and from which chunk on. With a hash, only of the wagon that was looked up:
// kNotFound when it was merged, or became a dead letter, since.
struct AttemptStart {
  std::string where_to;
  uint32_t first_chunk = 0;
  std::string hash = {};  // empty: whichever wagon has the sequence
  bool first = false;     // also kNotFound unless it is still as it was stored, without any attempt
};

// What went well, of several wagons: MarkSent, MarkAcked and MarkApplied in one call.
struct DeliveryNotes {
  struct Sent {
    uint64_t sequence = 0;
    uint64_t bytes_sent = 0;
  };
  struct Arrived {
    uint64_t sequence = 0;
    std::string outcome;  // "accepted" or "duplicate"
    uint64_t bytes_sent = 0;
  };
  std::vector<Sent> sent;
  std::vector<Arrived> arrived;
  uint64_t applied = 0;  // 0: nothing
  bool empty() const { return sent.empty() && arrived.empty() && applied == 0; }
};

// The wagons that are not applied, oldest first.
struct UnappliedWagons {
  struct Wagon {
    uint64_t sequence = 0;
    uint64_t frame_bytes = 0;
  };
  uint64_t tip_sequence = 0;
  std::vector<Wagon> wagons;
  bool all = true;  // false: there are more
};

// What an attempt failed of, and what follows; a text alone stands for an error without a class.
struct DeliveryFailure {
  DeliveryFailure() = default;
  DeliveryFailure(std::string text) : error(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  DeliveryFailure(const char* text) : error(text) {}             // NOLINT(google-explicit-constructor)
  ErrorClass error_class = ErrorClass::kNone;
  std::string receipt;  // ReceiptKindName; empty: none came
  std::string reason;   // ReceiptReasonName
  std::string error;
  uint64_t bytes_sent = 0;         // by this attempt; 0: as MarkSent said
  bool counts = false;             // against the retry schedule
  int64_t next_attempt_at_ms = 0;  // wall clock, to survive a restart; 0: as soon as its turn comes
};

// What List of deliveries is about; newest first.
struct DeliveryFilter {
  std::vector<DeliveryStatus> statuses;        // empty: any
  ErrorClass error_class = ErrorClass::kNone;  // kNone: any
  uint64_t before_sequence = 0;                // 0: from the newest
  uint32_t limit = 50;
};

// An operator's (or the program's own) decision, kept for ever.
struct AuditEntry {
  int64_t audit_id = 0;  // given by the outbox
  int64_t at_ms = 0;     // the same
  std::string actor;     // who asked
  std::string action;    // "delivery.retry", "deadletter.skip", …
  std::string flow;
  uint64_t epoch = 0;
  uint64_t sequence = 0;  // 0: of no one wagon
  std::string uid;
  std::string reason;  // as the actor gave it
  std::string detail;  // what was done
};

// Why a flow's deliveries are suspended; at_ms 0: they are not.
struct Suspension {
  int64_t at_ms = 0;  // since when; 0: not suspended
  ErrorClass error_class = ErrorClass::kNone;
  std::string error;
  std::string remedy;
  uint64_t sequence = 0;  // of the wagon that is refused; 0: no wagon is to blame
};

struct OutboxFlow {
  std::string flow;
  bool initialised = false;  // a tip is known, so capture can be told where to resume
  bool paused = false;
  ChainTip tip;  // of the last wagon stored or adopted
  uint64_t unapplied_wagons = 0;
  uint64_t unapplied_bytes = 0;  // frame bytes
  uint64_t unacked_wagons = 0;
  uint64_t acked_sequence = 0;                   // the highest one the destination has
  uint64_t applied_sequence = 0;                 // the highest one it has applied
  int64_t oldest_unapplied_commit_ms = 0;        // source commit time of the first wagon not applied; 0: none
  std::optional<uint64_t> max_bytes_per_second;  // nothing: as configured
  std::optional<int64_t> priority;               // nothing: as configured
  int64_t failing_since_ms = 0;                  // since when the destination cannot be reached; 0: it can
  Suspension suspension;
  bool sends_early = false;  // wagons may be sent before they are stored: the destination may have one more
};

// A wagon at the end of the queue of which nothing has left.
struct UnsentWagon {
  uint64_t sequence = 0;
  std::string uid;
  std::string hash;
  SealReason seal_reason = SealReason::kUnknown;
  uint64_t statements = 0;
  uint64_t rows_after = 0;
  uint64_t payload_raw_bytes = 0;
  uint64_t frame_bytes = 0;
};

// The tip before the unsent wagons, and these, oldest first.
struct UnsentTail {
  ChainTip before;
  std::vector<UnsentWagon> wagons;
};

struct StatusCount {
  std::string status;
  uint64_t wagons = 0;
  uint64_t bytes = 0;
};

struct FlowTotals {  // over all wagons ever stored for the flow, purged ones included
  uint64_t wagons = 0, transactions = 0, rows_before = 0, rows_after = 0, statements = 0;
  uint64_t source_bytes = 0, bytes_before = 0, payload_raw_bytes = 0, payload_compressed_bytes = 0;
};

// Takes one frame piece by piece. Destroying it before Commit removes what was written. Not to outlive its
// outbox; one thread at a time.
class WagonWriter {
 public:
  virtual ~WagonWriter() = default;
  // Pieces may have any size; they are stored in pieces of kChunkBytes. After a failure the writer is only
  // good for being destroyed.
  virtual Status Append(std::string_view bytes) = 0;
  // The wagon becomes visible and durable. `header` and `hash` come from the verified frame. Fails with
  // kAborted, and stores nothing, when the wagon does not fit the flow's tip any more, or the file
  // was opened again after an I/O error since the writer began. After kResourceExhausted (disk full) it may
  // be called again. With `begun` the wagon has been sent already, by an attempt that began like that: it is
  // on record in the same transaction, so that nobody takes the wagon for one that was never sent.
  virtual Status Commit(const WagonHeader& header, const std::string& hash, const AttemptStart* begun) = 0;
  Status Commit(const WagonHeader& header, const std::string& hash) { return Commit(header, hash, nullptr); }
};

// Takes the wagons that a part of the unsent ones is merged into, frame by frame. Destroying it before Commit
// removes what was written. Not to outlive its outbox; one thread at a time.
class TailReplacement {
 public:
  virtual ~TailReplacement() = default;
  // The next bytes of a frame.
  virtual Status Append(std::string_view bytes) = 0;
  // The frame is complete: it holds what the next `covers` of the replaced wagons hold.
  virtual Status EndWagon(const WagonHeader& header, const std::string& hash, size_t covers) = 0;
  // In one transaction: the replaced wagons are `merged`, give up their sequence numbers and name the wagon
  // that carries their content; the new ones are the end of the queue; an audit row says by whom. Returns the
  // new tip. kAborted, and nothing has changed, when one of them was sent meanwhile or the tip has moved;
  // kInvalidArgument when the new wagons do not carry all that the old ones do.
  virtual Result<ChainTip> Commit(const std::string& actor) = 0;
};

constexpr size_t kChunkBytes = 1u << 20;
constexpr uint32_t kAttemptsKeptFirst = 5;
constexpr uint32_t kAttemptsKeptLast = 50;

struct DeadLetter;
struct PendingSkip;

class Outbox {
 public:
  // Creates or opens the database; checks its integrity and format version; removes unfinished wagons.
  // kUnavailable when another process has it, kFailedPrecondition when a newer program wrote it, kDataLoss
  // when it is damaged.
  static Result<std::unique_ptr<Outbox>> Open(const std::string& path);
  static Result<std::unique_ptr<Outbox>> Open(const std::string& path, const StoreOptions& options);
  virtual ~Outbox() = default;

  // What the disk lets it do. Lives as long as the outbox.
  virtual StoreDisk* disk() = 0;

  virtual Result<OutboxFlow> GetFlow(const std::string& flow) = 0;
  virtual Status SetPaused(const std::string& flow, bool paused) = 0;
  // What an operator set for sending; nothing: as configured. Written with its audit entry.
  virtual Status SetSendSettings(const std::string& flow, std::optional<uint64_t> max_bytes_per_second,
                                 std::optional<int64_t> priority, const AuditEntry& entry) = 0;
  virtual Result<std::unique_ptr<WagonWriter>> NewWagon(const std::string& flow) = 0;

  // Makes the outbox agree with what the destination says it has. When the destination has more than the
  // outbox (a new or restored outbox, a lost tail), the tip moves to the destination's and differing local
  // wagons after the common part become superseded. When the destination has less (a lost inbox tail),
  // later wagons that still have their payload become pending again. Returns true when the tip moved:
  // sessions that were told the old resume position must be closed. kDataLoss when the destination needs
  // wagons whose payload is gone, with the remedy.
  virtual Result<bool> Reconcile(const std::string& flow, const ChainTip& destination) = 0;

  // Whether wagons may be sent before they are stored (OutboxFlow::sends_early). While that is on record a
  // restarted shipper stores nothing before the destination has agreed. True is durable on return, false as
  // BeginAttempt is: a power failure may take it back, which is safe.
  virtual Status SetSendsEarly(const std::string& flow, bool sends_early) = 0;

  // The first wagon with sequence > after that still has to be sent, or is a dead letter; nothing if none.
  // It may be a dead letter (see its status): nothing is to be sent past one.
  virtual Result<std::optional<OutboxWagon>> NextToSend(const std::string& flow, uint64_t after) = 0;
  virtual Result<std::string> ReadChunk(const std::string& flow, uint64_t sequence, uint32_t chunk_no) = 0;

  // A chunk of one wagon, whatever has become of it; the other finds it as the chain's.
  virtual Result<std::string> ReadChunkOf(const std::string& uid, uint32_t chunk_no) = 0;

  // The wagons at the end of the queue that were never sent, at most the newest `wagons_max`. What a restored
  // or torn file says of sending is not believed: a wagon that was stored before this outbox was opened
  // counts only once the destination has agreed.
  virtual Result<UnsentTail> GetUnsentTail(const std::string& flow, size_t wagons_max) = 0;
  // Begins to replace the wagons from `first_sequence` to the tip, whose hashes these are.
  virtual Result<std::unique_ptr<TailReplacement>> ReplaceTail(const std::string& flow,
                                                               uint64_t first_sequence,
                                                               std::vector<std::string> hashes) = 0;

  // The way of a wagon, by the steps of store/delivery_machine.h. An attempt is a row; of each wagon the
  // first kAttemptsKeptFirst and the last kAttemptsKeptLast are kept. What the destination says again after a
  // reconnect is not synced to disk: sending, sent, acked and applied survive a crash of the process, but a
  // power failure may take the newest of them back (Reconcile and the next MarkApplied mend that). retry,
  // dead_letter, failed and all else is durable on return.
  virtual Status BeginAttempt(const std::string& flow, uint64_t sequence, const AttemptStart& start) = 0;
  Status BeginAttempt(const std::string& flow, uint64_t sequence) {
    return BeginAttempt(flow, sequence, AttemptStart());
  }
  virtual Status MarkSent(const std::string& flow, uint64_t sequence, uint64_t bytes_sent) = 0;
  Status MarkSent(const std::string& flow, uint64_t sequence) { return MarkSent(flow, sequence, 0); }
  // `outcome`: "accepted" or "duplicate".
  virtual Status MarkAcked(const std::string& flow, uint64_t sequence, const std::string& outcome) = 0;
  virtual Status MarkRetry(const std::string& flow, uint64_t sequence, const DeliveryFailure& failure) = 0;
  virtual Status MarkDeadLetter(const std::string& flow, uint64_t sequence,
                                const DeliveryFailure& failure) = 0;
  // Every wagon up to and including `sequence` is applied.
  virtual Status MarkApplied(const std::string& flow, uint64_t sequence) = 0;
  // Those three at once: one transaction. Returns the sequences of arrivals that the flow does not have.
  virtual Result<std::vector<uint64_t>> Note(const std::string& flow, const DeliveryNotes& notes) = 0;
  // The applier could not apply this wagon; it stays at the receiver. Shown, cleared by MarkApplied.
  virtual Status MarkFailed(const std::string& flow, uint64_t sequence, const DeliveryFailure& failure) = 0;
  // Operator's word: failed and dead-letter deliveries of the flow are tried again, and waits are over.
  virtual Status Requeue(const std::string& flow) = 0;
  // The same of one wagon (0: all), audited when it changes something. Returns how many it changed.
  virtual Result<uint64_t> Retry(const std::string& flow, uint64_t sequence, const std::string& actor,
                                 const std::string& reason) = 0;

  // The flow as a whole. Since when its destination cannot be reached (0: it can); wall clock, to survive a
  // restart. A suspension keeps its beginning while its class stays the same.
  virtual Status SetFailingSince(const std::string& flow, int64_t since_ms) = 0;
  virtual Status Suspend(const std::string& flow, const Suspension& suspension) = 0;
  // Both are over. Free when neither is on record.
  virtual Status EndSuspension(const std::string& flow) = 0;

  virtual Result<UnappliedWagons> Unapplied(const std::string& flow, size_t wagons_max) = 0;
  virtual Result<std::optional<OutboxWagon>> GetDelivery(const std::string& flow, uint64_t sequence) = 0;
  virtual Result<std::vector<OutboxWagon>> ListDeliveries(const std::string& flow,
                                                          const DeliveryFilter& filter) = 0;
  virtual Result<std::vector<OutboxWagon>> List(const std::string& flow, uint64_t before_sequence,
                                                uint32_t limit) = 0;  // newest first; before 0: from the end
  // Wagons that were merged into others, which List leaves out; newest first.
  virtual Result<std::vector<OutboxWagon>> ListMerged(const std::string& flow, uint32_t limit) = 0;
  virtual Result<std::optional<OutboxWagon>> Find(const std::string& uid_prefix) = 0;
  virtual Result<std::vector<DeliveryAttempt>> Attempts(const std::string& flow, uint64_t sequence) = 0;
  virtual Result<std::vector<StatusCount>> Counts(const std::string& flow) = 0;
  virtual Result<FlowTotals> Totals(const std::string& flow) = 0;

  // Dead letters (store/dead_letter.h), newest first; those that an operator still has to do with, or all.
  virtual Result<std::vector<DeadLetter>> ListDeadLetters(const std::string& flow, bool all,
                                                          uint32_t limit) = 0;
  // An operator gives the wagon up; durable and audited on return. kFailedPrecondition unless it is the next
  // one to be applied and stands still (dead_letter, failed). The same wagon again changes nothing.
  virtual Status DecideSkip(const std::string& flow, uint64_t sequence, const std::string& reason,
                            const std::string& actor) = 0;
  // Decisions that the target has not confirmed, in sequence.
  virtual Result<std::vector<PendingSkip>> PendingSkips(const std::string& flow) = 0;
  // The target is past `applied` and has skipped `skipped`: decisions up to there are settled, as skipped or
  // as come too late. To be called before MarkApplied.
  virtual Status SettleSkips(const std::string& flow, uint64_t applied,
                             const std::vector<uint64_t>& skipped) = 0;
  // An operator has taken note of what the target lacks. Returns of how many wagons.
  virtual Result<uint64_t> AcknowledgeSkips(const std::string& flow, const std::string& actor) = 0;

  // Writes down a decision; durable on return. Acts of this class that are audited write their own entry.
  virtual Status Audit(const AuditEntry& entry) = 0;
  // Newest first; before_id 0: from the newest; an empty flow: of all flows.
  virtual Result<std::vector<AuditEntry>> ListAudit(const std::string& flow, int64_t before_id,
                                                    uint32_t limit) = 0;

  // Removes applied wagons older than `applied_before_ms`, never the newest one. Returns how many.
  virtual Result<uint64_t> Purge(const std::string& flow, int64_t applied_before_ms) = 0;
};

}  // namespace srdf::store
