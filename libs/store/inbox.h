// Inbox: the durable queue of received wagons at the target site (inbox.db, SQLite, WAL mode, full sync).
//
// Owned by the receiver. Tables: flow, wagon, wagon_chunk, ack, refusal; any SQLite tool can read them. Wagon
// status: receiving, accepted, applied, failed, skipped. A wagon may be received in chunks over several
// connections; the chunks already on disk are kept, so a broken connection resumes where it stopped.
//
// Thread rules: all methods may be called from any thread; each is one SQLite transaction under a mutex.
// Durable on return: everything a call says it did.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/skip.h"
#include "model/wagon.h"
#include "store/store_health.h"
#include "store/store_options.h"

namespace srdf::store {

enum class InboxStatus { kReceiving, kAccepted, kApplied, kFailed, kSkipped };
const char* InboxStatusName(InboxStatus status);

struct InboxWagon {
  WagonHeader header;
  std::string hash;
  uint64_t frame_bytes = 0;
  uint32_t chunk_count = 0;
  int64_t received_at_ms = 0;
  int64_t applied_at_ms = 0;
  InboxStatus status = InboxStatus::kReceiving;
  std::string error;  // why it failed
  bool payload_present = true;
  // An operator's decision not to apply it. With status applied it came too late: the target has the wagon.
  std::optional<SkipDecision> skip;
};

// What became of a decision to skip a wagon.
enum class SkipOutcome {
  kSkipped,     // the applier is told so, in the wagon's turn; or was already
  kWasApplied,  // too late, the target has its changes
  kPassed,      // the target is past it, and this inbox no longer knows how
};

struct InboxFlow {
  std::string flow;
  bool tip_known = false;  // a wagon was accepted or a checkpoint was told
  ChainTip tip;            // last accepted wagon, or the checkpoint when that is ahead
  uint64_t applied_sequence = 0;
  uint64_t applied_epoch = 0;
  uint64_t unapplied_wagons = 0;
  uint64_t unapplied_bytes = 0;
  uint64_t failed_sequence = 0;  // 0: none
  std::string failed_error;
};

// What is on disk of a wagon still being received; all zero when nothing.
struct PartialWagon {
  uint64_t sequence = 0;
  std::string uid;
  std::string hash;
  uint32_t chunks = 0;
};

// Somebody sent what was not accepted: kept so that loss, replay and tampering can be seen afterwards.
struct InboxRefusal {
  std::string flow;
  int64_t at_ms = 0;
  uint64_t sequence = 0;  // as it was announced
  std::string uid;
  std::string receipt;  // words of libs/model/delivery.h
  std::string reason;
  std::string error;
  std::string peer;  // who sent it
};
constexpr uint32_t kRefusalsKept = 1000;  // per flow, the newest ones
constexpr size_t kRefusalErrorBytesMax = 500;

// All refusals ever, also those that are no longer kept one by one.
struct RefusalCount {
  std::string receipt;
  std::string reason;
  uint64_t refusals = 0;
  int64_t first_at_ms = 0;
  int64_t last_at_ms = 0;
};

class Inbox {
 public:
  // kUnavailable when another process has it, kFailedPrecondition when a newer program wrote it, kDataLoss
  // when it is damaged.
  static Result<std::unique_ptr<Inbox>> Open(const std::string& path);
  static Result<std::unique_ptr<Inbox>> Open(const std::string& path, const StoreOptions& options);
  virtual ~Inbox() = default;

  // Whether its last owner had no time to close it: it was killed, or the host went down.
  virtual bool was_left_open() const = 0;
  // What the disk lets it do. Lives as long as the inbox.
  virtual StoreDisk* disk() = 0;

  virtual Result<InboxFlow> GetFlow(const std::string& flow) = 0;
  // As the last write of this object left it, mostly from memory: for what is asked with every wagon. What an
  // operator's own tool changes in the file is seen after the next write.
  virtual Result<InboxFlow> RecentFlow(const std::string& flow) = 0;
  virtual Result<PartialWagon> GetPartial(const std::string& flow) = 0;

  // Begins (or, for the same uid and hash, goes on with) the wagon; another partial wagon of the flow is
  // dropped. kAlreadyExists when the inbox's tip is at or past this sequence.
  virtual Status BeginWagon(const std::string& flow, uint64_t sequence, const std::string& uid,
                            const std::string& hash) = 0;
  // Chunks come in order; one that is on disk already is ignored. kAborted when an earlier one is missing, or
  // no such wagon was begun. After a power failure the last chunks may be gone: GetPartial tells.
  virtual Status AppendChunk(const std::string& flow, uint64_t sequence, uint32_t chunk_no,
                             std::string_view bytes) = 0;
  // The partial wagon is whole and verified: accepted, durable. kAborted when it does not fit the tip, or
  // while the tip is unknown (the starting point is the applier's to tell); the partial wagon stays.
  virtual Status Accept(const WagonHeader& header, const std::string& hash) = 0;
  // A wagon of one chunk, verified: stored and accepted in one transaction, durable. Another partial wagon of
  // the flow is dropped. Refused as BeginWagon and Accept would; then nothing has changed.
  virtual Status AcceptWhole(const WagonHeader& header, const std::string& hash, std::string_view frame) = 0;
  virtual Status DropPartial(const std::string& flow) = 0;
  // Only the first `chunks` of the partial wagon stay, if it has more.
  virtual Status TruncatePartial(const std::string& flow, uint32_t chunks) = 0;
  // The wagon is not to be applied, whether it is here or is the next one to come (what is here of it as a
  // partial wagon is dropped, its payload is not needed). kAborted when it neither is here nor fits the tip.
  // The same decision again is the same outcome.
  virtual Result<SkipOutcome> Skip(const WagonHeader& header, const std::string& hash,
                                   const SkipDecision& decision) = 0;
  // Wagons that the target has skipped, as it said itself; newest first, at most `limit`.
  virtual Result<std::vector<uint64_t>> Skipped(const std::string& flow, uint32_t limit) = 0;

  // Not synced to disk: a power failure may take the newest ones.
  virtual Status NoteRefusal(const InboxRefusal& refusal) = 0;
  virtual Result<std::vector<InboxRefusal>> Refusals(const std::string& flow,
                                                     uint32_t limit) = 0;  // newest first
  virtual Result<std::vector<RefusalCount>> RefusalCounts(const std::string& flow) = 0;

  // The applier's checkpoint: everything up to it is applied. Moves the tip forward when it is ahead of it.
  // kDataLoss when the inbox holds a different wagon under the checkpoint's sequence, or does not hold what
  // follows the checkpoint. Wagons after it that were applied (the target lost its last commits) are to be
  // applied again. kFailedPrecondition when it is of another epoch. Not synced to disk, nor is MarkApplied:
  // the checkpoint in the target is the truth, and is told again. `skipped`: wagons up to the checkpoint that
  // the target has skipped; one that was to be skipped and is not among them was applied.
  virtual Status AdoptCheckpoint(const std::string& flow, const ChainTip& checkpoint,
                                 const std::vector<uint64_t>& skipped = {}) = 0;

  // The first wagon with sequence > after that is not applied; to be skipped, if its status says so.
  // kDataLoss when one is missing before it.
  virtual Result<std::optional<InboxWagon>> NextToApply(const std::string& flow, uint64_t after) = 0;
  virtual Result<std::string> ReadChunk(const std::string& flow, uint64_t sequence, uint32_t chunk_no) = 0;
  // Every wagon up to and including `sequence` is applied; with `skipped`, this one was skipped instead.
  virtual Status MarkApplied(const std::string& flow, uint64_t sequence, bool skipped = false) = 0;
  // The same, when the target has said of each of `first` to `last` that it is applied.
  virtual Status MarkEachApplied(const std::string& flow, uint64_t first, uint64_t last) = 0;
  virtual Status MarkFailed(const std::string& flow, uint64_t sequence, const std::string& error) = 0;

  virtual Result<std::vector<InboxWagon>> List(const std::string& flow, uint64_t before_sequence,
                                               uint32_t limit) = 0;  // newest first; before 0: from the end
  virtual Result<std::optional<InboxWagon>> Find(const std::string& uid_prefix) = 0;
  // Removes applied wagons older than `applied_before_ms`, never the newest one, nor a skipped one. Returns
  // how many.
  virtual Result<uint64_t> Purge(const std::string& flow, int64_t applied_before_ms) = 0;
};

}  // namespace srdf::store
