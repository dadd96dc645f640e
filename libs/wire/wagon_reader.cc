#include <algorithm>

#include "codec/codec.h"
#include "wire/frame_format.h"
#include "wire/wagon_frame.h"

namespace srdf::wire {

namespace {

constexpr size_t kBufferBytes = 1u << 20;
constexpr size_t kBufferKeptBytesMax = 4u << 20;
constexpr size_t kStepBytes = 256u << 10;

Status Broken(const std::string& what) { return {StatusCode::kDataLoss, "wagon payload: " + what}; }

class WagonReaderImpl : public WagonReader {
 public:
  explicit WagonReaderImpl(FramePieces pieces) : pieces_(std::move(pieces)) {}

  Status ReadFront() {
    std::string front;
    size_t needed = kFramePrefixBytes;
    for (;;) {
      auto header = PeekHeader(front, &needed);
      if (header.ok()) {
        header_ = std::move(header).value();
        break;
      }
      if (header.status().code() != StatusCode::kUnavailable) return header.status();
      while (front.size() < needed) {
        SRDF_ASSIGN_OR_RETURN(const std::string piece, pieces_());
        if (piece.empty()) return {StatusCode::kDataLoss, "wagon frame: torn: it ends inside its header"};
        front.append(piece);
      }
    }
    if (header_.encryption != EncryptionMode::kNone) {
      return {StatusCode::kUnimplemented, "wagon " + header_.uid + " is encrypted with key " + header_.key_id,
              "upgrade this service to a version that can decrypt wagons"};
    }
    SRDF_ASSIGN_OR_RETURN(decompressor_, codec::NewDecompressor(header_.codec));
    raw_left_ = header_.payload_raw_bytes;
    payload_left_ = header_.payload_compressed_bytes;
    TakePiece(front.substr(needed));
    return Status::Ok();
  }

  const WagonHeader& header() const override { return header_; }

  Result<std::string_view> Next() override {
    if (!failed_.ok()) return failed_;
    auto records = Read();
    if (!records.ok()) failed_ = records.status();
    return records;
  }

 private:
  Result<std::string_view> Read() {
    buffer_.erase(0, given_);
    given_ = 0;
    if (buffer_.empty() && buffer_.capacity() > kBufferKeptBytesMax) buffer_.shrink_to_fit();
    size_t wanted = kBufferBytes;
    for (;;) {
      SRDF_RETURN_IF_ERROR(Fill(wanted));
      SRDF_ASSIGN_OR_RETURN(const size_t first_record, FindWholeRecords());
      if (given_ > 0) return std::string_view(buffer_).substr(0, given_);
      if (buffer_.empty()) return std::string_view();
      if (ended_) return Broken("torn: it ends inside a record");
      // A record larger than the buffer. Its length may lie, but not beyond what the header declares.
      wanted = first_record;
      buffer_.reserve(buffer_.size() +
                      static_cast<size_t>(std::min<uint64_t>(wanted - buffer_.size(), raw_left_)));
    }
  }

  // Moves given_ over the whole records in the buffer; returns the size of the record at its front.
  Result<size_t> FindWholeRecords() {
    size_t first_record = kRecordHeaderBytes;
    for (size_t at = 0;;) {
      ByteReader r(ByteView(buffer_).substr(at));
      const uint8_t type = r.U8();
      const uint32_t body_bytes = r.U32();
      if (!r.ok()) break;
      SRDF_RETURN_IF_ERROR(CheckPayloadRecord(type, body_bytes));
      const size_t record = kRecordHeaderBytes + body_bytes;
      if (at == 0) first_record = record;
      if (record > buffer_.size() - at) break;
      at += record;
      given_ = at;
    }
    return first_record;
  }

  // Decompresses until the buffer holds `wanted` bytes or the payload is at its end. Never gives more bytes
  // than the header declares: a payload that wants to is refused after one byte too many.
  Status Fill(size_t wanted) {
    while (!ended_ && buffer_.size() < wanted) {
      if (raw_left_ == 0 && decompressor_->finished()) return End();
      const size_t had = buffer_.size();
      const size_t input_before = input_.size();
      const uint64_t room = std::min<uint64_t>({kStepBytes, wanted - had, std::max<uint64_t>(raw_left_, 1)});
      SRDF_RETURN_IF_ERROR(decompressor_->Step(&input_, static_cast<size_t>(room), &buffer_));
      const size_t made = buffer_.size() - had;
      if (made > raw_left_) {
        return Broken("larger than the " + std::to_string(header_.payload_raw_bytes) +
                      " bytes its header declares");
      }
      raw_left_ -= made;
      if (made > 0) continue;
      if (!input_.empty()) {
        if (decompressor_->finished()) return End();
        if (input_.size() == input_before) return Broken("its decompressor does not get on");
        continue;
      }
      if (payload_left_ == 0) {
        return decompressor_->finished() ? End() : Broken("torn: its compressed bytes end too early");
      }
      SRDF_ASSIGN_OR_RETURN(std::string piece, pieces_());
      if (piece.empty()) return {StatusCode::kDataLoss, "wagon frame: torn: it ends inside its payload"};
      TakePiece(std::move(piece));
    }
    return Status::Ok();
  }

  Status End() {
    ended_ = true;
    if (raw_left_ > 0) {
      return Broken("smaller than the " + std::to_string(header_.payload_raw_bytes) +
                    " bytes its header declares");
    }
    if (!input_.empty() || payload_left_ > 0) return Broken("bytes after its compressed stream");
    return Status::Ok();
  }

  // What is beyond the payload is the hash, which was checked when the frame was stored.
  void TakePiece(std::string piece) {
    piece_ = std::move(piece);
    input_ = std::string_view(piece_).substr(
        0, static_cast<size_t>(std::min<uint64_t>(payload_left_, piece_.size())));
    payload_left_ -= input_.size();
  }

  FramePieces pieces_;
  WagonHeader header_;
  std::unique_ptr<codec::Decompressor> decompressor_;
  Status failed_;
  std::string piece_;
  std::string_view input_;     // what is left of piece_
  uint64_t payload_left_ = 0;  // compressed bytes not yet taken from pieces_
  uint64_t raw_left_ = 0;      // decompressed bytes still to come
  std::string buffer_;
  size_t given_ = 0;  // front of the buffer that the last Next gave away
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<WagonReader>> WagonReader::Open(FramePieces pieces) {
  auto reader = std::make_unique<WagonReaderImpl>(std::move(pieces));
  SRDF_RETURN_IF_ERROR(reader->ReadFront());
  return std::unique_ptr<WagonReader>(std::move(reader));
}

}  // namespace srdf::wire
