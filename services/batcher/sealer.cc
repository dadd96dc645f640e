#include "batcher/sealer.h"

#include <array>

#include "base/clock.h"
#include "crypto/random.h"
#include "engine_mariadb/image_merger.h"
#include "engine_mariadb/key_place.h"
#include "failpoint/failpoint.h"

namespace srdf::batcher {

namespace {

constexpr size_t kPieceBytesMax = 1u << 20;

void SetCounts(compaction::CompactionResult result, WagonHeader* header) {
  header->rows_before = result.rows_before;
  header->rows_after = result.rows_after;
  header->bytes_before = result.bytes_before;
  header->tables = std::move(result.tables);
}

Status AddChange(const GroupChange& change, compaction::Compactor* compactor) {
  switch (change.type()) {
    case RecordType::kRowRun:
      return compactor->AddRun(change.body());
    case RecordType::kMark:
    case RecordType::kRangeCopy:
      return compactor->AddCopy(change.type(), change.body());
    default:
      return compactor->AddPrepared(change.type(), change.body());
  }
}

}  // namespace

std::string NewWagonUid() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::array<uint8_t, 16> bytes{};
  crypto::FillRandom(bytes.data(), bytes.size());
  std::string uid;
  uid.reserve(2 * bytes.size());
  for (const uint8_t byte : bytes) {
    uid.push_back(kHex[byte >> 4]);
    uid.push_back(kHex[byte & 15]);
  }
  return uid;
}

Result<std::unique_ptr<wire::WagonBuilder>> NewWagonBuilder(const SealerOptions& options) {
  wire::WagonBuilderOptions builder;
  builder.codec = options.codec;
  builder.level = options.compression_level;
  builder.spill_dir = options.spill_dir;
  if (options.keys != nullptr) builder.key = options.keys->Active();
  return wire::NewWagonBuilder(builder);
}

Status UnlockWagon(const SealerOptions& options, wire::WagonReader* reader) {
  if (reader->header().encryption == EncryptionMode::kNone) {
    if (options.keys == nullptr) return {};
    // Sealing it with a key would vouch for rows that anybody may have written to the outbox.
    return {StatusCode::kFailedPrecondition,
            "wagon " + reader->header().uid + " waits in clear, and its flow is encrypted",
            "nothing has to be done when it was sealed before encryption was switched on"};
  }
  if (options.keys != nullptr) return reader->Unlock(options.keys);
  return {StatusCode::kFailedPrecondition,
          "wagon " + reader->header().uid + " is encrypted, and the batcher has no keys",
          "give the batcher the key ring that the wagon was sealed with"};
}

Sealer::Sealer(const SealerOptions& options, StoreSession* session)
    : options_(options), session_(session), tip_(session->tip()) {}

Result<compaction::CompactionResult> Sealer::Compact(const GroupPart& part, bool merge,
                                                     wire::WagonBuilder* builder) {
  const auto compactor =
      compaction::NewCompactor(merge, engine_mariadb::NewImageMerger, engine_mariadb::NewKeyPlacer);
  for (const SchemaPtr& schema : part.schemas) SRDF_RETURN_IF_ERROR(compactor->AddSchema(*schema));
  for (const GroupChange& change : part.changes) {
    SRDF_RETURN_IF_ERROR(AddChange(change, compactor.get()));
  }
  return compactor->Finish([builder](std::string_view records) { return builder->Append(records); });
}

Status Sealer::SealSmall(Group* group, wire::WagonBuilder* builder, WagonHeader* header) {
  std::string record;
  for (const std::string_view statement : group->part.statements) {
    record.clear();
    AppendRecord(RecordType::kStatement, statement, &record);
    SRDF_RETURN_IF_ERROR(builder->Append(record));
  }
  // The rows of a CREATE TABLE … SELECT, or of a copy, have nothing to be merged with.
  const bool merge =
      options_.compaction_enabled && group->part.statements.empty() && !StandsAlone(group->reason);
  SRDF_ASSIGN_OR_RETURN(auto result, Compact(group->part, merge, builder));
  SetCounts(std::move(result), header);
  header->statements = group->counts.statements;
  header->transactions = group->counts.transactions;
  header->source_bytes = group->counts.source_bytes;
  return {};
}

Status Sealer::SealHuge(Group* group, wire::WagonBuilder* builder, WagonHeader* header,
                        const std::stop_token& stop) {
  std::string record;
  compaction::CompactionResult total;
  for (;;) {
    auto part = group->huge->Pop(stop);
    if (!part.has_value()) return {StatusCode::kCancelled, "stopped inside a huge transaction"};
    for (const std::string_view statement : part->part.statements) {
      record.clear();
      AppendRecord(RecordType::kStatement, statement, &record);
      SRDF_RETURN_IF_ERROR(builder->Append(record));
    }
    SRDF_ASSIGN_OR_RETURN(const auto result, Compact(part->part, false, builder));
    compaction::Accumulate(result, &total);
    SRDF_FAILPOINT("batcher.inside_huge");
    if (part->end != nullptr) {
      group->end = *part->end;
      break;
    }
  }
  SetCounts(std::move(total), header);
  header->statements = group->end.statements;
  header->transactions = group->end.transactions;
  header->source_bytes = group->end.source_bytes;
  return {};
}

Result<WagonHeader> Sealer::Seal(Group group, const std::stop_token& stop) {
  SRDF_ASSIGN_OR_RETURN(WagonHeader header, Send(std::move(group), stop));
  SRDF_ASSIGN_OR_RETURN(ChainTip stored, session_->WaitStored());
  SRDF_RETURN_IF_ERROR(Stored(header, std::move(stored)));
  return header;
}

Result<WagonHeader> Sealer::Send(Group group, const std::stop_token& stop) {
  SRDF_FAILPOINT("batcher.before_seal");
  WagonHeader header;
  header.uid = NewWagonUid();
  header.flow = options_.flow;
  header.epoch = tip_.epoch;
  header.sequence = tip_.sequence + 1;
  header.first = tip_.position;
  header.previous_hash = tip_.hash;
  header.first_gtid = group.first_gtid;
  header.commit_time_first_ms = group.commit_time_first_ms;
  header.opened_at_ms = group.opened_at_ms;
  header.closed_at_ms = WallClockMs();
  header.seal_reason = group.reason;

  SRDF_ASSIGN_OR_RETURN(const auto builder, NewWagonBuilder(options_));
  if (group.huge != nullptr) {
    SRDF_RETURN_IF_ERROR(SealHuge(&group, builder.get(), &header, stop));
  } else {
    SRDF_RETURN_IF_ERROR(SealSmall(&group, builder.get(), &header));
  }
  header.last = group.end.last;
  header.last_gtid = group.end.last_gtid;
  header.commit_time_last_ms = group.end.commit_time_last_ms;
  group.part = {};

  // One piece is held back, so that the last one can be told.
  std::string held;
  bool any = false;
  const auto send = [&](std::string_view piece) -> Status {
    if (any) SRDF_RETURN_IF_ERROR(session_->Send(held, false));
    held.assign(piece);
    any = true;
    return {};
  };
  SRDF_RETURN_IF_ERROR(builder->Finish(&header, kPieceBytesMax, send, &sent_hash_));
  SRDF_FAILPOINT("batcher.before_store");
  SRDF_RETURN_IF_ERROR(session_->Send(held, true));
  return header;
}

Status Sealer::Stored(const WagonHeader& header, ChainTip stored) {
  SRDF_FAILPOINT("batcher.after_store");
  if (stored.sequence != header.sequence || stored.hash != sent_hash_) {
    return Status(StatusCode::kInternal, "the outbox stored wagon " + std::to_string(stored.sequence) +
                                             ", not wagon " + std::to_string(header.sequence));
  }
  tip_ = std::move(stored);
  return {};
}

}  // namespace srdf::batcher
