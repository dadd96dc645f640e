#include "engine_mariadb/binlog_writer.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <cassert>
#include <cstring>

namespace srdf::engine_mariadb {

namespace {

constexpr uint8_t kFormatDescriptionEvent = 15;
constexpr uint8_t kTableMapEvent = 19;
constexpr uint8_t kWriteRowsEventV1 = 23;
constexpr uint8_t kUpdateRowsEventV1 = 24;
constexpr uint8_t kDeleteRowsEventV1 = 25;

constexpr uint16_t kStatementEnd = 0x0001;
constexpr uint16_t kNoForeignKeyChecks = 0x0002;
constexpr uint16_t kNoCheckConstraints = 0x0080;
constexpr uint16_t kTableMapFlags = 0x0001;  // bit lengths are exact, as every server since 5.1 says

// The table is found by its name in the table map; the number only ties the two events of a group.
constexpr uint32_t kTableId = 1;

// As a MariaDB 10.x server describes itself: lengths of the fixed part of each event type.
constexpr char kServerVersion[] = "10.5.2-MariaDB-srdf";
constexpr size_t kServerVersionBytes = 50;
constexpr size_t kEventTypes = 171;

uint8_t PostHeaderBytes(uint8_t type) {
  switch (type) {
    case 2:
      return 13;  // QUERY
    case 4:
      return 8;  // ROTATE
    case kTableMapEvent:
    case kWriteRowsEventV1:
    case kUpdateRowsEventV1:
    case kDeleteRowsEventV1:
      return 8;
    case 30:
    case 31:
    case 32:
      return 10;  // rows events, version 2
    default:
      return 0;
  }
}

uint8_t RowsEventType(RowOp op) {
  switch (op) {
    case RowOp::kInsert:
      return kWriteRowsEventV1;
    case RowOp::kUpdate:
      return kUpdateRowsEventV1;
    case RowOp::kDelete:
      return kDeleteRowsEventV1;
  }
  return 0;
}

void LengthEncoded(uint64_t value, ByteWriter* w) {
  if (value < 251) {
    w->U8(static_cast<uint8_t>(value));
  } else {
    w->U8(252);
    w->U16(static_cast<uint16_t>(value));  // a table has at most 4,096 columns
  }
}

}  // namespace

void BinlogWriter::BeginEvent(uint8_t type) {
  event_at_ = events_.size();
  ByteWriter w(&events_);
  w.U32(when_seconds_);
  w.U8(type);
  w.U32(server_id_);
  w.U32(0);  // length, patched by EndEvent
  w.U32(0);  // no position
  w.U16(0);
}

void BinlogWriter::EndEvent() {
  ByteWriter(&events_).PatchU32(event_at_ + 9, static_cast<uint32_t>(events_.size() - event_at_));
}

void BinlogWriter::AddFormatDescription() {
  BeginEvent(kFormatDescriptionEvent);
  ByteWriter w(&events_);
  w.U16(4);  // binlog version
  std::string version(kServerVersion);
  version.resize(kServerVersionBytes, '\0');
  w.Raw(version);
  w.U32(0);  // created: not set, so that the server does not think of a restart
  w.U8(kHeaderBytes);
  for (size_t type = 1; type <= kEventTypes; ++type) w.U8(PostHeaderBytes(static_cast<uint8_t>(type)));
  w.U8(0);  // the events that follow have no checksum; this one always has
  ByteWriter(&events_).PatchU32(event_at_ + 9, static_cast<uint32_t>(events_.size() - event_at_ + 4));
  const auto* event = reinterpret_cast<const unsigned char*>(events_.data()) + event_at_;
  w.U32(static_cast<uint32_t>(crc32(0, event, static_cast<unsigned>(events_.size() - event_at_))));
}

void BinlogWriter::Begin(const RowRunHeader& header, size_t columns, ByteView table_map) {
  op_ = header.op;
  BeginEvent(kTableMapEvent);
  ByteWriter w(&events_);
  w.U32(kTableId);
  w.U16(0);
  w.U16(kTableMapFlags);
  w.Raw(table_map);
  EndEvent();

  BeginEvent(RowsEventType(op_));
  uint16_t flags = kStatementEnd;
  if ((header.flags & kRunNoForeignKeyChecks) != 0) flags |= kNoForeignKeyChecks;
  if ((header.flags & kRunNoCheckConstraints) != 0) flags |= kNoCheckConstraints;
  w.U32(kTableId);
  w.U16(0);
  w.U16(flags);
  LengthEncoded(columns, &w);
  w.Raw(op_ == RowOp::kInsert ? header.bitmap_after : header.bitmap_before);
  if (op_ == RowOp::kUpdate) w.Raw(header.bitmap_after);
}

void BinlogWriter::AddRow(const Row& row) {
  if (op_ != RowOp::kInsert) events_.append(row.before);
  if (op_ != RowOp::kDelete) events_.append(row.after);
}

void BinlogWriter::End() { EndEvent(); }

std::string_view BinlogWriter::Encode(std::string_view prefix, std::string_view suffix) {
  const size_t base64_bytes = (events_.size() + 2) / 3 * 4;
  const size_t needed = prefix.size() + base64_bytes + suffix.size() + 1;  // the encoder ends with a NUL
  if (statement_.size() < needed) statement_.resize(needed);
  char* out = statement_.data();
  std::memcpy(out, prefix.data(), prefix.size());
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out) + prefix.size(),
                  reinterpret_cast<const unsigned char*>(events_.data()), static_cast<int>(events_.size()));
  std::memcpy(out + prefix.size() + base64_bytes, suffix.data(), suffix.size());
  return {out, prefix.size() + base64_bytes + suffix.size()};
}

std::string_view BinlogWriter::Statement(std::string_view before) {
  return Encode(std::string(before) + "BINLOG '", "'");
}

std::string_view BinlogWriter::Base64() { return Encode("", ""); }

}  // namespace srdf::engine_mariadb
