// TransactionPayload: the events of a transaction packed into one TRANSACTION_PAYLOAD event
// (binlog_transaction_compression).
//
// The body is a header of (type, length, value) fields that ends with a zero byte, then the payload: whole
// events without checksums, as one zstd stream or as they are (codecs/binary.cpp and compression/base.h in
// libs/mysql/binlog/event of the MySQL server). Events are inflated one by one: memory is that of the largest
// one, and never more than the header announces.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/binlog_event.h"

namespace srdf::codec {
class Decompressor;
}

namespace srdf::engine_mysql {

class TransactionPayload {
 public:
  // `body` must outlive the object.
  static Result<TransactionPayload> Open(ByteView body);
  ~TransactionPayload();
  TransactionPayload(TransactionPayload&&) noexcept;
  TransactionPayload& operator=(TransactionPayload&&) noexcept;

  // The next event, valid until the next call; false at the end. An error names what is wrong, not where.
  Result<bool> Next(engine_mariadb::EventView* event);

  bool compressed() const { return decompressor_ != nullptr; }
  uint64_t payload_bytes() const { return payload_bytes_; }
  uint64_t inflated_bytes() const { return inflated_bytes_; }

 private:
  TransactionPayload();
  // Makes buffer_ hold `bytes` bytes of the payload, or fewer at its end.
  Status Fill(uint64_t bytes);

  ByteView rest_;  // of the payload
  uint64_t payload_bytes_ = 0;
  uint64_t inflated_bytes_ = 0;
  uint64_t seen_bytes_ = 0;  // inflated so far
  std::unique_ptr<codec::Decompressor> decompressor_;
  std::string buffer_;
};

}  // namespace srdf::engine_mysql
