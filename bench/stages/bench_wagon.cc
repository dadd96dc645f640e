#include "stages/bench_wagon.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "compaction/compactor.h"
#include "engine_mariadb/image_merger.h"
#include "engine_mariadb/key_place.h"
#include "model/record.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

constexpr size_t kPieceBytes = 1u << 20;

}  // namespace

Payload MakePayload(const ChangeStream& stream, Compaction compaction) {
  const bool sort = compaction == Compaction::kSorted;
  const auto compactor =
      compaction::NewCompactor(compaction != Compaction::kNone, engine_mariadb::NewImageMerger,
                               sort ? engine_mariadb::NewKeyPlacer : compaction::KeyPlacers());
  Record record;
  for (const std::string& cut : stream.cuts) {
    RecordCursor cursor(cut);
    while (Must(cursor.Next(&record))) {
      if (record.type == RecordType::kTableSchema) {
        Must(compactor->AddSchema(Must(DecodeTableSchema(record.body))));
      } else if (record.type == RecordType::kRowRun) {
        Must(compactor->AddRun(record.body));
      }
    }
  }
  Payload payload;
  const auto result = Must(compactor->Finish([&payload](std::string_view records) {
    payload.records.append(records);
    return Status::Ok();
  }));
  payload.rows_before = result.rows_before;
  payload.rows_after = result.rows_after;
  payload.tables = result.tables;
  return payload;
}

const Payload& SharedPayload(Load load, uint32_t transactions) {
  static std::map<std::pair<Load, uint32_t>, Payload> payloads;
  const auto [it, added] = payloads.try_emplace({load, transactions});
  if (added) it->second = MakePayload(SharedStream(load, transactions), Compaction::kSorted);
  return it->second;
}

WagonHeader WagonChain::Header(uint64_t transactions) const {
  WagonHeader header;
  header.flow = flow_;
  header.epoch = tip_.epoch;
  header.sequence = tip_.sequence + 1;
  std::string number = std::to_string(header.sequence);
  header.uid = std::string(32 - number.size(), '0') + number;
  header.first = tip_.position;
  header.last = {"0-1-" + std::to_string(100 + header.sequence), "binlog.000001", 4 + header.sequence};
  header.commit_time_first_ms = header.commit_time_last_ms = 1'700'000'000'000;
  header.transactions = transactions;
  header.seal_reason = SealReason::kAdaptive;
  header.previous_hash = tip_.hash;
  header.first_gtid = header.last_gtid = header.last.gtid;
  return header;
}

void WagonChain::Advance(const Wagon& wagon) {
  tip_ = {wagon.header.epoch, wagon.header.sequence, wagon.header.uid, wagon.hash, wagon.header.last};
}

Wagon WagonChain::Next(const Payload& payload, uint64_t transactions,
                       const wire::WagonBuilderOptions& options) {
  Wagon wagon;
  wagon.header = Header(transactions);
  wagon.header.rows_before = payload.rows_before;
  wagon.header.rows_after = payload.rows_after;
  wagon.header.tables = payload.tables;
  const auto builder = Must(wire::NewWagonBuilder(options));
  Must(builder->Append(payload.records));
  const auto sink = [&wagon](std::string_view piece) {
    wagon.frame_bytes += piece.size();
    wagon.pieces.emplace_back(piece);
    return Status::Ok();
  };
  Must(builder->Finish(&wagon.header, kPieceBytes, sink, &wagon.hash));
  Advance(wagon);
  return wagon;
}

Wagon WagonChain::NextOpaque(size_t bytes) {
  Wagon wagon;
  wagon.header = Header(1);
  wagon.header.schema_fingerprint = ZeroHash();
  wagon.header.payload_compressed_bytes = wagon.header.payload_raw_bytes = bytes;
  std::mt19937_64 random(wagon.header.sequence);
  const auto fill = [&random](size_t size) {
    std::string out(size, '\0');
    for (char& c : out) c = static_cast<char>(random());
    return out;
  };
  wagon.hash = fill(32);
  for (size_t at = 0; at < bytes; at += kPieceBytes) {
    wagon.pieces.push_back(fill(std::min(kPieceBytes, bytes - at)));
  }
  wagon.frame_bytes = bytes;
  Advance(wagon);
  return wagon;
}

wire::FramePieces PiecesOf(const Wagon& wagon) {
  return [&wagon, next = size_t{0}]() mutable {
    return Result<std::string>(next < wagon.pieces.size() ? wagon.pieces[next++] : std::string());
  };
}

}  // namespace srdf::bench
