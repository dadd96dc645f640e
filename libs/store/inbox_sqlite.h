// SqliteInbox: the Inbox on one QueueDatabase. Its methods are spread over files by what they are for:
// inbox.cc (open, flow, looking, purging), inbox_receive.cc (taking a wagon in), inbox_checkpoint.cc
// (agreeing with the target), inbox_apply.cc (giving wagons out, and what became of them), inbox_skip.cc
// (wagons that are not to be applied).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/inbox.h"
#include "store/inbox_memory.h"
#include "store/queue_database.h"
#include "store/wagon_rows.h"

namespace srdf::store {

// A flow row, within a transaction.
struct InboxFlowRow {
  bool tip_known = false;
  ChainTip tip;
  // Position of the checkpoint at sequence 0, when one was told.
  std::string start_gtid;
  std::string start_copy;
  uint64_t applied_epoch = 0;
  uint64_t applied_sequence = 0;
  uint64_t failed_sequence = 0;
  std::string failed_error;
};

struct PartialRow {
  int64_t wagon_id = 0;
  uint64_t epoch = 0;
  PartialWagon wagon;
  uint64_t bytes = 0;
};

InboxFlow FlowAsStored(Connection& connection, const std::string& flow);

class SqliteInbox final : public Inbox {
 public:
  explicit SqliteInbox(std::unique_ptr<QueueDatabase> db) : db_(std::move(db)) {}
  bool was_left_open() const override { return db_->was_left_open(); }
  StoreDisk* disk() override { return db_.get(); }

  Result<InboxFlow> GetFlow(const std::string& flow) override;
  Result<InboxFlow> RecentFlow(const std::string& flow) override;
  Result<PartialWagon> GetPartial(const std::string& flow) override;
  Status BeginWagon(const std::string& flow, uint64_t sequence, const std::string& uid,
                    const std::string& hash) override;
  Status AppendChunk(const std::string& flow, uint64_t sequence, uint32_t chunk_no,
                     std::string_view bytes) override;
  Status Accept(const WagonHeader& header, const std::string& hash) override;
  Status AcceptWhole(const WagonHeader& header, const std::string& hash, std::string_view frame) override;
  Status DropPartial(const std::string& flow) override;
  Status TruncatePartial(const std::string& flow, uint32_t chunks) override;
  Status NoteRefusal(const InboxRefusal& refusal) override;
  Result<std::vector<InboxRefusal>> Refusals(const std::string& flow, uint32_t limit) override;
  Result<std::vector<RefusalCount>> RefusalCounts(const std::string& flow) override;
  Result<SkipOutcome> Skip(const WagonHeader& header, const std::string& hash,
                           const SkipDecision& decision) override;
  Result<std::vector<uint64_t>> Skipped(const std::string& flow, uint32_t limit) override;
  Status AdoptCheckpoint(const std::string& flow, const ChainTip& checkpoint,
                         const std::vector<uint64_t>& skipped) override;
  Result<std::optional<InboxWagon>> NextToApply(const std::string& flow, uint64_t after) override;
  Result<std::string> ReadChunk(const std::string& flow, uint64_t sequence, uint32_t chunk_no) override;
  Status MarkApplied(const std::string& flow, uint64_t sequence, bool skipped) override;
  Status MarkEachApplied(const std::string& flow, uint64_t first, uint64_t last) override;
  Status MarkFailed(const std::string& flow, uint64_t sequence, const std::string& error) override;
  Result<std::vector<InboxWagon>> List(const std::string& flow, uint64_t before_sequence,
                                       uint32_t limit) override;
  Result<std::optional<InboxWagon>> Find(const std::string& uid_prefix) override;
  Result<uint64_t> Purge(const std::string& flow, int64_t applied_before_ms) override;

 private:
  Status MarkUpTo(const std::string& flow, uint64_t first, uint64_t last);
  // A write that moves what GetFlow tells: remembered as it leaves the flow.
  template <typename Body>
  std::invoke_result_t<Body&, Connection&> WriteFlow(Durability durability, const std::string& flow,
                                                     Body&& body) {
    std::optional<InboxMemory::Entry> entry;
    auto result = db_->Write(durability, [&](Connection& c) {
      auto done = body(c);
      if (done.ok()) entry = {memory_.NextNumber(), db_->generation(), FlowAsStored(c, flow)};
      return done;
    });
    if (result.ok() && entry) memory_.Keep(flow, std::move(*entry));
    return result;
  }

  const std::unique_ptr<QueueDatabase> db_;
  InboxMemory memory_;
};

// Steps shared by those files; all run inside a QueueDatabase body.

std::optional<InboxFlowRow> ReadInboxFlow(Connection& connection, const std::string& flow);
void EnsureInboxFlow(Connection& connection, const std::string& flow);
void SetInboxTip(Connection& connection, const std::string& flow, const ChainTip& tip);
std::optional<PartialRow> ReadPartial(Connection& connection, const std::string& flow);
void DropPartialRow(Connection& connection, const PartialRow& partial);
// kAborted unless the wagon is the one after the flow's tip.
Status CheckFits(const std::optional<InboxFlowRow>& flow, const WagonHeader& header);
// Wagons that were to be skipped turn out to be applied: first..last, but those of `skipped`.
void SettleSkips(Connection& connection, const std::string& flow, uint64_t epoch, uint64_t first,
                 uint64_t last, const std::vector<uint64_t>& skipped);
void MarkAppliedUpTo(Connection& connection, const std::string& flow, uint64_t epoch, uint64_t sequence);

// Columns of ReadInboxWagon: the wagon's own, then status, applied_at_ms, error, the decision to skip.
std::string SelectInboxWagons(const std::string& tail);
InboxWagon ReadInboxWagon(Connection& connection, const Query& query);

}  // namespace srdf::store
