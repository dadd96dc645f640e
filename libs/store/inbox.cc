#include "store/inbox.h"

#include <fmt/format.h>

#include "store/inbox_schema.h"
#include "store/inbox_sqlite.h"
#include "store/wagon_purge.h"

namespace srdf::store {
namespace {

InboxStatus ParseStatus(const std::string& word) {
  for (int value = 0; value <= static_cast<int>(InboxStatus::kSkipped); ++value) {
    const auto status = static_cast<InboxStatus>(value);
    if (word == InboxStatusName(status)) return status;
  }
  throw SQLite::Exception("unknown wagon status: " + word);
}

}  // namespace

const char* InboxStatusName(InboxStatus status) {
  switch (status) {
    case InboxStatus::kReceiving:
      return "receiving";
    case InboxStatus::kAccepted:
      return "accepted";
    case InboxStatus::kApplied:
      return "applied";
    case InboxStatus::kFailed:
      return "failed";
    case InboxStatus::kSkipped:
      return "skipped";
  }
  return "unknown";
}

Result<std::unique_ptr<Inbox>> Inbox::Open(const std::string& path) { return Open(path, StoreOptions()); }

Result<std::unique_ptr<Inbox>> Inbox::Open(const std::string& path, const StoreOptions& options) {
  SRDF_ASSIGN_OR_RETURN(auto db, QueueDatabase::Open(path, InboxFormat(), options));
  return std::unique_ptr<Inbox>(std::make_unique<SqliteInbox>(std::move(db)));
}

std::optional<InboxFlowRow> ReadInboxFlow(Connection& c, const std::string& flow) {
  Query q(c,
          "SELECT tip_known, tip_epoch, tip_sequence, tip_uid, tip_hash, tip_gtid, tip_file, tip_offset, "
          "start_gtid,"
          " applied_epoch, applied_sequence, failed_sequence, failed_error, tip_copy, start_copy FROM flow "
          "WHERE flow = ?",
          flow);
  if (!q.Step()) return std::nullopt;
  InboxFlowRow row;
  row.tip_known = q.Flag(0);
  row.tip.epoch = q.U64(1);
  row.tip.sequence = q.U64(2);
  row.tip.uid = q.Text(3);
  row.tip.hash = FromHex(q.Text(4));
  row.tip.position = {q.Text(5), q.Text(6), q.U64(7), q.Text(13)};
  row.start_gtid = q.Text(8);
  row.applied_epoch = q.U64(9);
  row.applied_sequence = q.U64(10);
  row.failed_sequence = q.U64(11);
  row.failed_error = q.Text(12);
  row.start_copy = q.Text(14);
  return row;
}

void EnsureInboxFlow(Connection& c, const std::string& flow) {
  Query(c, "INSERT INTO flow (flow) VALUES (?) ON CONFLICT DO NOTHING", flow).Run();
}

void SetInboxTip(Connection& c, const std::string& flow, const ChainTip& tip) {
  Query(c,
        "UPDATE flow SET tip_known = 1, tip_epoch = ?, tip_sequence = ?, tip_uid = ?, tip_hash = ?, tip_gtid "
        "= ?,"
        " tip_file = ?, tip_offset = ?, tip_copy = ? WHERE flow = ?",
        tip.epoch, tip.sequence, tip.uid, ToHex(tip.hash), tip.position.gtid, tip.position.file,
        tip.position.offset, Blob{tip.position.copy}, flow)
      .Run();
}

std::string SelectInboxWagons(const std::string& tail) {
  return "SELECT " + WagonSelectList() +
         ", w.status, w.applied_at_ms, w.error, w.skip_reason, w.skip_actor,"
         " w.skip_decided_at_ms FROM wagon w " +
         tail;
}

InboxWagon ReadInboxWagon(Connection& c, const Query& q) {
  WagonRow row = ReadWagonRow(q);
  InboxWagon wagon;
  wagon.header = std::move(row.header);
  wagon.hash = std::move(row.hash);
  wagon.frame_bytes = row.frame_bytes;
  wagon.chunk_count = row.chunk_count;
  wagon.received_at_ms = row.stored_at_ms;
  wagon.payload_present = row.payload_present;
  wagon.status = ParseStatus(q.Text(kWagonColumnCount));
  wagon.applied_at_ms = q.I64(kWagonColumnCount + 1);
  wagon.error = q.Text(kWagonColumnCount + 2);
  if (const int64_t decided = q.I64(kWagonColumnCount + 5); decided != 0) {
    wagon.skip = SkipDecision{q.Text(kWagonColumnCount + 3), q.Text(kWagonColumnCount + 4), decided};
  }
  LoadTables(c, row.wagon_id, &wagon.header);
  return wagon;
}

InboxFlow FlowAsStored(Connection& c, const std::string& flow) {
  InboxFlow out;
  out.flow = flow;
  const auto row = ReadInboxFlow(c, flow);
  if (!row) return out;
  out.tip_known = row->tip_known;
  if (row->tip_known) out.tip = row->tip;
  out.applied_epoch = row->applied_epoch;
  out.applied_sequence = row->applied_sequence;
  out.failed_sequence = row->failed_sequence;
  out.failed_error = row->failed_error;
  Query q(c, "SELECT wagons, bytes FROM wagon_count WHERE flow = ? AND status IN ('accepted', 'failed')",
          flow);
  while (q.Step()) {
    out.unapplied_wagons += q.U64(0);
    out.unapplied_bytes += q.U64(1);
  }
  return out;
}

Result<InboxFlow> SqliteInbox::GetFlow(const std::string& flow) {
  return db_->Read([&](Connection& c) -> Result<InboxFlow> { return FlowAsStored(c, flow); });
}

Result<InboxFlow> SqliteInbox::RecentFlow(const std::string& flow) {
  if (auto remembered = memory_.Recall(flow, db_->generation())) return std::move(*remembered);
  return GetFlow(flow);
}

Result<std::vector<InboxWagon>> SqliteInbox::List(const std::string& flow, uint64_t before_sequence,
                                                  uint32_t limit) {
  static const std::string sql = SelectInboxWagons(
      "WHERE w.flow = ?1 AND (?2 = 0 OR w.sequence < ?2) ORDER BY w.epoch DESC, w.sequence DESC LIMIT ?3");
  return db_->Read([&](Connection& c) -> Result<std::vector<InboxWagon>> {
    std::vector<InboxWagon> wagons;
    Query q(c, sql, flow, before_sequence, limit);
    while (q.Step()) wagons.push_back(ReadInboxWagon(c, q));
    return wagons;
  });
}

Result<std::optional<InboxWagon>> SqliteInbox::Find(const std::string& uid_prefix) {
  static const std::string sql =
      SelectInboxWagons("WHERE w.uid >= ? ORDER BY w.uid, w.wagon_id DESC LIMIT 2");
  if (uid_prefix.empty()) return Status(StatusCode::kInvalidArgument, "an empty wagon uid");
  return db_->Read([&](Connection& c) -> Result<std::optional<InboxWagon>> {
    std::optional<InboxWagon> found;
    Query q(c, sql, uid_prefix);
    while (q.Step()) {
      InboxWagon wagon = ReadInboxWagon(c, q);
      if (wagon.header.uid.compare(0, uid_prefix.size(), uid_prefix) != 0) break;
      if (!found) {
        found = std::move(wagon);
      } else if (found->header.uid != wagon.header.uid && found->header.uid != uid_prefix) {
        return Status(StatusCode::kInvalidArgument,
                      fmt::format("several wagons' uids begin with {}", uid_prefix),
                      "give more of its digits");
      }
    }
    return found;
  });
}

Result<uint64_t> SqliteInbox::Purge(const std::string& flow, int64_t applied_before_ms) {
  // Applied wagons are the oldest ones of the chain, so only its oldest end is looked at.
  static const std::string applied =
      "SELECT o.wagon_id FROM (SELECT wagon_id, epoch, sequence, status, applied_at_ms FROM wagon WHERE flow "
      "= ?1 AND status <> 'skipped'"
      " ORDER BY epoch, sequence LIMIT " +
      std::to_string(kPurgeWagonsPerStep) +
      ") o JOIN flow f ON f.flow = ?1 WHERE o.status = 'applied' AND o.applied_at_ms < ?2 AND NOT"
      " (o.epoch = f.tip_epoch AND o.sequence = (SELECT max(n.sequence) FROM wagon n WHERE n.flow = f.flow"
      "  AND n.epoch = f.tip_epoch AND n.sequence <= f.applied_sequence))"
      " ORDER BY o.epoch, o.sequence";
  return PurgeWagons(*db_, applied, flow, applied_before_ms);
}

}  // namespace srdf::store
