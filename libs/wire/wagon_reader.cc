#include <algorithm>
#include <optional>

#include "codec/codec.h"
#include "wire/frame_format.h"
#include "wire/payload_cipher.h"
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
    SRDF_ASSIGN_OR_RETURN(decompressor_, codec::NewDecompressor(header_.codec));
    raw_left_ = header_.payload_raw_bytes;
    payload_left_ = header_.payload_compressed_bytes;
    TakePiece(front.substr(needed));
    if (header_.encryption != EncryptionMode::kNone) {
      locked_ = true;
      front_ = std::move(front);
      front_.resize(needed);
    }
    return Status::Ok();
  }

  Status Unlock(crypto::KeyProvider* keys) override {
    if (!locked_) return {};
    if (keys == nullptr) {
      return {StatusCode::kFailedPrecondition,
              "crypto: wagon " + header_.uid + " is encrypted with key " + header_.key_id +
                  ", and there is no key ring here",
              "copy the key ring of the site that sealed it, and restart"};
    }
    SRDF_ASSIGN_OR_RETURN(const crypto::WagonKeyPtr key, keys->Find(header_.key_id));
    SRDF_RETURN_IF_ERROR(Gather(kHeaderTagBytes));
    opener_.emplace(*key, header_.nonce);
    if (!opener_->CheckHeader(front_, sealed_)) {
      return {
          StatusCode::kFailedPrecondition,
          "crypto: key " + header_.key_id + " (fingerprint " + key->secret.Fingerprint() +
              ") does not open wagon " + header_.uid +
              ": it was sealed with another key of this name, or altered since",
          "compare the fingerprints that `srdfctl key list` shows at both sites, and copy the key ring of "
          "the site that sealed the wagon"};
    }
    sealed_.clear();
    front_ = {};
    locked_ = false;
    return {};
  }

  const WagonHeader& header() const override { return header_; }

  Result<std::string_view> Next() override {
    if (!failed_.ok()) return failed_;
    if (locked_) {
      return Status(StatusCode::kFailedPrecondition,
                    "wagon " + header_.uid + " is encrypted with key " + header_.key_id,
                    "read it where that key is");
    }
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
      if (!MoreInput()) {
        return decompressor_->finished() ? End() : Broken("torn: its compressed bytes end too early");
      }
      SRDF_RETURN_IF_ERROR(opener_ ? OpenSegment() : NextPiece());
    }
    return Status::Ok();
  }

  bool MoreInput() const { return payload_left_ > 0 || !sealed_in_.empty(); }

  Status NextPiece() {
    SRDF_ASSIGN_OR_RETURN(std::string piece, pieces_());
    if (piece.empty()) return {StatusCode::kDataLoss, "wagon frame: torn: it ends inside its payload"};
    TakePiece(std::move(piece));
    return {};
  }

  // The next `bytes` bytes of an encrypted payload, or what is left of it, in sealed_.
  Status Gather(size_t bytes) {
    while (sealed_.size() < bytes && MoreInput()) {
      if (sealed_in_.empty()) SRDF_RETURN_IF_ERROR(NextPiece());
      const size_t n = std::min(bytes - sealed_.size(), sealed_in_.size());
      sealed_.append(sealed_in_.substr(0, n));
      sealed_in_.remove_prefix(n);
    }
    return {};
  }

  Status OpenSegment() {
    SRDF_RETURN_IF_ERROR(Gather(kSegmentSealedBytes));
    plain_.clear();
    SRDF_RETURN_IF_ERROR(opener_->Open(sealed_, !MoreInput(), &plain_));
    sealed_.clear();
    input_ = plain_;
    return {};
  }

  Status End() {
    ended_ = true;
    if (raw_left_ > 0) {
      return Broken("smaller than the " + std::to_string(header_.payload_raw_bytes) +
                    " bytes its header declares");
    }
    if (!input_.empty()) return Broken("bytes after its compressed stream");
    // With encryption a last segment of nothing may still be due, whose flag says that this is the end.
    while (opener_ && MoreInput()) {
      SRDF_RETURN_IF_ERROR(OpenSegment());
      if (!plain_.empty()) break;
    }
    if (!input_.empty() || MoreInput()) return Broken("bytes after its compressed stream");
    return Status::Ok();
  }

  // What is beyond the payload is the hash, which was checked when the frame was stored.
  void TakePiece(std::string piece) {
    piece_ = std::move(piece);
    std::string_view& in = header_.encryption == EncryptionMode::kNone ? input_ : sealed_in_;
    in = std::string_view(piece_).substr(
        0, static_cast<size_t>(std::min<uint64_t>(payload_left_, piece_.size())));
    payload_left_ -= in.size();
  }

  FramePieces pieces_;
  WagonHeader header_;
  std::unique_ptr<codec::Decompressor> decompressor_;
  Status failed_;
  std::string piece_;
  std::string_view input_;               // for the decompressor: what is left of piece_, or of plain_
  uint64_t payload_left_ = 0;            // bytes of the payload not yet taken from pieces_
  bool locked_ = false;                  // encrypted, and not unlocked yet
  std::string front_;                    // while locked: what the header tag covers
  std::optional<PayloadOpener> opener_;  // when encrypted and unlocked
  std::string_view sealed_in_;           // when encrypted: what is left of piece_
  std::string sealed_;                   // the segment that is being gathered
  std::string plain_;                    // the segment that was opened last
  uint64_t raw_left_ = 0;                // decompressed bytes still to come
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
