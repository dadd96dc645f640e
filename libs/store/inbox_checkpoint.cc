// Agreeing with the target about what is applied. The checkpoint lies in the target database beside the rows,
// so it is the truth; C is its sequence, T the inbox's tip:
//
//   inbox                        C                   done
//   tip unknown                  any                 T := C
//   …3 4 5 (applied up to 4)     4 or 5              up to C applied
//   …3 4 5                       7                   all applied, T := 7 (the inbox lost its tail)
//   …3 4 5 (applied up to 5)     3, followed by 4    4 and 5 are to be applied again (the target lost
//   commits) …3 4 5                       4', another 4       kDataLoss …    5                       3
//   kDataLoss: 4 is gone here
#include <fmt/format.h>

#include "store/inbox_sqlite.h"
#include "store/sqlite_status.h"

namespace srdf::store {
namespace {

class CheckpointAdoption {
 public:
  CheckpointAdoption(Connection& c, const std::string& path, const std::string& flow,
                     const ChainTip& checkpoint, const std::vector<uint64_t>& skipped)
      : c_(c), path_(path), flow_(flow), checkpoint_(checkpoint), skipped_(skipped) {
    if (checkpoint_.sequence == 0 && checkpoint_.hash.empty()) checkpoint_.hash = ZeroHash();
  }

  Status Run() {
    EnsureInboxFlow(c_, flow_);
    row_ = *ReadInboxFlow(c_, flow_);
    if (row_.tip_known) {
      if (checkpoint_.epoch != row_.tip.epoch) return OtherEpoch();
      SRDF_RETURN_IF_ERROR(CheckSameChain());
    }
    if (!row_.tip_known || MovesTip()) SetInboxTip(c_, flow_, checkpoint_);
    if (checkpoint_.sequence == 0) {
      Query(c_, "UPDATE flow SET start_gtid = ?, start_copy = ? WHERE flow = ?", checkpoint_.position.gtid,
            Blob{checkpoint_.position.copy}, flow_)
          .Run();
    }
    if (const auto partial = ReadPartial(c_, flow_);
        partial && partial->wagon.sequence <= checkpoint_.sequence) {
      DropPartialRow(c_, *partial);
    }
    ApplyAgainAfterCheckpoint();
    SettleSkips(c_, flow_, checkpoint_.epoch, 0, checkpoint_.sequence, skipped_);
    MarkAppliedUpTo(c_, flow_, checkpoint_.epoch, checkpoint_.sequence);
    return Status::Ok();
  }

 private:
  // Also when a flow without wagons got another starting point.
  bool MovesTip() const {
    return checkpoint_.sequence > row_.tip.sequence || (checkpoint_.sequence == 0 && row_.tip.sequence == 0);
  }

  Status CheckSameChain() {
    const uint64_t sequence = checkpoint_.sequence;
    if (sequence > row_.tip.sequence) return Status::Ok();
    if (sequence == row_.tip.sequence) {
      return checkpoint_.hash == row_.tip.hash ? Status::Ok() : OtherWagon(row_.tip.hash);
    }
    if (sequence == 0 && checkpoint_.position.known() && !row_.start_gtid.empty() &&
        (checkpoint_.position.gtid != row_.start_gtid || checkpoint_.position.copy != row_.start_copy)) {
      return {StatusCode::kDataLoss,
              fmt::format("flow {}: the target starts anew at {}, but {} holds wagons that start at {}",
                          flow_, checkpoint_.position.gtid, path_, row_.start_gtid),
              MoveAway()};
    }
    if (const auto held = HashOf("hash", sequence); held && *held != checkpoint_.hash)
      return OtherWagon(*held);
    // The chain is checked link by link as wagons are accepted; where the tip once jumped ahead there is a
    // gap.
    const auto before_next = HashOf("previous_hash", sequence + 1);
    if (!before_next || PayloadsAfter(sequence) != row_.tip.sequence - sequence) {
      return {
          StatusCode::kDataLoss,
          fmt::format("flow {}: the target's checkpoint is wagon {}, and {} no longer holds all of {} to {}",
                      flow_, sequence, path_, sequence + 1, row_.tip.sequence),
          MoveAway()};
    }
    return *before_next == checkpoint_.hash ? Status::Ok() : OtherWagon(*before_next);
  }

  uint64_t PayloadsAfter(uint64_t sequence) {
    Query q(
        c_,
        "SELECT count(*) FROM wagon WHERE flow = ? AND epoch = ? AND sequence > ? AND status <> 'receiving'"
        " AND (payload_present = 1 OR status = 'skipped')",
        flow_, row_.tip.epoch, sequence);
    return q.Step() ? q.U64(0) : 0;
  }

  std::optional<std::string> HashOf(const std::string& column, uint64_t sequence) {
    Query q(c_,
            "SELECT " + column +
                " FROM wagon WHERE flow = ? AND epoch = ? AND sequence = ? AND status <> 'receiving'",
            flow_, row_.tip.epoch, sequence);
    if (!q.Step()) return std::nullopt;
    return FromHex(q.Text(0));
  }

  void ApplyAgainAfterCheckpoint() {
    if (row_.applied_sequence <= checkpoint_.sequence) return;
    Query(c_,
          "UPDATE wagon SET status = CASE status WHEN 'applied' THEN 'accepted' ELSE status END,"
          " applied_at_ms = 0"
          " WHERE flow = ? AND epoch = ? AND sequence > ? AND status IN ('applied', 'skipped')",
          flow_, checkpoint_.epoch, checkpoint_.sequence)
        .Run();
    Query(c_, "UPDATE flow SET applied_sequence = ? WHERE flow = ?", checkpoint_.sequence, flow_).Run();
  }

  Status OtherEpoch() const {
    return {StatusCode::kFailedPrecondition,
            fmt::format("flow {}: the target's checkpoint is of epoch {}, the inbox's wagons are of epoch {}",
                        flow_, checkpoint_.epoch, row_.tip.epoch),
            MoveAway()};
  }

  Status OtherWagon(const std::string& held) const {
    return {StatusCode::kDataLoss,
            fmt::format("flow {}: the target's checkpoint is wagon {} with hash {}, {} has it with hash {}",
                        flow_, checkpoint_.sequence, ToHex(checkpoint_.hash).substr(0, 16), path_,
                        ToHex(held).substr(0, 16)),
            MoveAway()};
  }

  std::string MoveAway() const {
    return fmt::format(
        "find out which of the two belongs to this target; to follow the target's checkpoint, stop the "
        "receiver, move "
        "{} away with its -wal and -shm files, and start it again: the source sends what is missing",
        path_);
  }

  Connection& c_;
  const std::string& path_;
  const std::string& flow_;
  ChainTip checkpoint_;
  const std::vector<uint64_t>& skipped_;
  InboxFlowRow row_;
};

}  // namespace

Status SqliteInbox::AdoptCheckpoint(const std::string& flow, const ChainTip& checkpoint,
                                    const std::vector<uint64_t>& skipped) {
  return WriteFlow(Durability::kProcess, flow, [&](Connection& c) {
    return CheckpointAdoption(c, db_->path(), flow, checkpoint, skipped).Run();
  });
}

}  // namespace srdf::store
