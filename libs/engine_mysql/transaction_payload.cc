#include "engine_mysql/transaction_payload.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/codec.h"

namespace srdf::engine_mysql {

namespace {

enum : uint64_t { kEnd = 0, kPayloadBytes = 1, kCompression = 2, kInflatedBytes = 3 };
enum : uint64_t { kZstd = 0, kNone = 255 };

Status Malformed(std::string_view why) {
  return {StatusCode::kDataLoss, fmt::format("malformed TRANSACTION_PAYLOAD event in the binlog: {}", why)};
}

}  // namespace

TransactionPayload::TransactionPayload() = default;
TransactionPayload::~TransactionPayload() = default;
TransactionPayload::TransactionPayload(TransactionPayload&&) noexcept = default;
TransactionPayload& TransactionPayload::operator=(TransactionPayload&&) noexcept = default;

Result<TransactionPayload> TransactionPayload::Open(ByteView body) {
  ByteReader r(body);
  TransactionPayload payload;
  uint64_t compression = kNone;
  bool has_inflated_bytes = false;
  while (r.ok()) {
    const uint64_t type = engine_mariadb::ReadPackedLength(&r);
    if (type == kEnd) break;
    ByteReader value(r.Raw(engine_mariadb::ReadPackedLength(&r)));
    if (type > kInflatedBytes) continue;  // fields of later servers may be skipped
    const uint64_t number = engine_mariadb::ReadPackedLength(&value);
    if (!value.ok()) return Malformed("its header");
    if (type == kPayloadBytes) payload.payload_bytes_ = number;
    if (type == kCompression) compression = number;
    if (type == kInflatedBytes) {
      payload.inflated_bytes_ = number;
      has_inflated_bytes = true;
    }
  }
  payload.rest_ = r.Rest();
  if (!r.ok() || payload.rest_.size() != payload.payload_bytes_) return Malformed("its header");
  if (!has_inflated_bytes) payload.inflated_bytes_ = payload.payload_bytes_;
  if (compression == kZstd) {
    SRDF_ASSIGN_OR_RETURN(payload.decompressor_, codec::NewForeignZstdDecompressor());
  } else if (compression != kNone) {
    return Status(StatusCode::kUnimplemented,
                  fmt::format("TRANSACTION_PAYLOAD event with compression type {}", compression),
                  "upgrade SRDF to a version that knows the server's events");
  }
  return payload;
}

Status TransactionPayload::Fill(uint64_t bytes) {
  if (bytes > inflated_bytes_ - seen_bytes_ + buffer_.size()) {
    return Malformed("it holds more than it says");
  }
  while (buffer_.size() < bytes) {
    const size_t had = buffer_.size();
    const size_t had_in = rest_.size();
    if (decompressor_ == nullptr) {
      const size_t n = std::min<size_t>(bytes - had, rest_.size());
      buffer_.append(rest_.substr(0, n));
      rest_.remove_prefix(n);
    } else {
      if (decompressor_->finished() && !rest_.empty()) {  // one stream per piece
        SRDF_ASSIGN_OR_RETURN(decompressor_, codec::NewForeignZstdDecompressor());
      }
      const Status status = decompressor_->Step(&rest_, bytes - had, &buffer_);
      if (!status.ok()) return Malformed(status.message());
    }
    seen_bytes_ += buffer_.size() - had;
    if (buffer_.size() == had && rest_.size() == had_in) return {};
  }
  return {};
}

Result<bool> TransactionPayload::Next(engine_mariadb::EventView* event) {
  buffer_.clear();
  if (seen_bytes_ == inflated_bytes_) {
    if (decompressor_ != nullptr && !decompressor_->finished()) {
      // The stream's end mark gives no bytes.
      std::string more;
      const Status status = decompressor_->Step(&rest_, 1, &more);
      if (!status.ok() || !more.empty() || !decompressor_->finished())
        return Malformed("its stream has no end");
    }
    if (!rest_.empty()) return Malformed("it holds more than it says");
    return false;
  }
  SRDF_RETURN_IF_ERROR(Fill(engine_mariadb::kEventHeaderBytes));
  if (buffer_.size() < engine_mariadb::kEventHeaderBytes) return Malformed("it ends inside an event");
  ByteReader r(ByteView(buffer_).substr(9));
  const uint32_t length = r.U32();
  if (length < engine_mariadb::kEventHeaderBytes) return Malformed("an event's length");
  SRDF_RETURN_IF_ERROR(Fill(length));
  if (buffer_.size() < length) return Malformed("it ends inside an event");
  SRDF_ASSIGN_OR_RETURN(*event, engine_mariadb::DecodeEvent(buffer_));
  return true;
}

}  // namespace srdf::engine_mysql
