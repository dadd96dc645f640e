#include "engine_mariadb/binlog_event.h"

#include <fmt/format.h>

namespace srdf::engine_mariadb {

namespace {

Status Malformed(std::string_view what) {
  return {StatusCode::kDataLoss, fmt::format("malformed {} event in the binlog", what)};
}

// The X/Open limit for either part of an xid.
constexpr size_t kXidPartBytesMax = 64;

std::string XidText(uint32_t format_id, ByteView gtrid, ByteView bqual) {
  const auto hex = [](ByteView bytes) {
    std::string out;
    for (const char c : bytes) out += fmt::format("{:02x}", static_cast<uint8_t>(c));
    return out;
  };
  return fmt::format("X'{}',X'{}',{}", hex(gtrid), hex(bqual), format_id);
}

}  // namespace

std::string EventTypeName(uint8_t type) {
  switch (static_cast<EventType>(type)) {
    case EventType::kUnknown:
      return "UNKNOWN";
    case EventType::kStartV3:
      return "START_V3";
    case EventType::kQuery:
      return "QUERY";
    case EventType::kStop:
      return "STOP";
    case EventType::kRotate:
      return "ROTATE";
    case EventType::kIntvar:
      return "INTVAR";
    case EventType::kLoad:
      return "LOAD";
    case EventType::kSlave:
      return "SLAVE";
    case EventType::kCreateFile:
      return "CREATE_FILE";
    case EventType::kAppendBlock:
      return "APPEND_BLOCK";
    case EventType::kExecLoad:
      return "EXEC_LOAD";
    case EventType::kDeleteFile:
      return "DELETE_FILE";
    case EventType::kNewLoad:
      return "NEW_LOAD";
    case EventType::kRand:
      return "RAND";
    case EventType::kUserVar:
      return "USER_VAR";
    case EventType::kFormatDescription:
      return "FORMAT_DESCRIPTION";
    case EventType::kXid:
      return "XID";
    case EventType::kBeginLoadQuery:
      return "BEGIN_LOAD_QUERY";
    case EventType::kExecuteLoadQuery:
      return "EXECUTE_LOAD_QUERY";
    case EventType::kTableMap:
      return "TABLE_MAP";
    case EventType::kWriteRowsV1:
      return "WRITE_ROWS_V1";
    case EventType::kUpdateRowsV1:
      return "UPDATE_ROWS_V1";
    case EventType::kDeleteRowsV1:
      return "DELETE_ROWS_V1";
    case EventType::kIncident:
      return "INCIDENT";
    case EventType::kHeartbeat:
      return "HEARTBEAT";
    case EventType::kIgnorable:
      return "IGNORABLE";
    case EventType::kRowsQuery:
      return "ROWS_QUERY";
    case EventType::kWriteRows:
      return "WRITE_ROWS";
    case EventType::kUpdateRows:
      return "UPDATE_ROWS";
    case EventType::kDeleteRows:
      return "DELETE_ROWS";
    case EventType::kMysqlGtid:
      return "MYSQL_GTID";
    case EventType::kMysqlAnonymousGtid:
      return "MYSQL_ANONYMOUS_GTID";
    case EventType::kMysqlPreviousGtids:
      return "MYSQL_PREVIOUS_GTIDS";
    case EventType::kXaPrepare:
      return "XA_PREPARE";
    case EventType::kAnnotateRows:
      return "ANNOTATE_ROWS";
    case EventType::kBinlogCheckpoint:
      return "BINLOG_CHECKPOINT";
    case EventType::kGtid:
      return "GTID";
    case EventType::kGtidList:
      return "GTID_LIST";
    case EventType::kStartEncryption:
      return "START_ENCRYPTION";
    case EventType::kQueryCompressed:
      return "QUERY_COMPRESSED";
    case EventType::kWriteRowsCompressedV1:
      return "WRITE_ROWS_COMPRESSED_V1";
    case EventType::kUpdateRowsCompressedV1:
      return "UPDATE_ROWS_COMPRESSED_V1";
    case EventType::kDeleteRowsCompressedV1:
      return "DELETE_ROWS_COMPRESSED_V1";
    case EventType::kWriteRowsCompressed:
      return "WRITE_ROWS_COMPRESSED";
    case EventType::kUpdateRowsCompressed:
      return "UPDATE_ROWS_COMPRESSED";
    case EventType::kDeleteRowsCompressed:
      return "DELETE_ROWS_COMPRESSED";
  }
  return fmt::format("type {}", type);
}

Result<EventView> DecodeEvent(ByteView event) {
  ByteReader r(event);
  EventView view;
  EventHeader& h = view.header;
  h.timestamp = r.U32();
  h.type = r.U8();
  h.server_id = r.U32();
  h.length = r.U32();
  h.end_position = r.U32();
  h.flags = r.U16();
  if (!r.ok() || h.length != event.size()) {
    return Status(
        StatusCode::kDataLoss,
        fmt::format("malformed binlog event: {} bytes arrived, its header says {}", event.size(), h.length));
  }
  view.body = event.substr(kEventHeaderBytes);
  return view;
}

Result<FormatDescription> DecodeFormatDescription(ByteView body) {
  ByteReader r(body);
  FormatDescription fd;
  fd.binlog_version = r.U16();
  const ByteView version = r.Raw(50);
  r.U32();  // creation time, repeated from the header
  const uint8_t header_bytes = r.U8();
  // One length per event type, then the checksum algorithm, then the checksum.
  const ByteView lengths_and_trailer = r.Rest();
  if (!r.ok() || lengths_and_trailer.size() < 1 + kChecksumBytes) return Malformed("FORMAT_DESCRIPTION");
  fd.server_version = std::string(version.substr(0, version.find('\0')));
  if (fd.binlog_version != 4 || header_bytes != kEventHeaderBytes) {
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("binlog version {} with {} byte headers (server {}) is not supported",
                              fd.binlog_version, header_bytes, fd.server_version),
                  "use a MariaDB server of version 10.5 or later as the source");
  }
  const auto algorithm =
      static_cast<uint8_t>(lengths_and_trailer[lengths_and_trailer.size() - 1 - kChecksumBytes]);
  if (algorithm > 1) {
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("unknown binlog checksum algorithm {}", algorithm),
                  "SET GLOBAL binlog_checksum = CRC32");
  }
  fd.checksum = static_cast<ChecksumAlgorithm>(algorithm);
  // Row events must have the post-header this library decodes: 8 bytes (v1) or 10 (v2).
  const ByteView lengths = lengths_and_trailer.substr(0, lengths_and_trailer.size() - 1 - kChecksumBytes);
  const auto post_header_is = [&](EventType type, uint8_t bytes) {
    const size_t at = static_cast<size_t>(type) - 1;
    return at >= lengths.size() || static_cast<uint8_t>(lengths[at]) == bytes;
  };
  if (!post_header_is(EventType::kTableMap, 8) || !post_header_is(EventType::kWriteRowsV1, 8) ||
      !post_header_is(EventType::kWriteRows, 10)) {
    return Status(StatusCode::kFailedPrecondition,
                  "row events of server " + fd.server_version + " have an unknown header length",
                  "use a MariaDB server of version 10.5 or later as the source");
  }
  return fd;
}

Result<RotateEvent> DecodeRotate(ByteView body) {
  ByteReader r(body);
  RotateEvent rotate;
  rotate.position = r.U64();
  rotate.file = r.Rest();
  if (!r.ok() || rotate.file.empty() || rotate.file.size() > 512) return Malformed("ROTATE");
  return rotate;
}

Result<GtidEvent> DecodeGtidEvent(const EventView& event) {
  ByteReader r(event.body);
  GtidEvent out;
  out.gtid.sequence = r.U64();
  out.gtid.domain = r.U32();
  out.gtid.server = event.header.server_id;
  out.flags = r.U8();
  if ((out.flags & kGtidGroupCommitId) != 0) r.U64();
  if ((out.flags & (kGtidPreparedXa | kGtidCompletedXa)) != 0) {
    const uint32_t format_id = r.U32();
    const uint8_t gtrid_bytes = r.U8();
    const uint8_t bqual_bytes = r.U8();
    const ByteView gtrid = r.Raw(gtrid_bytes);
    out.xid = XidText(format_id, gtrid, r.Raw(bqual_bytes));
  }
  if (!r.ok()) return Malformed("GTID");
  // Servers before 10.8 pad with zeros here, so that absence means no extra flags.
  if (r.remaining() > 0) out.extra_flags = r.U8();
  return out;
}

Result<std::string> DecodeXaPrepare(ByteView body) {
  ByteReader r(body);
  const bool one_phase = r.U8() != 0;
  const uint32_t format_id = r.U32();
  const uint32_t gtrid_bytes = r.U32();
  const uint32_t bqual_bytes = r.U32();
  const ByteView gtrid = r.Raw(gtrid_bytes);
  const ByteView bqual = r.Raw(bqual_bytes);
  if (!r.ok() || gtrid.size() > kXidPartBytesMax || bqual.size() > kXidPartBytesMax) {
    return Malformed("XA_PREPARE");
  }
  if (one_phase) {
    return Status(StatusCode::kUnimplemented, "an XA_PREPARE event that commits in one phase",
                  "upgrade SRDF to a version that knows the server's events");
  }
  return XidText(format_id, gtrid, bqual);
}

Result<std::vector<Gtid>> DecodeGtidList(ByteView body) {
  ByteReader r(body);
  const uint32_t count = r.U32() & 0x0fffffff;  // the upper bits are flags
  std::vector<Gtid> out;
  if (!r.ok() || r.remaining() / 16 < count) return Malformed("GTID_LIST");
  out.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    Gtid gtid;
    gtid.domain = r.U32();
    gtid.server = r.U32();
    gtid.sequence = r.U64();
    out.push_back(gtid);
  }
  return out;
}

Result<std::string_view> DecodeHeartbeat(ByteView body) {
  if (body.empty() || body.size() > 512) return Malformed("HEARTBEAT");
  return body;
}

Result<std::string> DecodeIncident(ByteView body) {
  ByteReader r(body);
  const uint16_t number = r.U16();
  const uint8_t length = r.U8();
  const ByteView message = r.Raw(length);
  if (!r.ok()) return Malformed("INCIDENT");
  return fmt::format("incident {}: {}", number, message);
}

uint64_t ReadPackedLength(ByteReader* reader) {
  const uint8_t first = reader->U8();
  switch (first) {
    case 252:
      return reader->U16();
    case 253:
      return reader->U24();
    case 254:
      return reader->U64();
    case 251:
    case 255:
      reader->Skip(reader->remaining() + 1);  // not a length: fail
      return 0;
    default:
      return first;
  }
}

}  // namespace srdf::engine_mariadb
