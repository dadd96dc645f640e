#include "engine_mariadb/binlog_compression.h"

#include <zlib.h>

namespace srdf::engine_mariadb {

namespace {

Status Malformed(const char* why) {
  return {StatusCode::kDataLoss, std::string("malformed compressed data in the binlog: ") + why};
}

Status Inflate(ByteView in, uint64_t inflated_bytes, bool raw, std::string* out) {
  if (inflated_bytes > kInflatedBytesMax) {
    return {StatusCode::kDataLoss,
            "compressed data in the binlog claims " + std::to_string(inflated_bytes) +
                " bytes, the limit is " + std::to_string(kInflatedBytesMax),
            "re-establish the flow; rows of this size cannot be replicated"};
  }
  out->resize(inflated_bytes);
  z_stream z{};
  if (inflateInit2(&z, raw ? -MAX_WBITS : MAX_WBITS) != Z_OK)
    return {StatusCode::kInternal, "zlib does not start"};
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out->data());
  z.avail_out = static_cast<uInt>(inflated_bytes);
  const int result = inflate(&z, Z_FINISH);
  const bool exact = result == Z_STREAM_END && z.total_out == inflated_bytes;
  inflateEnd(&z);
  return exact ? Status() : Malformed("it does not inflate to its length");
}

// The length, most significant byte first.
uint64_t BigEndian(ByteView bytes) {
  uint64_t v = 0;
  for (const char c : bytes) v = v << 8 | static_cast<uint8_t>(c);
  return v;
}

}  // namespace

Status InflateEventPayload(ByteView in, std::string* out) {
  ByteReader r(in);
  const uint8_t head = r.U8();
  const size_t length_bytes = head & 0x07;
  const ByteView length = r.Raw(length_bytes);
  if (!r.ok() || (head & 0xe0) != 0x80 || length_bytes == 0 || length_bytes > 4)
    return Malformed("its header");
  if ((head & 0x18) != 0) return Malformed("an unknown compression algorithm");
  return Inflate(r.Rest(), BigEndian(length), false, out);
}

Status InflateColumnValue(ByteView in, std::string* out) {
  if (in.empty()) {
    out->clear();
    return {};
  }
  const auto head = static_cast<uint8_t>(in[0]);
  if (head == 0) {
    out->assign(in.substr(1));
    return {};
  }
  const size_t length_bytes = head & 0x07;
  ByteReader r(in.substr(1));
  const ByteView length = r.Raw(length_bytes);
  if (!r.ok() || (head & 0xf0) != 0x80 || length_bytes == 0) return Malformed("a COMPRESSED column's header");
  return Inflate(r.Rest(), BigEndian(length), (head & 0x08) != 0, out);
}

}  // namespace srdf::engine_mariadb
