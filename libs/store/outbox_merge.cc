// Fewer wagons in place of those at the end of the queue of which nothing has left.
//
// Only the end of a chain can be changed: each wagon names the hash of the one before it, so all that follow
// a changed one are new wagons too. Frames come in while the old wagons are still the queue's; one
// transaction exchanges them. What an attempt would have begun is looked at inside it, and an attempt is
// begun inside a transaction of its own: of the two, the first one wins.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "store/outbox_sqlite.h"
#include "store/sqlite_status.h"

namespace srdf::store {
namespace {

constexpr size_t kFlushBytes = 4 * kChunkBytes;
constexpr uint32_t kChunksPerRemoval = 16;

// What stands in for one or more replaced wagons: its chunks belong to no wagon row until Commit.
struct StagedWagon {
  int64_t wagon_id = 0;
  WagonHeader header;
  std::string hash;
  uint64_t frame_bytes = 0;
  uint32_t chunk_count = 0;
  size_t covers = 0;
};

// Sums over wagons: what may change by merging, and what may not.
struct Sums {
  uint64_t wagons = 0, frame_bytes = 0, rows_after = 0, payload_raw_bytes = 0, payload_compressed_bytes = 0;
  uint64_t transactions = 0, statements = 0, rows_before = 0, source_bytes = 0, bytes_before = 0;

  void Add(const WagonHeader& h, uint64_t bytes) {
    ++wagons;
    frame_bytes += bytes;
    rows_after += h.rows_after;
    payload_raw_bytes += h.payload_raw_bytes;
    payload_compressed_bytes += h.payload_compressed_bytes;
    transactions += h.transactions;
    statements += h.statements;
    rows_before += h.rows_before;
    source_bytes += h.source_bytes;
    bytes_before += h.bytes_before;
  }
  bool CarriesAllOf(const Sums& other) const {
    return transactions == other.transactions && statements == other.statements &&
           rows_before == other.rows_before && source_bytes == other.source_bytes &&
           bytes_before == other.bytes_before;
  }
};

struct OldWagon {
  int64_t wagon_id = 0;
  bool was_merged = false;  // it stands in for others itself, which hold all of it
};

class SqliteTailReplacement final : public TailReplacement {
 public:
  SqliteTailReplacement(QueueDatabase* db, std::string flow, uint64_t first, std::vector<std::string> hashes,
                        std::atomic<int64_t>* next_wagon_id)
      : db_(db),
        flow_(std::move(flow)),
        first_(first),
        hashes_(std::move(hashes)),
        next_wagon_id_(next_wagon_id) {}

  ~SqliteTailReplacement() override {
    if (committed_) return;
    if (staging_.wagon_id != 0) staged_.push_back(staging_);
    // What cannot be removed now is a stray that the next Open removes.
    for (const StagedWagon& wagon : staged_) {
      bool emptied = false;
      while (!emptied) {
        const Status removed = db_->Write(Durability::kProcess, [&](Connection& c) {
          emptied = DeleteChunks(c, wagon.wagon_id, kChunksPerRemoval);
          return Status::Ok();
        });
        if (!removed.ok()) return;
      }
    }
  }

  Status Append(std::string_view bytes) override {
    if (staging_.wagon_id == 0) staging_.wagon_id = (*next_wagon_id_)++;
    while (!bytes.empty()) {
      const size_t n = std::min(bytes.size(), kFlushBytes - buffer_.size());
      buffer_.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      if (buffer_.size() == kFlushBytes) SRDF_RETURN_IF_ERROR(Flush());
    }
    return {};
  }

  Status EndWagon(const WagonHeader& header, const std::string& hash, size_t covers) override {
    SRDF_RETURN_IF_ERROR(Flush());
    if (staging_.frame_bytes == 0 || covers == 0) {
      return {StatusCode::kInvalidArgument, fmt::format("flow {}: a wagon that replaces nothing", flow_)};
    }
    staging_.header = header;
    staging_.hash = hash;
    staging_.covers = covers;
    staged_.push_back(std::move(staging_));
    staging_ = {};
    return {};
  }

  Result<ChainTip> Commit(const std::string& actor) override;

 private:
  Status Flush() {
    if (buffer_.empty()) return {};
    SRDF_RETURN_IF_ERROR(db_->Write(Durability::kProcess, [&](Connection& c) {
      const std::string_view all = buffer_;
      uint32_t chunk_no = staging_.chunk_count;
      for (size_t at = 0; at < all.size(); at += kChunkBytes) {
        InsertChunk(c, staging_.wagon_id, chunk_no++, all.substr(at, kChunkBytes));
      }
      return Status::Ok();
    }));
    staging_.chunk_count += static_cast<uint32_t>((buffer_.size() + kChunkBytes - 1) / kChunkBytes);
    staging_.frame_bytes += buffer_.size();
    buffer_.clear();
    return {};
  }

  Status Changed(const std::string& how) const {
    return {StatusCode::kAborted, fmt::format("flow {}: the queued wagons are not merged: {}", flow_, how),
            "nothing has changed; they are merged later, or sent as they are"};
  }
  Status Exchange(Connection& c, const std::string& actor) const;
  // The old wagons, if they are still the end of the queue and nothing of them has left.
  Result<std::vector<OldWagon>> TakeOld(Connection& c, const OutboxFlowRow& row, Sums* sums) const;
  Status CheckNew(const OutboxFlowRow& row, const std::string& previous_hash, const Sums& old,
                  const Sums& fresh) const;
  Status InsertNew(Connection& c) const;
  static void Retire(Connection& c, const OldWagon& old, const std::string& merged_into);

  QueueDatabase* const db_;
  const std::string flow_;
  const uint64_t first_;
  const std::vector<std::string> hashes_;
  std::atomic<int64_t>* const next_wagon_id_;
  std::vector<StagedWagon> staged_;
  StagedWagon staging_;
  std::string buffer_;
  bool committed_ = false;
};

Result<std::vector<OldWagon>> SqliteTailReplacement::TakeOld(Connection& c, const OutboxFlowRow& row,
                                                             Sums* sums) const {
  static const std::string sql =
      "SELECT " + WagonSelectList() +
      ", d.status, d.attempts FROM wagon w JOIN delivery d ON d.wagon_id = w.wagon_id AND d.destination = ?"
      " WHERE w.flow = ? AND w.epoch = ? AND w.sequence >= ? AND w.superseded = 0 ORDER BY w.sequence";
  if (row.tip.sequence != first_ + hashes_.size() - 1 || row.tip.hash != hashes_.back()) {
    return Changed("the queue has another end by now");
  }
  std::vector<OldWagon> old;
  Query q(c, sql, kDestination, flow_, row.tip.epoch, first_);
  while (q.Step()) {
    const WagonRow wagon = ReadWagonRow(q);
    const size_t at = old.size();
    if (at == hashes_.size() || wagon.header.sequence != first_ + at || wagon.hash != hashes_[at]) {
      return Changed("it holds other wagons by now");
    }
    if (q.Text(kWagonColumnCount) != "sealed" || q.U64(kWagonColumnCount + 1) != 0) {
      return Changed(fmt::format("wagon {} is being sent", wagon.header.sequence));
    }
    sums->Add(wagon.header, wagon.frame_bytes);
    old.push_back({wagon.wagon_id, wagon.header.seal_reason == SealReason::kMerged});
  }
  if (old.size() != hashes_.size()) return Changed("some of them are gone");
  return old;
}

Status SqliteTailReplacement::CheckNew(const OutboxFlowRow& row, const std::string& previous_hash,
                                       const Sums& old, const Sums& fresh) const {
  const auto bad = [this](const std::string& what) {
    return Status(StatusCode::kInvalidArgument, fmt::format("flow {}: merged wagons {}", flow_, what));
  };
  if (staged_.empty() || staged_.size() > hashes_.size()) return bad("of another number than could be");
  std::string previous = previous_hash;
  uint64_t sequence = first_;
  size_t covered = 0;
  for (const StagedWagon& wagon : staged_) {
    const WagonHeader& h = wagon.header;
    if (h.flow != flow_ || h.epoch != row.tip.epoch || h.sequence != sequence ||
        h.previous_hash != previous) {
      return bad("are no chain");
    }
    previous = wagon.hash;
    covered += wagon.covers;
    ++sequence;
  }
  if (covered != hashes_.size()) return bad("do not say which wagons they hold");
  if (!(staged_.back().header.last == row.tip.position)) return bad("end at another position");
  if (!fresh.CarriesAllOf(old)) return bad("do not hold all transactions of the wagons that they replace");
  return {};
}

// What it stands in for is kept in its place, and tells where it went; content that others hold is not kept
// twice.
void SqliteTailReplacement::Retire(Connection& c, const OldWagon& old, const std::string& merged_into) {
  Query(c, "UPDATE delivery SET status = 'merged' WHERE wagon_id = ?", old.wagon_id).Run();
  Query(c,
        "UPDATE wagon SET superseded = wagon_id, superseded_at_ms = ?, merged_into = ?, payload_present = ?"
        " WHERE wagon_id = ?",
        NowMs(), merged_into, !old.was_merged, old.wagon_id)
      .Run();
  if (old.was_merged) DeleteChunks(c, old.wagon_id, std::numeric_limits<uint32_t>::max());
}

Status SqliteTailReplacement::InsertNew(Connection& c) const {
  for (const StagedWagon& staged : staged_) {
    WagonRow row;
    row.wagon_id = staged.wagon_id;
    row.header = staged.header;
    row.hash = staged.hash;
    row.frame_bytes = staged.frame_bytes;
    row.chunk_count = staged.chunk_count;
    row.stored_at_ms = NowMs();
    InsertWagon(c, row);
    Query(c,
          "INSERT INTO delivery (wagon_id, destination, flow, epoch, sequence, frame_bytes)"
          " VALUES (?, ?, ?, ?, ?, ?)",
          row.wagon_id, kDestination, flow_, row.header.epoch, row.header.sequence, row.frame_bytes)
        .Run();
  }
  return {};
}

Status SqliteTailReplacement::Exchange(Connection& c, const std::string& actor) const {
  const auto row = ReadOutboxFlow(c, flow_);
  if (!row) return {StatusCode::kNotFound, fmt::format("the outbox does not know flow {}", flow_)};
  Sums before, after;
  SRDF_ASSIGN_OR_RETURN(const std::vector<OldWagon> old, TakeOld(c, *row, &before));
  std::string previous_hash;
  {
    Query q(c, "SELECT previous_hash FROM wagon WHERE wagon_id = ?", old.front().wagon_id);
    if (q.Step()) previous_hash = FromHex(q.Text(0));
  }
  for (const StagedWagon& wagon : staged_) after.Add(wagon.header, wagon.frame_bytes);
  SRDF_RETURN_IF_ERROR(CheckNew(*row, previous_hash, before, after));

  auto next = old.begin();
  for (const StagedWagon& wagon : staged_) {
    for (size_t i = 0; i < wagon.covers; ++i) Retire(c, *next++, wagon.header.uid);
  }
  SRDF_RETURN_IF_ERROR(InsertNew(c));
  const StagedWagon& last = staged_.back();
  Query(c,
        "UPDATE flow SET tip_sequence = ?, tip_uid = ?, tip_hash = ?, total_wagons = total_wagons - ? + ?,"
        " total_rows_after = total_rows_after - ? + ?,"
        " total_payload_raw_bytes = total_payload_raw_bytes - ? + ?,"
        " total_payload_compressed_bytes = total_payload_compressed_bytes - ? + ? WHERE flow = ?",
        last.header.sequence, last.header.uid, ToHex(last.hash), before.wagons, after.wagons,
        before.rows_after, after.rows_after, before.payload_raw_bytes, after.payload_raw_bytes,
        before.payload_compressed_bytes, after.payload_compressed_bytes, flow_)
      .Run();
  AuditEntry audit;
  audit.actor = actor;
  audit.action = "merge";
  audit.flow = flow_;
  audit.epoch = row->tip.epoch;
  audit.sequence = first_;
  audit.uid = last.header.uid;
  audit.reason = "they could not be sent";
  audit.detail =
      fmt::format("{} wagons became {}, {} bytes became {}, {} rows became {}", before.wagons, after.wagons,
                  before.frame_bytes, after.frame_bytes, before.rows_after, after.rows_after);
  InsertAudit(c, audit);
  return {};
}

Result<ChainTip> SqliteTailReplacement::Commit(const std::string& actor) {
  if (committed_ || staging_.wagon_id != 0) {
    return Status(StatusCode::kInternal, "Commit of wagons that are not complete");
  }
  SRDF_RETURN_IF_ERROR(db_->Write(Durability::kDisk, [&](Connection& c) { return Exchange(c, actor); }));
  committed_ = true;
  const StagedWagon& last = staged_.back();
  return ChainTip{last.header.epoch, last.header.sequence, last.header.uid, last.hash, last.header.last};
}

}  // namespace

Result<UnsentTail> SqliteOutbox::GetUnsentTail(const std::string& flow, size_t wagons_max) {
  bool agreed = false;
  {
    std::lock_guard lock(agreed_mu_);
    agreed = agreed_.count(flow) != 0;
  }
  return db_->Read([&](Connection& c) -> Result<UnsentTail> {
    UnsentTail tail;
    const auto row = ReadOutboxFlow(c, flow);
    if (!row) return tail;
    tail.before = row->tip;
    Query q(c,
            "SELECT w.wagon_id, w.sequence, w.uid, w.hash, w.seal_reason, w.statements, w.rows_after,"
            " w.payload_raw_bytes, w.frame_bytes, d.status, d.attempts, w.previous_hash,"
            " w.first_position_gtid, w.first_position_file, w.first_position_offset,"
            " w.first_position_copy"
            " FROM delivery d INDEXED BY delivery_unsettled CROSS JOIN wagon w ON w.wagon_id = d.wagon_id"
            " WHERE d.flow = ? AND d.epoch = ? AND " SRDF_UNSETTLED("d.") " ORDER BY d.sequence DESC LIMIT ?",
            flow, row->tip.epoch, wagons_max);
    while (q.Step()) {
      if (q.Text(9) != "sealed" || q.U64(10) != 0) break;
      if (!agreed && q.I64(0) < first_own_wagon_id_) break;
      if (q.U64(1) + tail.wagons.size() != row->tip.sequence) break;
      tail.wagons.push_back({q.U64(1), q.Text(2), FromHex(q.Text(3)), ParseSealReason(q.Text(4)), q.U64(5),
                             q.U64(6), q.U64(7), q.U64(8)});
      tail.before.sequence = q.U64(1) - 1;
      tail.before.uid.clear();
      tail.before.hash = FromHex(q.Text(11));
      tail.before.position = {q.Text(12), q.Text(13), q.U64(14), q.Text(15)};
    }
    std::reverse(tail.wagons.begin(), tail.wagons.end());
    return tail;
  });
}

Result<std::unique_ptr<TailReplacement>> SqliteOutbox::ReplaceTail(const std::string& flow,
                                                                   uint64_t first_sequence,
                                                                   std::vector<std::string> hashes) {
  if (hashes.empty()) return Status(StatusCode::kInvalidArgument, "no wagons to be merged");
  return std::unique_ptr<TailReplacement>(std::make_unique<SqliteTailReplacement>(
      db_.get(), flow, first_sequence, std::move(hashes), &next_wagon_id_));
}

}  // namespace srdf::store
