#include "engine_mysql/mysql_event.h"

#include <fmt/format.h>

#include <iterator>

#include "engine_mariadb/binlog_event.h"

namespace srdf::engine_mysql {

namespace {

Status Malformed(std::string_view what) {
  return {StatusCode::kDataLoss, fmt::format("malformed {} event in the binlog", what)};
}

std::string HexLiteral(std::string_view bytes) {
  std::string out = "X'";
  for (const char c : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<uint8_t>(c));
  return out + "'";
}

}  // namespace

std::string MysqlEventTypeName(uint8_t type) {
  switch (static_cast<MysqlEventType>(type)) {
    case MysqlEventType::kRowsQuery:
      return "ROWS_QUERY";
    case MysqlEventType::kGtid:
      return "GTID";
    case MysqlEventType::kAnonymousGtid:
      return "ANONYMOUS_GTID";
    case MysqlEventType::kPreviousGtids:
      return "PREVIOUS_GTIDS";
    case MysqlEventType::kTransactionContext:
      return "TRANSACTION_CONTEXT";
    case MysqlEventType::kViewChange:
      return "VIEW_CHANGE";
    case MysqlEventType::kXaPrepare:
      return "XA_PREPARE";
    case MysqlEventType::kPartialUpdateRows:
      return "PARTIAL_UPDATE_ROWS";
    case MysqlEventType::kTransactionPayload:
      return "TRANSACTION_PAYLOAD";
    case MysqlEventType::kHeartbeatV2:
      return "HEARTBEAT_V2";
    case MysqlEventType::kGtidTagged:
      return "GTID_TAGGED";
  }
  // From here on, codes mean other things to MariaDB.
  return type > 42 ? fmt::format("type {}", type) : engine_mariadb::EventTypeName(type);
}

std::string XaPrepare::Xid() const {
  return fmt::format("{},{},{}", HexLiteral(global), HexLiteral(branch), format_id);
}

Result<XaPrepare> DecodeXaPrepare(ByteView body) {
  constexpr uint32_t kPartBytesMax = 64;
  ByteReader r(body);
  XaPrepare xa;
  xa.one_phase = r.U8() != 0;
  xa.format_id = static_cast<int32_t>(r.U32());
  const uint32_t global_bytes = r.U32();
  const uint32_t branch_bytes = r.U32();
  if (!r.ok() || global_bytes > kPartBytesMax || branch_bytes > kPartBytesMax) return Malformed("XA_PREPARE");
  xa.global = r.Raw(global_bytes);
  xa.branch = r.Raw(branch_bytes);
  if (!r.ok()) return Malformed("XA_PREPARE");
  return xa;
}

Result<std::string_view> DecodeRowsQuery(ByteView body) {
  if (body.empty()) return Malformed("ROWS_QUERY");
  return body.substr(1);
}

Result<std::string_view> DecodeViewChangeId(ByteView body) {
  constexpr size_t kIdBytes = 40;
  if (body.size() < kIdBytes) return Malformed("VIEW_CHANGE");
  const std::string_view id = body.substr(0, kIdBytes);
  return id.substr(0, id.find('\0'));
}

Result<HeartbeatV2> DecodeHeartbeatV2(ByteView body) {
  // Type, length, value; 0 ends.
  enum : uint64_t { kEnd = 0, kFile = 1, kPosition = 2 };
  ByteReader r(body);
  HeartbeatV2 out;
  while (r.ok() && !r.AtEnd()) {
    const uint64_t type = engine_mariadb::ReadPackedLength(&r);
    if (type == kEnd) break;
    ByteReader value(r.Raw(engine_mariadb::ReadPackedLength(&r)));
    if (type == kFile) out.file = value.Rest();
    if (type == kPosition) out.position = engine_mariadb::ReadPackedLength(&value);
    if (!value.ok()) return Malformed("HEARTBEAT_V2");
  }
  if (!r.ok()) return Malformed("HEARTBEAT_V2");
  return out;
}

}  // namespace srdf::engine_mysql
