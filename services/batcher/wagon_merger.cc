#include "batcher/wagon_merger.h"

#include <algorithm>
#include <utility>

#include "compaction/payload_merger.h"
#include "engine_mariadb/image_merger.h"
#include "engine_mariadb/key_place.h"
#include "engine_mariadb/row_key.h"

namespace srdf::batcher {

namespace {

constexpr size_t kPieceBytesMax = 1u << 20;

// What the new wagon says of the old ones together.
class HeaderSum {
 public:
  HeaderSum(const SealerOptions& options, const ChainTip& place) : position_(place.position) {
    sum_.uid = NewWagonUid();
    sum_.flow = options.flow;
    sum_.epoch = place.epoch;
    sum_.sequence = place.sequence + 1;
    sum_.previous_hash = place.hash;
    sum_.first = place.position;
  }

  Status Add(const WagonHeader& old) {
    if (wagons_ == 0 && !position_.known()) sum_.first = position_ = old.first;
    if (old.flow != sum_.flow || old.epoch != sum_.epoch || old.first.gtid != position_.gtid) {
      return {StatusCode::kDataLoss, "wagon " + std::to_string(old.sequence) +
                                         " of the outbox does not follow the one before it: it begins at " +
                                         old.first.gtid + ", not at " + position_.gtid};
    }
    if (old.first.copy != position_.copy) {
      return {StatusCode::kDataLoss, "wagon " + std::to_string(old.sequence) +
                                         " of the outbox does not follow the one before it: the copy of "
                                         "tables is at another place"};
    }
    if (wagons_ == 0) {
      sum_.first_gtid = old.first_gtid;
      sum_.commit_time_first_ms = old.commit_time_first_ms;
      sum_.opened_at_ms = old.opened_at_ms;
    }
    sum_.last = position_ = old.last;
    sum_.last_gtid = old.last_gtid;
    sum_.commit_time_last_ms = old.commit_time_last_ms;
    sum_.closed_at_ms = old.closed_at_ms;
    sum_.transactions += old.transactions;
    sum_.statements += old.statements;
    sum_.rows_before += old.rows_before;
    sum_.source_bytes += old.source_bytes;
    sum_.bytes_before += old.bytes_before;
    compaction::CompactionResult part;
    part.tables = old.tables;
    compaction::Accumulate(part, &total_);
    ++wagons_;
    return {};
  }

  // `after`: what is left of the old wagons' rows.
  WagonHeader Take(SealReason reason, uint64_t rows_after, const std::vector<TableManifest>& after) {
    sum_.seal_reason = reason;
    sum_.rows_after = rows_after;
    for (TableManifest& table : total_.tables) {
      const auto at = std::find_if(after.begin(), after.end(), [&](const TableManifest& t) {
        return t.database == table.database && t.table == table.table;
      });
      const TableManifest none;
      const TableManifest& left = at == after.end() ? none : *at;
      table.inserts_after = left.inserts_after;
      table.updates_after = left.updates_after;
      table.deletes_after = left.deletes_after;
      table.bytes_after = left.bytes_after;
    }
    sum_.tables = std::move(total_.tables);
    return std::move(sum_);
  }

 private:
  WagonHeader sum_;
  SourcePosition position_;
  compaction::CompactionResult total_;  // of which only the tables are used
  size_t wagons_ = 0;
};

// One of the old wagons. Its hash is checked too: the new frame gets a right one, whatever is in it, and no
// reader would find a bit that the outbox's disk has turned.
class OldWagon {
 public:
  static Result<std::unique_ptr<OldWagon>> Open(const SealerOptions& options, const FrameOpener& open) {
    SRDF_ASSIGN_OR_RETURN(wire::FramePieces pieces, open());
    std::unique_ptr<OldWagon> wagon(new OldWagon(std::move(pieces)));
    SRDF_ASSIGN_OR_RETURN(wagon->reader_, wire::WagonReader::Open([w = wagon.get()] { return w->Piece(); }));
    SRDF_RETURN_IF_ERROR(UnlockWagon(options, wagon->reader_.get()));
    return wagon;
  }

  const WagonHeader& header() const { return reader_->header(); }

  // All records, then the check: what was given out may be used when this is OK, and not before.
  Status Read(const std::function<Status(std::string_view)>& take) {
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const std::string_view records, reader_->Next());
      if (records.empty()) break;
      SRDF_RETURN_IF_ERROR(take(records));
    }
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const std::string rest, Piece());
      if (rest.empty()) break;
    }
    WagonHeader header;
    std::string hash;
    return verifier_->Finish(&header, &hash)
        .WithContext("wagon " + std::to_string(reader_->header().sequence) + " of the outbox");
  }

 private:
  explicit OldWagon(wire::FramePieces pieces) : pieces_(std::move(pieces)) {}

  Result<std::string> Piece() {
    SRDF_ASSIGN_OR_RETURN(std::string piece, pieces_());
    SRDF_RETURN_IF_ERROR(verifier_->Append(piece));
    return piece;
  }

  wire::FramePieces pieces_;
  const std::unique_ptr<wire::FrameVerifier> verifier_ = wire::NewFrameVerifier();
  std::unique_ptr<wire::WagonReader> reader_;
};

}  // namespace

Result<WagonHeader> MergeWagons(const SealerOptions& options, const ChainTip& place, size_t wagons,
                                const FrameOpener& open, const wire::FrameSink& sink, std::string* hash) {
  HeaderSum sum(options, place);
  const auto merger = compaction::NewPayloadMerger(
      engine_mariadb::NewImageMerger, engine_mariadb::NewKeyReader, engine_mariadb::NewKeyPlacer);
  for (size_t i = 0; i < wagons; ++i) {
    SRDF_ASSIGN_OR_RETURN(const auto wagon, OldWagon::Open(options, open));
    SRDF_RETURN_IF_ERROR(sum.Add(wagon->header()));
    merger->BeginWagon();
    SRDF_RETURN_IF_ERROR(wagon->Read([&](std::string_view records) { return merger->Add(records); }));
  }
  SRDF_ASSIGN_OR_RETURN(const auto builder, NewWagonBuilder(options));
  SRDF_ASSIGN_OR_RETURN(const auto result,
                        merger->Finish([&](std::string_view records) { return builder->Append(records); }));
  WagonHeader header = sum.Take(SealReason::kMerged, result.rows_after, result.tables);
  SRDF_RETURN_IF_ERROR(builder->Finish(&header, kPieceBytesMax, sink, hash));
  return header;
}

Result<WagonHeader> ReframeWagon(const SealerOptions& options, const ChainTip& place, const FrameOpener& open,
                                 const wire::FrameSink& sink, std::string* hash) {
  HeaderSum sum(options, place);
  SRDF_ASSIGN_OR_RETURN(const auto wagon, OldWagon::Open(options, open));
  const WagonHeader& old = wagon->header();
  SRDF_RETURN_IF_ERROR(sum.Add(old));
  SRDF_ASSIGN_OR_RETURN(const auto builder, NewWagonBuilder(options));
  SRDF_RETURN_IF_ERROR(wagon->Read([&](std::string_view records) { return builder->Append(records); }));
  WagonHeader header = sum.Take(old.seal_reason, old.rows_after, old.tables);
  SRDF_RETURN_IF_ERROR(builder->Finish(&header, kPieceBytesMax, sink, hash));
  return header;
}

}  // namespace srdf::batcher
