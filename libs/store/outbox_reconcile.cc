// Agreeing with the destination about where the chain of wagons ends.
//
// Each side may have lost its tail (a torn log, a restored disk) or everything. The destination's word wins,
// because its checkpoint lies in the target database beside the rows: capturing again from there is right
// whatever this outbox holds. D is the destination's tip, T ours:
//
//   outbox                 D                           done
//   not initialised        any                         T := D                                      (moved)
//   …1 2 3                 3                           wagons up to 3 are acked
//   …1 2 3                 5                           T := 5, unacked wagons superseded           (moved)
//   …1 2 3 4               2, the same 2               3 and 4 are pending again
//   …1 2 3 4               3', another 3               3 and 4 superseded, T := 3'                 (moved)
//   …1 2 3 4               0 at another position       all superseded, T := 0 (a new start)        (moved)
//   …1 2 3 applied         2                           kDataLoss: the target was reset
//   …      7 8             2                           kDataLoss: 3 to 6 are gone here
//
// D names one wagon only, so a common ancestor below it cannot be proven. Unacked wagons below D are
// superseded as well: whatever they hold lies before D's position and so is at the destination.
#include <fmt/format.h>

#include "store/outbox_sqlite.h"

namespace srdf::store {
namespace {

constexpr uint64_t kLastSequence = INT64_MAX;

class Reconciliation {
 public:
  Reconciliation(Connection& c, const std::string& flow, const ChainTip& destination)
      : c_(c), flow_(flow), d_(destination) {
    if (d_.sequence == 0 && d_.hash.empty()) d_.hash = ZeroHash();
  }

  Result<bool> Run() {
    EnsureOutboxFlow(c_, flow_);
    row_ = *ReadOutboxFlow(c_, flow_);
    if (!row_.initialised) return Adopt();
    if (d_.epoch != row_.tip.epoch) return OtherEpoch();
    if (d_.sequence == row_.tip.sequence && d_.hash == row_.tip.hash) {
      if (d_.sequence == 0 && !IsBase()) return Adopt();  // nothing was stored since; only the start moved
      ConfirmAcked();
      return false;
    }
    if (d_.sequence > row_.tip.sequence) {
      SupersedeUnacked(row_.tip.sequence);
      return Adopt();
    }
    if (d_.sequence == 0 && !IsBase()) return NewStart();
    bool known = false;
    if (HoldsDestinationTip(&known)) return SendAgain();
    if (!known) return Gone(d_.sequence + 1);
    return Diverged();
  }

 private:
  bool IsBase() const {
    if (row_.base_sequence != d_.sequence || row_.base_hash != d_.hash) return false;
    return d_.sequence != 0 || !d_.position.known() ||
           (d_.position.gtid == row_.base_gtid && d_.position.copy == row_.base_copy);
  }

  // `known`: there is something to compare with.
  bool HoldsDestinationTip(bool* known) {
    if (row_.base_sequence == d_.sequence) {
      *known = true;
      return row_.base_hash == d_.hash;
    }
    Query q(c_, "SELECT hash FROM wagon WHERE flow = ? AND epoch = ? AND sequence = ? AND superseded = 0",
            flow_, d_.epoch, d_.sequence);
    *known = q.Step();
    return *known && q.Text(0) == ToHex(d_.hash);
  }

  // The destination has less than was stored here; ordinary while wagons wait.
  Result<bool> SendAgain() {
    if (row_.applied_sequence > d_.sequence) return TargetWasReset();
    uint64_t held = 0;
    {
      Query q(c_,
              "SELECT count(*) FROM wagon WHERE flow = ? AND epoch = ? AND sequence > ? AND superseded = 0"
              " AND payload_present = 1",
              flow_, d_.epoch, d_.sequence);
      if (q.Step()) held = q.U64(0);
    }
    if (held != row_.tip.sequence - d_.sequence) return Gone(d_.sequence + 1);
    ConfirmAcked();
    static const std::string lost =
        "UPDATE delivery INDEXED BY delivery_unsettled SET status = 'pending', acked_at_ms = 0"
        " WHERE flow = ? AND epoch = ? AND sequence > ? AND status IN (" +
        MovesFrom(DeliveryEvent::kLostThere, DeliveryStatus::kPending) + ") AND " SRDF_UNSETTLED("");
    Query(c_, lost, flow_, d_.epoch, d_.sequence).Run();
    Query(c_, "UPDATE flow SET acked_sequence = ? WHERE flow = ?", d_.sequence, flow_).Run();
    return false;
  }

  Result<bool> Diverged() {
    if (row_.applied_sequence >= d_.sequence) return TargetWasReset();
    SupersedeUnacked(d_.sequence - 1);
    Supersede(
        d_.sequence, kLastSequence,
        "status IN ('sealed', 'pending', 'sending', 'sent', 'retry', 'dead_letter', 'acked', 'failed')");
    return Adopt();
  }

  Result<bool> NewStart() {
    row_.applied_sequence = 0;
    Supersede(0, kLastSequence, "status NOT IN ('superseded', 'merged')");
    return Adopt();
  }

  Result<bool> Adopt() {
    const std::string hash = ToHex(d_.hash);
    Query(c_,
          "UPDATE flow SET initialised = 1, tip_epoch = ?, tip_sequence = ?, tip_uid = ?, tip_hash = ?, "
          "tip_gtid = ?,"
          " tip_file = ?, tip_offset = ?, tip_copy = ?, base_sequence = ?, base_hash = ?, base_gtid = ?, "
          "base_copy = ?, acked_sequence = ?, applied_sequence = ? WHERE flow = ?",
          d_.epoch, d_.sequence, d_.uid, hash, d_.position.gtid, d_.position.file, d_.position.offset,
          Blob{d_.position.copy}, d_.sequence, hash, d_.position.gtid, Blob{d_.position.copy}, d_.sequence,
          std::min(row_.applied_sequence, d_.sequence), flow_)
        .Run();
    return true;
  }

  // Receipts up to D's sequence may have been lost on their way.
  void ConfirmAcked() {
    Query(c_,
          "UPDATE delivery_attempt SET ended_at_ms = ?, outcome = 'duplicate' WHERE ended_at_ms = 0 AND"
          " (wagon_id, destination) IN (SELECT wagon_id, destination FROM delivery INDEXED BY "
          "delivery_unsettled"
          "  WHERE flow = ? AND epoch = ? AND sequence <= ? AND " SRDF_UNSETTLED("") ")",
          NowMs(), flow_, d_.epoch, d_.sequence)
        .Run();
    static const std::string found =
        "UPDATE delivery INDEXED BY delivery_unsettled SET status = 'acked', acked_at_ms = ?, last_error = "
        "'',"
        " error_class = '', failed_attempts = 0, next_attempt_at_ms = 0"
        " WHERE flow = ? AND epoch = ? AND sequence <= ? AND (status <> 'dead_letter' OR acked_at_ms = 0)"
        " AND status IN (" +
        MovesFrom(DeliveryEvent::kFoundThere, DeliveryStatus::kAcked, Whereabouts::kHere) +
        ") AND " SRDF_UNSETTLED("");
    Query(c_, found, NowMs(), flow_, d_.epoch, d_.sequence).Run();
    ResolveDeadLetters(c_, flow_, d_.epoch, 0, d_.sequence, "acked");
    Query(c_, "UPDATE flow SET acked_sequence = max(acked_sequence, ?) WHERE flow = ?", d_.sequence, flow_)
        .Run();
  }

  void SupersedeUnacked(uint64_t last) {
    Supersede(0, last, "status IN ('sealed', 'pending', 'sending', 'sent', 'retry', 'dead_letter')");
  }

  // Wagons first..last whose delivery is as `condition` says give up their sequence numbers; rows stay.
  void Supersede(uint64_t first, uint64_t last, const std::string& condition) {
    const std::string range = "flow = ?1 AND epoch = ?2 AND sequence BETWEEN ?3 AND ?4 AND superseded = 0";
    Query(c_,
          "UPDATE delivery SET status = 'superseded' WHERE wagon_id IN (SELECT wagon_id FROM wagon WHERE " +
              range + ") AND " + condition,
          flow_, row_.tip.epoch, first, last)
        .Run();
    Query(c_,
          "UPDATE wagon SET superseded = wagon_id, superseded_at_ms = ?5 WHERE " + range +
              " AND EXISTS (SELECT 1 FROM delivery d WHERE d.wagon_id = wagon.wagon_id AND d.status = "
              "'superseded')",
          flow_, row_.tip.epoch, first, last, NowMs())
        .Run();
    ResolveDeadLetters(c_, flow_, row_.tip.epoch, first, last, "superseded");
  }

  Status OtherEpoch() const {
    const bool fenced = d_.epoch > row_.tip.epoch;
    return {StatusCode::kFailedPrecondition,
            fmt::format("flow {}: the destination is at epoch {}, this outbox at epoch {}", flow_, d_.epoch,
                        row_.tip.epoch),
            fenced ? "this source is fenced, its role was taken over: rejoin it as a target, or start it "
                     "with an empty "
                     "outbox"
                   : "the destination missed a change of role: establish the flow again from this source"};
  }

  Status TargetWasReset() const {
    return {StatusCode::kDataLoss,
            fmt::format(
                "flow {}: the destination says its last wagon is {} (hash {}), but had confirmed wagon {} of "
                "this outbox as applied",
                flow_, d_.sequence, ToHex(d_.hash).substr(0, 16), row_.applied_sequence),
            "the destination's checkpoint is older than what it had confirmed, or belongs to another source: "
            "restore "
            "the target to a newer state, or establish the flow again"};
  }

  Status Gone(uint64_t first) const {
    return {StatusCode::kDataLoss,
            fmt::format(
                "flow {}: the destination needs the wagons after {}, and this outbox no longer holds all of "
                "{} to {}",
                flow_, d_.sequence, first, row_.tip.sequence),
            "restore the target or its inbox to a newer state, or establish the flow again"};
  }

  Connection& c_;
  const std::string& flow_;
  ChainTip d_;
  OutboxFlowRow row_;
};

}  // namespace

Result<bool> SqliteOutbox::Reconcile(const std::string& flow, const ChainTip& destination) {
  auto moved = db_->Write(Durability::kDisk, [&](Connection& c) -> Result<bool> {
    return Reconciliation(c, flow, destination).Run();
  });
  if (moved.ok()) {
    std::lock_guard lock(agreed_mu_);
    agreed_.insert(flow);
  }
  return moved;
}

}  // namespace srdf::store
