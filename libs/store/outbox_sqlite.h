// SqliteOutbox: the Outbox on one QueueDatabase. Its methods are spread over files by what they are for:
// outbox.cc (open, flow), outbox_writer.cc (storing), outbox_delivery.cc (the way to the destination:
// attempts and failures), outbox_notes.cc (the same when it goes well), outbox_retry.cc (waits, suspensions,
// an operator's retry), outbox_reconcile.cc (agreeing with the destination), outbox_query.cc (looking,
// purging), outbox_audit.cc (decisions).
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/dead_letter.h"
#include "store/outbox.h"
#include "store/outbox_schema.h"
#include "store/queue_database.h"
#include "store/wagon_rows.h"

namespace srdf::store {

// A flow row, within a transaction.
struct OutboxFlowRow {
  bool initialised = false;
  bool paused = false;
  ChainTip tip;
  // The tip that was adopted last: wagons of the flow are those stored after it.
  uint64_t base_sequence = 0;
  std::string base_hash;
  std::string base_gtid;
  std::string base_copy;
  uint64_t acked_sequence = 0;
  uint64_t applied_sequence = 0;
  std::optional<uint64_t> max_bytes_per_second;
  std::optional<int64_t> priority;
  int64_t failing_since_ms = 0;
  Suspension suspension;
  bool sends_early = false;
};

// One delivery, found by the flow's epoch and a sequence.
struct DeliveryRow {
  int64_t wagon_id = 0;
  uint64_t epoch = 0;
  DeliveryStatus status = DeliveryStatus::kSealed;
  uint32_t attempts = 0;
  bool there = false;  // the destination has said that it holds the wagon
  std::string hash;    // of the frame
};

class SqliteOutbox final : public Outbox {
 public:
  explicit SqliteOutbox(std::unique_ptr<QueueDatabase> db) : db_(std::move(db)) {}
  StoreDisk* disk() override { return db_.get(); }
  // Removes what a killed owner left unfinished.
  Status Recover();

  Result<OutboxFlow> GetFlow(const std::string& flow) override;
  Status SetPaused(const std::string& flow, bool paused) override;
  Status SetSendSettings(const std::string& flow, std::optional<uint64_t> max_bytes_per_second,
                         std::optional<int64_t> priority, const AuditEntry& entry) override;
  Result<std::unique_ptr<WagonWriter>> NewWagon(const std::string& flow) override;
  Result<bool> Reconcile(const std::string& flow, const ChainTip& destination) override;
  Status SetSendsEarly(const std::string& flow, bool sends_early) override;
  Result<std::optional<OutboxWagon>> NextToSend(const std::string& flow, uint64_t after) override;
  Result<std::string> ReadChunk(const std::string& flow, uint64_t sequence, uint32_t chunk_no) override;
  Result<std::string> ReadChunkOf(const std::string& uid, uint32_t chunk_no) override;
  Result<UnsentTail> GetUnsentTail(const std::string& flow, size_t wagons_max) override;
  Result<std::unique_ptr<TailReplacement>> ReplaceTail(const std::string& flow, uint64_t first_sequence,
                                                       std::vector<std::string> hashes) override;
  using Outbox::BeginAttempt;
  using Outbox::MarkSent;
  Status BeginAttempt(const std::string& flow, uint64_t sequence, const AttemptStart& start) override;
  Status MarkSent(const std::string& flow, uint64_t sequence, uint64_t bytes_sent) override;
  Status MarkAcked(const std::string& flow, uint64_t sequence, const std::string& outcome) override;
  Status MarkRetry(const std::string& flow, uint64_t sequence, const DeliveryFailure& failure) override;
  Status MarkDeadLetter(const std::string& flow, uint64_t sequence, const DeliveryFailure& failure) override;
  Status MarkApplied(const std::string& flow, uint64_t sequence) override;
  Result<std::vector<uint64_t>> Note(const std::string& flow, const DeliveryNotes& notes) override;
  Result<UnappliedWagons> Unapplied(const std::string& flow, size_t wagons_max) override;
  Status MarkFailed(const std::string& flow, uint64_t sequence, const DeliveryFailure& failure) override;
  Status Requeue(const std::string& flow) override;
  Result<uint64_t> Retry(const std::string& flow, uint64_t sequence, const std::string& actor,
                         const std::string& reason) override;
  Status SetFailingSince(const std::string& flow, int64_t since_ms) override;
  Status Suspend(const std::string& flow, const Suspension& suspension) override;
  Status EndSuspension(const std::string& flow) override;
  Result<std::optional<OutboxWagon>> GetDelivery(const std::string& flow, uint64_t sequence) override;
  Result<std::vector<OutboxWagon>> ListDeliveries(const std::string& flow,
                                                  const DeliveryFilter& filter) override;
  Result<std::vector<OutboxWagon>> List(const std::string& flow, uint64_t before_sequence,
                                        uint32_t limit) override;
  Result<std::vector<OutboxWagon>> ListMerged(const std::string& flow, uint32_t limit) override;
  Result<std::optional<OutboxWagon>> Find(const std::string& uid_prefix) override;
  Result<std::vector<DeliveryAttempt>> Attempts(const std::string& flow, uint64_t sequence) override;
  Result<std::vector<StatusCount>> Counts(const std::string& flow) override;
  Result<FlowTotals> Totals(const std::string& flow) override;
  Result<uint64_t> Purge(const std::string& flow, int64_t applied_before_ms) override;
  Result<std::vector<DeadLetter>> ListDeadLetters(const std::string& flow, bool all, uint32_t limit) override;
  Status DecideSkip(const std::string& flow, uint64_t sequence, const std::string& reason,
                    const std::string& actor) override;
  Result<std::vector<PendingSkip>> PendingSkips(const std::string& flow) override;
  Status SettleSkips(const std::string& flow, uint64_t applied,
                     const std::vector<uint64_t>& skipped) override;
  Result<uint64_t> AcknowledgeSkips(const std::string& flow, const std::string& actor) override;
  Status Audit(const AuditEntry& entry) override;
  Result<std::vector<AuditEntry>> ListAudit(const std::string& flow, int64_t before_id,
                                            uint32_t limit) override;

 private:
  const std::unique_ptr<QueueDatabase> db_;
  std::atomic<int64_t> next_wagon_id_{1};
  int64_t first_own_wagon_id_ = 1;  // older ones were stored before Open
  std::mutex agreed_mu_;
  std::set<std::string> agreed_;  // flows whose destination was asked since Open; guarded by agreed_mu_
};

// Steps shared by those files; all run inside a QueueDatabase body.

// Nothing for a flow that has no row.
std::optional<OutboxFlowRow> ReadOutboxFlow(Connection& connection, const std::string& flow);
void EnsureOutboxFlow(Connection& connection, const std::string& flow);
// kNotFound when the flow's epoch has no live wagon of this sequence.
Result<DeliveryRow> FindDelivery(Connection& connection, const std::string& flow, uint64_t sequence);
// Where the step leads; nothing when the row stays as it is.
std::optional<DeliveryStatus> StepTarget(DeliveryEvent event, const DeliveryRow& row);
// Of the wagon's newest attempt, unless it has ended.
void EndAttempt(Connection& connection, const DeliveryRow& row, const std::string& outcome,
                const DeliveryFailure& failure);
// Closes the open dead letters of sequences first..last whose wagons are not dead letters any more.
void ResolveDeadLetters(Connection& connection, const std::string& flow, uint64_t epoch, uint64_t first,
                        uint64_t last, const char* resolution);

// at_ms and audit_id are filled in.
void InsertAudit(Connection& connection, const AuditEntry& entry);
// They throw for a word that there is not.
DeliveryStatus ParseStatus(const std::string& word);
ErrorClass ParseErrorClass(const std::string& word);

}  // namespace srdf::store
