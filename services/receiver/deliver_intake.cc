#include "receiver/deliver_intake.h"

#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::receiver {

std::optional<WagonReceipt> DeliverIntake::Receipt(const Chunk& chunk, ReceiptKind kind, std::string error) {
  ReceiverCounts count;
  switch (kind) {
    case ReceiptKind::kAccepted:
      count.accepted = 1;
      break;
    case ReceiptKind::kDuplicate:
      count.duplicates = 1;
      break;
    case ReceiptKind::kInvalidPayload:
      count.invalid = 1;
      break;
    case ReceiptKind::kRejected:
    case ReceiptKind::kBusy:
      count.rejected = 1;
      break;
  }
  flow_->AddCounts(count);
  if (kind != ReceiptKind::kAccepted) {
    obs::Warn("wagon_not_accepted",
              {{"flow", flow_->name()}, {"sequence", chunk.sequence}, {"error", error}});
  }
  // What still comes of this wagon is not wanted any more.
  mode_ = Mode::kIgnoring;
  sequence_ = chunk.sequence;
  verifier_.reset();
  return WagonReceipt{chunk.sequence, std::string(chunk.wagon_uid), kind, std::move(error)};
}

Result<std::optional<WagonReceipt>> DeliverIntake::Append(const Chunk& chunk) {
  if (chunk.chunk_count == 0 || chunk.chunk_no >= chunk.chunk_count) {
    return Status(StatusCode::kInvalidArgument,
                  "chunk " + std::to_string(chunk.chunk_no) + " of " + std::to_string(chunk.chunk_count));
  }
  if (mode_ == Mode::kNone || chunk.sequence != sequence_ ||
      (mode_ == Mode::kIgnoring && chunk.chunk_no == 0)) {
    SRDF_ASSIGN_OR_RETURN(auto receipt, Begin(chunk));
    if (receipt.has_value()) return receipt;
  }
  if (mode_ == Mode::kIgnoring) return std::optional<WagonReceipt>();
  auto receipt = Take(chunk);
  if (!receipt.ok() && receipt.status().code() == StatusCode::kResourceExhausted) {
    return Receipt(chunk, ReceiptKind::kBusy, receipt.status().message());
  }
  return receipt;
}

Result<std::optional<WagonReceipt>> DeliverIntake::Begin(const Chunk& chunk) {
  store::Inbox* inbox = flow_->inbox();
  mode_ = Mode::kNone;
  sequence_ = chunk.sequence;
  SRDF_ASSIGN_OR_RETURN(const store::InboxFlow flow, inbox->GetFlow(flow_->name()));
  if (!flow.tip_known)
    return Receipt(chunk, ReceiptKind::kRejected, "the flow's starting point is not known here");
  if (chunk.sequence <= flow.tip.sequence) {
    SRDF_ASSIGN_OR_RETURN(const auto stored, inbox->List(flow_->name(), chunk.sequence + 1, 1));
    const bool same = (!stored.empty() && stored.front().header.sequence == chunk.sequence &&
                       stored.front().hash == chunk.wagon_hash) ||
                      (chunk.sequence == flow.tip.sequence && flow.tip.hash == chunk.wagon_hash);
    if (same) return Receipt(chunk, ReceiptKind::kDuplicate, "it is in the inbox");
    return Receipt(chunk, ReceiptKind::kRejected, "another wagon has this sequence here");
  }
  if (chunk.sequence != flow.tip.sequence + 1) {
    return Receipt(chunk, ReceiptKind::kRejected,
                   "wagon " + std::to_string(flow.tip.sequence + 1) + " is expected");
  }
  SRDF_RETURN_IF_ERROR(inbox->BeginWagon(flow_->name(), chunk.sequence, std::string(chunk.wagon_uid),
                                         std::string(chunk.wagon_hash)));
  SRDF_ASSIGN_OR_RETURN(const store::PartialWagon partial, inbox->GetPartial(flow_->name()));
  if (chunk.chunk_no > partial.chunks) {
    return Receipt(chunk, ReceiptKind::kRejected, "chunk " + std::to_string(partial.chunks) + " is expected");
  }
  verifier_ = wire::NewFrameVerifier();
  for (verified_chunks_ = 0; verified_chunks_ < chunk.chunk_no; ++verified_chunks_) {
    SRDF_ASSIGN_OR_RETURN(const std::string data,
                          inbox->ReadChunk(flow_->name(), chunk.sequence, verified_chunks_));
    SRDF_RETURN_IF_ERROR(verifier_->Append(data));
  }
  mode_ = Mode::kTaking;
  return std::optional<WagonReceipt>();
}

Result<std::optional<WagonReceipt>> DeliverIntake::Take(const Chunk& chunk) {
  if (chunk.chunk_no != verified_chunks_) {
    return Receipt(chunk, ReceiptKind::kRejected,
                   "chunk " + std::to_string(verified_chunks_) + " is expected");
  }
  if (Status s = verifier_->Append(chunk.data); !s.ok()) {
    SRDF_RETURN_IF_ERROR(flow_->inbox()->DropPartial(flow_->name()));
    return Receipt(chunk, ReceiptKind::kInvalidPayload, s.message());
  }
  ++verified_chunks_;
  SRDF_RETURN_IF_ERROR(
      flow_->inbox()->AppendChunk(flow_->name(), chunk.sequence, chunk.chunk_no, chunk.data));
  SRDF_FAILPOINT("receiver.after_chunk");
  if (chunk.chunk_no + 1 < chunk.chunk_count) return std::optional<WagonReceipt>();
  return Complete(chunk);
}

Result<std::optional<WagonReceipt>> DeliverIntake::Complete(const Chunk& chunk) {
  WagonHeader header;
  std::string hash;
  Status whole = verifier_->Finish(&header, &hash);
  if (whole.ok() && (hash != chunk.wagon_hash || header.sequence != chunk.sequence ||
                     header.uid != chunk.wagon_uid || header.flow != flow_->name())) {
    whole = Status(StatusCode::kDataLoss, "the frame is not the wagon its chunks name");
  }
  if (!whole.ok()) {
    SRDF_RETURN_IF_ERROR(flow_->inbox()->DropPartial(flow_->name()));
    return Receipt(chunk, ReceiptKind::kInvalidPayload, whole.message());
  }
  SRDF_FAILPOINT("receiver.before_accept");
  if (Status s = flow_->inbox()->Accept(header, hash); s.code() == StatusCode::kAborted) {
    SRDF_RETURN_IF_ERROR(flow_->inbox()->DropPartial(flow_->name()));
    return Receipt(chunk, ReceiptKind::kRejected, s.message());
  } else if (!s.ok()) {
    return s;
  }
  SRDF_FAILPOINT("receiver.after_accept");
  flow_->WagonAccepted();
  return Receipt(chunk, ReceiptKind::kAccepted, "");
}

}  // namespace srdf::receiver
