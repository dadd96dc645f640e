// Wagons that an operator has decided not to apply.
//
// The decision is in the wagon's row, whatever became of it; the target's word settles it: it is told with
// each `applied`, and with the checkpoint. D is the decision about wagon 5:
//
//   inbox                  the target                  row 5
//   …4, tip 4              is at 4                     skipped, no payload; the tip becomes 5
//   …4 5 6                 is at 4, 5 fails            skipped: the applier is told to move past it
//   …4 5 6                 was just applying 5         skipped, then applied: the decision came too late
//   …4 5 applied           is at 5                     applied: too late
//   (5 was purged)         is past it                  -
#include <fmt/format.h>

#include <algorithm>

#include "store/inbox_sqlite.h"
#include "store/sqlite_status.h"

namespace srdf::store {
namespace {

void WriteDecision(Connection& c, int64_t wagon_id, const char* status, const SkipDecision& decision) {
  Query(c,
        "UPDATE wagon SET status = ?, error = '', skip_reason = ?, skip_actor = ?, skip_decided_at_ms = ?"
        " WHERE wagon_id = ?",
        status, decision.reason, decision.actor, decision.decided_at_ms, wagon_id)
      .Run();
}

void WriteAck(Connection& c, int64_t wagon_id, const SkipDecision& decision) {
  Query(c, "INSERT INTO ack (wagon_id, result, at_ms, error) VALUES (?, 'skipped', ?, ?)", wagon_id, NowMs(),
        fmt::format("{}: {}", decision.actor, decision.reason))
      .Run();
}

// The wagon never came, or was refused each time it came.
void InsertSkipped(Connection& c, const WagonHeader& header, const std::string& hash,
                   const SkipDecision& decision) {
  if (const auto partial = ReadPartial(c, header.flow)) DropPartialRow(c, *partial);
  WagonRow row;
  row.wagon_id = NextWagonId(c);
  row.header = header;
  row.hash = hash;
  row.payload_present = false;
  row.stored_at_ms = NowMs();
  InsertWagon(c, row);
  WriteDecision(c, row.wagon_id, "skipped", decision);
  WriteAck(c, row.wagon_id, decision);
  SetInboxTip(c, header.flow, {header.epoch, header.sequence, header.uid, hash, header.last});
}

}  // namespace

void SettleSkips(Connection& c, const std::string& flow, uint64_t epoch, uint64_t first, uint64_t last,
                 const std::vector<uint64_t>& skipped) {
  std::vector<int64_t> applied;
  {
    Query q(c,
            "SELECT wagon_id, sequence FROM wagon WHERE flow = ? AND epoch = ? AND sequence BETWEEN ? AND ?"
            " AND skip_decided_at_ms <> 0 AND status = 'skipped' AND applied_at_ms = 0",
            flow, epoch, first, last);
    while (q.Step()) {
      if (std::find(skipped.begin(), skipped.end(), q.U64(1)) == skipped.end()) applied.push_back(q.I64(0));
    }
  }
  for (const int64_t wagon_id : applied) {
    Query(c, "UPDATE wagon SET status = 'applied', applied_at_ms = ? WHERE wagon_id = ?", NowMs(), wagon_id)
        .Run();
  }
}

Result<SkipOutcome> SqliteInbox::Skip(const WagonHeader& header, const std::string& hash,
                                      const SkipDecision& decision) {
  if (decision.reason.empty() || decision.decided_at_ms <= 0) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("flow {}: wagon {} cannot be skipped without a reason and its time",
                              header.flow, header.sequence));
  }
  return WriteFlow(Durability::kDisk, header.flow, [&](Connection& c) -> Result<SkipOutcome> {
    const auto flow = ReadInboxFlow(c, header.flow);
    if (!flow || !flow->tip_known || header.epoch != flow->tip.epoch ||
        header.sequence > flow->tip.sequence) {
      SRDF_RETURN_IF_ERROR(CheckFits(flow, header));
      InsertSkipped(c, header, hash, decision);
      return SkipOutcome::kSkipped;
    }
    int64_t wagon_id = 0;
    std::string held_hash, status;
    {
      Query q(c,
              "SELECT wagon_id, hash, status FROM wagon WHERE flow = ? AND epoch = ? AND sequence = ?"
              " AND status <> 'receiving'",
              header.flow, header.epoch, header.sequence);
      if (q.Step()) {
        wagon_id = q.I64(0);
        held_hash = FromHex(q.Text(1));
        status = q.Text(2);
      }
    }
    if (wagon_id == 0) {
      if (header.sequence <= flow->applied_sequence) return SkipOutcome::kPassed;
      return Status(
          StatusCode::kDataLoss,
          fmt::format("{}: wagon {} of flow {} is missing", db_->path(), header.sequence, header.flow),
          DamageRemedy(db_->path()));
    }
    if (held_hash != hash) {
      return Status(StatusCode::kAborted,
                    fmt::format("flow {}: another wagon has sequence {} here (hash {})", header.flow,
                                header.sequence, ToHex(held_hash).substr(0, 16)),
                    "open the stream again and agree on the tip");
    }
    if (status == "applied") return SkipOutcome::kWasApplied;
    if (status == "skipped") return SkipOutcome::kSkipped;
    WriteDecision(c, wagon_id, "skipped", decision);
    WriteAck(c, wagon_id, decision);
    Query(c, "UPDATE flow SET failed_sequence = 0, failed_error = '' WHERE flow = ? AND failed_sequence = ?",
          header.flow, header.sequence)
        .Run();
    return SkipOutcome::kSkipped;
  });
}

Result<std::vector<uint64_t>> SqliteInbox::Skipped(const std::string& flow, uint32_t limit) {
  return db_->Read([&](Connection& c) -> Result<std::vector<uint64_t>> {
    std::vector<uint64_t> sequences;
    Query q(
        c,
        "SELECT w.sequence FROM flow f JOIN wagon w ON w.flow = f.flow AND w.epoch = f.tip_epoch"
        " WHERE f.flow = ? AND w.skip_decided_at_ms <> 0 AND w.status = 'skipped' AND w.applied_at_ms <> 0"
        " ORDER BY w.sequence DESC LIMIT ?",
        flow, limit);
    while (q.Step()) sequences.push_back(q.U64(0));
    return sequences;
  });
}

}  // namespace srdf::store
