#include <algorithm>
#include <optional>

#include "codec/codec.h"
#include "crypto/wagon_nonce.h"
#include "wire/frame_format.h"
#include "wire/payload_cipher.h"
#include "wire/payload_store.h"
#include "wire/sha256.h"
#include "wire/wagon_frame.h"

namespace srdf::wire {

namespace {

// How much goes to the compressor before the store is asked to keep within its memory.
constexpr size_t kCompressBytes = 256u << 10;

// Cuts what passes into pieces of one size (but the last), and hashes it.
class PieceWriter {
 public:
  PieceWriter(size_t piece_bytes_max, const FrameSink& sink) : bytes_max_(piece_bytes_max), sink_(sink) {}

  Status Append(std::string_view bytes, bool hashed = true) {
    if (hashed) sha_.Append(bytes);
    while (!bytes.empty()) {
      const size_t n = std::min(bytes.size(), bytes_max_ - piece_.size());
      piece_.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      if (piece_.size() == bytes_max_) SRDF_RETURN_IF_ERROR(Flush());
    }
    return Status::Ok();
  }

  Status Finish(std::string* hash) {
    *hash = sha_.Finish();
    SRDF_RETURN_IF_ERROR(Append(*hash, false));
    return piece_.empty() ? Status::Ok() : Flush();
  }

 private:
  Status Flush() {
    SRDF_RETURN_IF_ERROR(sink_(piece_));
    piece_.clear();
    return Status::Ok();
  }

  const size_t bytes_max_;
  const FrameSink& sink_;
  Sha256 sha_;
  std::string piece_;
};

class WagonBuilderImpl : public WagonBuilder {
 public:
  WagonBuilderImpl(const WagonBuilderOptions& options, std::unique_ptr<codec::Compressor> compressor)
      : codec_(options.codec),
        compressor_(std::move(compressor)),
        key_(options.key),
        store_(options.spill_dir, options.memory_bytes_max) {
    if (key_ == nullptr) return;
    nonce_ = crypto::NewWagonNonce();
    sealer_.emplace(*key_, nonce_);
  }

  Status Append(std::string_view records) override {
    if (failed_.ok()) failed_ = Take(records);
    return failed_;
  }

  Status Finish(WagonHeader* header, size_t piece_bytes_max, const FrameSink& sink,
                std::string* hash) override {
    SRDF_RETURN_IF_ERROR(failed_);
    failed_ = Status(StatusCode::kFailedPrecondition, "wagon builder: already finished");
    if (piece_bytes_max == 0) return {StatusCode::kInvalidArgument, "wagon builder: pieces of no bytes"};
    SRDF_RETURN_IF_ERROR(compressor_->Finish(compressed()));
    if (sealer_) sealer_->Finish(&plain_, store_.tail());
    SRDF_RETURN_IF_ERROR(store_.Settle());

    header->codec = codec_;
    header->encryption = sealer_ ? EncryptionMode::kAes256Gcm : EncryptionMode::kNone;
    header->key_id = sealer_ ? key_->id : std::string();
    header->nonce = nonce_;
    header->payload_raw_bytes = raw_bytes_;
    header->payload_compressed_bytes = store_.bytes() + (sealer_ ? kHeaderTagBytes : 0);
    header->schema_fingerprint = schemas_.Finish();

    std::string front;
    SRDF_RETURN_IF_ERROR(EncodeFrameFront(*header, &front));
    PieceWriter pieces(piece_bytes_max, sink);
    SRDF_RETURN_IF_ERROR(pieces.Append(front));
    if (sealer_) SRDF_RETURN_IF_ERROR(pieces.Append(sealer_->HeaderTag(front)));
    const auto append = [&pieces](std::string_view bytes) { return pieces.Append(bytes); };
    SRDF_RETURN_IF_ERROR(store_.Read(std::min<size_t>(piece_bytes_max, 1u << 20), append));
    return pieces.Finish(hash);
  }

 private:
  // Where the compressor's output goes. The store, which may be on disk, gets ciphertext only.
  std::string* compressed() { return sealer_ ? &plain_ : store_.tail(); }

  Status Take(std::string_view records) {
    RecordCursor cursor(records);
    Record record;
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
      if (!more) break;
      SRDF_RETURN_IF_ERROR(CheckPayloadRecord(static_cast<uint8_t>(record.type), record.body.size()));
      if (record.type == RecordType::kTableSchema) schemas_.Append(record.body);
    }
    raw_bytes_ += records.size();
    while (!records.empty()) {
      const std::string_view some = records.substr(0, kCompressBytes);
      SRDF_RETURN_IF_ERROR(compressor_->Append(some, compressed()));
      if (sealer_) sealer_->Append(&plain_, store_.tail());
      SRDF_RETURN_IF_ERROR(store_.Settle());
      records.remove_prefix(some.size());
    }
    return Status::Ok();
  }

  const Codec codec_;
  Status failed_;
  std::unique_ptr<codec::Compressor> compressor_;
  const crypto::WagonKeyPtr key_;
  std::string nonce_;
  std::optional<PayloadSealer> sealer_;  // when the wagon is encrypted
  std::string plain_;                    // compressed bytes that no segment has yet
  PayloadStore store_;
  Sha256 schemas_;
  uint64_t raw_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<WagonBuilder>> NewWagonBuilder(const WagonBuilderOptions& options) {
  SRDF_ASSIGN_OR_RETURN(auto compressor, codec::NewCompressor(options.codec, options.level));
  return std::unique_ptr<WagonBuilder>(std::make_unique<WagonBuilderImpl>(options, std::move(compressor)));
}

}  // namespace srdf::wire
