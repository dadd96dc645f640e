#include "applier/wagon_stream.h"

namespace srdf::applier {

Result<WagonStream::Wagon> WagonStream::Next() {
  SRDF_RETURN_IF_ERROR(SkipRest());
  SRDF_ASSIGN_OR_RETURN(first_, session_->Next());
  if (first_->skipped.has_value()) {
    Wagon skipped{first_->wagon_hash, nullptr, std::move(first_->skipped)};
    first_.reset();
    return skipped;
  }
  verifier_ = wire::NewFrameVerifier();
  next_chunk_ = 0;
  chunk_count_ = 1;  // until the first chunk tells
  Wagon wagon;
  SRDF_ASSIGN_OR_RETURN(wagon.reader, wire::WagonReader::Open([this] { return NextPiece(); }));
  wagon.hash = hash_;
  return wagon;
}

Status WagonStream::SkipRest() {
  while (next_chunk_ < chunk_count_) {
    SRDF_ASSIGN_OR_RETURN(const std::string piece, NextPiece());
    if (piece.empty()) break;
  }
  return {};
}

Result<std::string> WagonStream::NextPiece() {
  if (next_chunk_ == chunk_count_) return std::string();
  TakenChunk chunk;
  if (first_.has_value()) {
    chunk = std::move(*first_);
    first_.reset();
  } else {
    SRDF_ASSIGN_OR_RETURN(chunk, session_->Next());
  }
  if (next_chunk_ == 0) {
    sequence_ = chunk.sequence;
    hash_ = chunk.wagon_hash;
    chunk_count_ = chunk.chunk_count;
  }
  if (chunk.sequence != sequence_ || chunk.chunk_no != next_chunk_ || chunk.chunk_count != chunk_count_) {
    return Status(StatusCode::kInternal, "the receiver sent chunk " + std::to_string(chunk.chunk_no) +
                                             " of wagon " + std::to_string(chunk.sequence) + " where chunk " +
                                             std::to_string(next_chunk_) + " of wagon " +
                                             std::to_string(sequence_) + " was due");
  }
  ++next_chunk_;
  SRDF_RETURN_IF_ERROR(verifier_->Append(chunk.data));
  if (next_chunk_ == chunk_count_) {
    WagonHeader header;
    std::string hash;
    Status whole = verifier_->Finish(&header, &hash);
    if (whole.ok() && hash != hash_)
      whole = Status(StatusCode::kDataLoss, "its hash is not the one it was accepted with");
    if (!whole.ok()) {
      return Status(
          StatusCode::kDataLoss,
          "wagon " + std::to_string(sequence_) + " of the inbox is damaged: " + whole.message(),
          "check the disk of the receiver's host; stop the receiver, remove inbox.db*, start it again: the "
          "shipper sends what is missing");
    }
  }
  return std::move(chunk.data);
}

}  // namespace srdf::applier
