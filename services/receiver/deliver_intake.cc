#include "receiver/deliver_intake.h"

#include <algorithm>

#include "codec/crc32.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::receiver {

namespace {

constexpr size_t kUidDigits = 32;
constexpr size_t kHashBytes = 32;
constexpr size_t kChunkBytesMax = 1u << 20;
constexpr size_t kPrefixBytes = 8;
constexpr uint32_t kStartWaitMs = 1000;

bool IsUid(std::string_view uid) {
  return uid.size() == kUidDigits && std::all_of(uid.begin(), uid.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// What a chunk cannot say, whatever it belongs to; empty when it may be one.
std::string Impossible(const Chunk& chunk) {
  if (chunk.sequence == 0 || chunk.sequence > static_cast<uint64_t>(INT64_MAX))
    return "a chunk of wagon " + std::to_string(chunk.sequence);
  if (chunk.chunk_no >= chunk.chunk_count)
    return "chunk " + std::to_string(chunk.chunk_no) + " of " + std::to_string(chunk.chunk_count);
  if (!IsUid(chunk.wagon_uid))
    return "a wagon uid of " + std::to_string(chunk.wagon_uid.size()) + " bytes that is not 32 hex digits";
  if (chunk.wagon_hash.size() != kHashBytes)
    return "a wagon hash of " + std::to_string(chunk.wagon_hash.size()) + " bytes";
  if (chunk.data.empty() || chunk.data.size() > kChunkBytesMax)
    return "a chunk of " + std::to_string(chunk.data.size()) + " bytes";
  return {};
}

bool IsDamaged(const Chunk& chunk) {
  return chunk.data_crc32.has_value() && codec::Crc32(chunk.data) != *chunk.data_crc32;
}

WagonFault Damaged(const Chunk& chunk) {
  return {ReceiptReason::kTampered,
          "chunk " + std::to_string(chunk.chunk_no) + " does not have the checksum it came with",
          {},
          {}};
}

WagonFault Expected(uint32_t next, const Chunk& chunk) {
  return {ReceiptReason::kMissingChunk,
          "chunk " + std::to_string(next) + " is expected, chunk " + std::to_string(chunk.chunk_no) + " came",
          {},
          {}};
}

std::string Prefix(std::string_view hash) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : hash.substr(0, kPrefixBytes)) {
    hex += kDigits[static_cast<uint8_t>(c) >> 4];
    hex += kDigits[static_cast<uint8_t>(c) & 0xf];
  }
  return hex;
}

}  // namespace

Status DeliverIntake::Append(const Chunk& chunk, std::vector<WagonReceipt>* receipts) {
  receipts_ = receipts;
  SRDF_RETURN_IF_ERROR(Route(chunk));
  if (refusals_in_row_ < kRefusalsInRowMax) return {};
  return {StatusCode::kAborted, std::to_string(refusals_in_row_) +
                                    " refusals in a row on one stream: the sender is to begin again"};
}

Status DeliverIntake::Route(const Chunk& chunk) {
  if (std::string what = Impossible(chunk); !what.empty())
    return Refuse(chunk, {ReceiptReason::kNotAWagon, std::move(what), {}, {}});
  if (IsTail(chunk)) return {};
  if (assembly_ == nullptr || chunk.sequence < assembly_->sequence()) return Begin(chunk);
  if (chunk.sequence > assembly_->sequence()) return Overtaken(chunk);
  if (!assembly_->IsOf(chunk)) {
    // Which of the two is the true one shows only when all of it is sent again.
    return Refuse(chunk, {ReceiptReason::kTampered, "its chunks announce different wagons", assembly_->hash(),
                          std::string(chunk.wagon_hash)});
  }
  return Take(chunk);
}

bool DeliverIntake::IsTail(const Chunk& chunk) {
  if (!tail_.has_value() || chunk.sequence != tail_->sequence || chunk.chunk_no <= tail_->chunk_no)
    return false;
  tail_->chunk_no = chunk.chunk_no;
  return true;
}

Status DeliverIntake::Begin(const Chunk& chunk) {
  store::Inbox* inbox = flow_->inbox();
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow flow, inbox->RecentFlow(flow_->name()));
  if (!flow_->TipIsKnown(flow)) {
    return Refuse(chunk, {ReceiptReason::kNoStart, "where the target stands is not known here yet", {}, {}});
  }
  if (chunk.sequence <= flow.tip.sequence) return AnswerOld(chunk, flow.tip);
  if (chunk.sequence != flow.tip.sequence + 1) {
    return Refuse(chunk, {ReceiptReason::kMissingWagon,
                          "wagon " + std::to_string(flow.tip.sequence + 1) + " is expected",
                          {},
                          {}});
  }
  store::PartialWagon partial;
  // Whatever is there of a wagon, its first chunk begins it anew.
  if (chunk.chunk_no != 0) {
    SRDF_ASSIGN_OR_RETURN(partial, inbox->GetPartial(flow_->name()));
  }
  const bool same = partial.sequence == chunk.sequence && partial.uid == chunk.wagon_uid &&
                    partial.hash == chunk.wagon_hash;
  const uint32_t on_disk = same ? partial.chunks : 0;
  if (chunk.chunk_no > on_disk) return Ask(chunk, on_disk, Expected(on_disk, chunk));
  if (IsDamaged(chunk)) return Ask(chunk, chunk.chunk_no, Damaged(chunk));
  auto assembly = WagonAssembly::Begin(inbox, flow_->name(), flow.tip, chunk);
  if (assembly.status().code() == StatusCode::kDataLoss) {
    SRDF_RETURN_IF_ERROR(inbox->DropPartial(flow_->name()));
    return Ask(chunk, 0, {ReceiptReason::kTampered, assembly.status().message(), {}, {}});
  }
  if (!assembly.ok()) return StoreFailed(chunk, assembly.status());
  assembly_ = std::move(*assembly);
  asked_ = false;
  return TakeSound(chunk);
}

Status DeliverIntake::AnswerOld(const Chunk& chunk, const ChainTip& tip) {
  std::string held = chunk.sequence == tip.sequence ? tip.hash : std::string();
  if (held.empty()) {
    SRDF_ASSIGN_OR_RETURN(const auto stored, flow_->inbox()->List(flow_->name(), chunk.sequence + 1, 1));
    if (!stored.empty() && stored.front().header.sequence == chunk.sequence) held = stored.front().hash;
  }
  const std::string found(chunk.wagon_hash);
  if (held == found) return Refuse(chunk, {ReceiptReason::kReplayed, "it is in the inbox", held, found});
  if (!held.empty()) {
    return Refuse(chunk, {ReceiptReason::kForked, "another wagon has this sequence here", held, found});
  }
  // Purged, or from before this inbox: to call it a duplicate would be a guess.
  return Refuse(chunk, {ReceiptReason::kReplayed, "the flow is past it, and it is not kept here", {}, found},
                ReceiptKind::kRejected);
}

// A later wagon comes while this one has a hole at its end.
Status DeliverIntake::Overtaken(const Chunk& chunk) {
  const uint32_t next = assembly_->next_chunk();
  if (!asked_) {
    Chunk missing;
    missing.sequence = assembly_->sequence();
    missing.wagon_uid = assembly_->uid();
    missing.chunk_no = next;
    SRDF_RETURN_IF_ERROR(Ask(
        missing, next,
        {ReceiptReason::kMissingChunk,
         "chunk " + std::to_string(next) + " is expected, wagon " + std::to_string(chunk.sequence) + " came",
         {},
         {}}));
  }
  return Refuse(chunk, {ReceiptReason::kOutOfOrder,
                        "wagon " + std::to_string(assembly_->sequence()) + " is not whole yet",
                        {},
                        {}});
}

Status DeliverIntake::Take(const Chunk& chunk) {
  if (IsDamaged(chunk)) return Ask(chunk, assembly_->next_chunk(), Damaged(chunk));
  return TakeSound(chunk);
}

Status DeliverIntake::TakeSound(const Chunk& chunk) {
  const uint32_t next = assembly_->next_chunk();
  if (chunk.chunk_no < next) return Repeated(chunk);
  if (chunk.chunk_no > next) return Ask(chunk, next, Expected(next, chunk));
  WagonFault fault;
  if (Status s = assembly_->Append(chunk.data, &fault); !s.ok()) return StoreFailed(chunk, s);
  if (fault) return Refuse(chunk, std::move(fault));
  asked_ = false;
  tail_.reset();
  SRDF_FAILPOINT("receiver.after_chunk");
  return assembly_->complete() ? Complete(chunk) : Status();
}

Status DeliverIntake::Repeated(const Chunk& chunk) {
  SRDF_ASSIGN_OR_RETURN(const bool same, assembly_->HasChunk(chunk.chunk_no, chunk.data));
  if (same) return {};
  return Refuse(chunk, {ReceiptReason::kTampered,
                        "chunk " + std::to_string(chunk.chunk_no) + " came twice, with different bytes",
                        {},
                        {}});
}

Status DeliverIntake::Complete(const Chunk& chunk) {
  WagonHeader header;
  if (WagonFault fault = assembly_->Finish(&header)) return Refuse(chunk, std::move(fault));
  const std::string_view frame = assembly_->is_one_chunk() ? chunk.data : std::string_view();
  if (Status s = flow_->HandOnEarly(chunk.sequence, assembly_->hash(), frame); !s.ok())
    return Refuse(chunk, {ReceiptReason::kNoStart, s.message(), {}, assembly_->hash()});
  SRDF_FAILPOINT("receiver.before_accept");
  if (Status s = assembly_->Accept(header, chunk.data); !s.ok()) return StoreFailed(chunk, s);
  SRDF_FAILPOINT("receiver.after_accept");
  SRDF_RETURN_IF_ERROR(
      flow_->WagonAccepted(chunk.sequence, assembly_->hash(), assembly_->frame_bytes(), frame));
  assembly_.reset();
  tail_ = {chunk.sequence, chunk.chunk_no};
  WagonReceipt receipt;
  receipt.sequence = chunk.sequence;
  receipt.wagon_uid = header.uid;
  Say(std::move(receipt), chunk, {});
  refusals_in_row_ = 0;
  return {};
}

Status DeliverIntake::Refuse(const Chunk& chunk, WagonFault fault, std::optional<ReceiptKind> kind) {
  const ReceiptRule& rule = RuleOf(fault.reason);
  WagonReceipt receipt;
  receipt.sequence = chunk.sequence;
  receipt.kind = kind.value_or(rule.kind);
  receipt.reason = fault.reason;
  // What is a duplicate is no error; the same reason with another receipt is one of the sequence.
  receipt.error_class = kind.has_value() && *kind != rule.kind ? ErrorClass::kFormat : rule.error_class;
  receipt.error = fault.what;
  if (receipt.error_class == ErrorClass::kBusy) {
    receipt.wait_ms = fault.reason == ReceiptReason::kNoStart ? kStartWaitMs : flow_->WaitMs();
  }
  tail_ = {chunk.sequence, chunk.chunk_no};
  if (assembly_ != nullptr && assembly_->sequence() == chunk.sequence) {
    assembly_.reset();
    // When it is the inbox that cannot, the wagon goes on later.
    if (receipt.error_class != ErrorClass::kBusy)
      SRDF_RETURN_IF_ERROR(flow_->inbox()->DropPartial(flow_->name()));
  }
  Say(std::move(receipt), chunk, fault);
  return {};
}

Status DeliverIntake::Ask(const Chunk& chunk, uint32_t next, WagonFault fault) {
  WagonReceipt receipt;
  receipt.sequence = chunk.sequence;
  receipt.kind = ReceiptKind::kPartiallyAccepted;
  receipt.reason = fault.reason;
  receipt.error_class = RuleOf(fault.reason).error_class;
  receipt.error = fault.what;
  receipt.next_chunk = next;
  // The chunk that is asked for is never let pass.
  tail_ = {chunk.sequence, std::max(chunk.chunk_no, next)};
  asked_ = assembly_ != nullptr;
  Say(std::move(receipt), chunk, fault);
  return {};
}

// A full or failing inbox is a state that passes: the sender waits, and the wagon goes on where it stopped.
Status DeliverIntake::StoreFailed(const Chunk& chunk, const Status& status) {
  switch (status.code()) {
    case StatusCode::kResourceExhausted:
      flow_->StoreChanged(status);
      return Refuse(chunk, {ReceiptReason::kFull, status.message(), {}, {}});
    case StatusCode::kUnavailable:
    case StatusCode::kPermissionDenied:
    case StatusCode::kFailedPrecondition:
      flow_->StoreChanged(status);
      return Refuse(chunk, {ReceiptReason::kDisk, status.message(), {}, {}});
    default:
      // kAborted: the tip moved meanwhile (the target is ahead), and both ends agree again.
      return status;
  }
}

void DeliverIntake::Say(WagonReceipt receipt, const Chunk& chunk, const WagonFault& fault) {
  if (IsUid(chunk.wagon_uid)) receipt.wagon_uid = chunk.wagon_uid;
  const auto log = flow_->Said(receipt, peer_);
  if (receipt.kind != ReceiptKind::kAccepted) ++refusals_in_row_;
  if (log) {
    obs::Warn("wagon_refused", {{"flow", flow_->name()},
                                {"sequence", receipt.sequence},
                                {"uid", receipt.wagon_uid},
                                {"chunk", chunk.chunk_no},
                                {"receipt", ReceiptKindName(receipt.kind)},
                                {"reason", ReceiptReasonName(receipt.reason)},
                                {"class", ErrorClassName(receipt.error_class)},
                                {"expected", Prefix(fault.expected)},
                                {"found", Prefix(fault.found)},
                                {"peer", peer_},
                                {"not_logged_before", *log},
                                {"error", receipt.error}});
  }
  receipts_->push_back(std::move(receipt));
}

}  // namespace srdf::receiver
