#include "engine_mariadb/query_event.h"

#include "engine_mariadb/binlog_compression.h"

namespace srdf::engine_mariadb {

namespace {

// Status variable codes.
enum : uint8_t {
  kFlags2 = 0,
  kSqlMode = 1,
  kCatalogOld = 2,
  kAutoIncrement = 3,
  kCharset = 4,
  kTimeZone = 5,
  kCatalog = 6,
  kLcTimeNames = 7,
  kCharsetDatabase = 8,
  kTableMapForUpdate = 9,
  kMasterDataWritten = 10,
  kInvoker = 11,
  kMicroseconds = 128,
  kXid = 129,
  kGtidFlags = 130,
};

struct Parts {
  uint16_t error_code = 0;
  ByteView status_vars;
  ByteView database;
  ByteView text;  // as stored
};

Status Malformed() { return {StatusCode::kDataLoss, "malformed QUERY event in the binlog"}; }

Result<Parts> Split(ByteView body) {
  ByteReader r(body);
  Parts parts;
  r.U32();  // thread id
  r.U32();  // execution time
  const uint8_t database_bytes = r.U8();
  parts.error_code = r.U16();
  const uint16_t status_bytes = r.U16();
  parts.status_vars = r.Raw(status_bytes);
  parts.database = r.Raw(database_bytes);
  r.Skip(1);  // zero byte after the database
  parts.text = r.Rest();
  if (!r.ok()) return Malformed();
  return parts;
}

ByteView ShortString(ByteReader* r) {
  const uint8_t length = r->U8();
  return r->Raw(length);
}

Status ReadStatusVars(ByteView vars, Statement* s, uint32_t* microseconds,
                      std::optional<uint8_t>* unknown_variable) {
  ByteReader r(vars);
  while (r.ok() && !r.AtEnd()) {
    const uint8_t code = r.U8();
    switch (code) {
      case kFlags2:
        s->flags2 = r.U32();
        s->has_flags2 = true;
        break;
      case kSqlMode:
        s->sql_mode = r.U64();
        s->has_sql_mode = true;
        break;
      case kCatalogOld:
        ShortString(&r);
        r.U8();
        break;
      case kAutoIncrement:
        s->auto_increment_increment = r.U16();
        s->auto_increment_offset = r.U16();
        break;
      case kCharset:
        s->charset_client = r.U16();
        s->collation_connection = r.U16();
        s->collation_server = r.U16();
        s->has_charset = true;
        break;
      case kTimeZone:
        s->time_zone = std::string(ShortString(&r));
        break;
      case kCatalog:
        ShortString(&r);
        break;
      case kLcTimeNames:
        s->lc_time_names = r.U16();
        break;
      case kCharsetDatabase:
        s->collation_database = r.U16();
        break;
      case kTableMapForUpdate:
        r.U64();
        break;
      case kMasterDataWritten:
        r.U32();
        break;
      case kInvoker:
        s->invoker_user = std::string(ShortString(&r));
        s->invoker_host = std::string(ShortString(&r));
        break;
      case kMicroseconds:
        *microseconds = r.U24();
        break;
      case kXid:
        r.U64();
        break;
      case kGtidFlags:
        // Two-phase ALTER: COMMIT (4) and ROLLBACK (8) name the group that started it.
        if ((r.U8() & 0x0c) != 0) r.U64();
        break;
      default:
        if (unknown_variable != nullptr) *unknown_variable = code;
        return {};
    }
  }
  return r.ok() ? Status() : Malformed();
}

}  // namespace

Result<std::string_view> DecodeQueryText(const EventView& event, std::string* scratch) {
  SRDF_ASSIGN_OR_RETURN(const Parts parts, Split(event.body));
  if (event.header.event_type() != EventType::kQueryCompressed) return parts.text;
  SRDF_RETURN_IF_ERROR(InflateEventPayload(parts.text, scratch));
  return std::string_view(*scratch);
}

Result<Statement> DecodeQueryEvent(const EventView& event, std::optional<uint8_t>* unknown_variable) {
  SRDF_ASSIGN_OR_RETURN(const Parts parts, Split(event.body));
  Statement s;
  s.database = std::string(parts.database);
  s.error_code = parts.error_code;
  uint32_t microseconds = 0;
  SRDF_RETURN_IF_ERROR(ReadStatusVars(parts.status_vars, &s, &microseconds, unknown_variable));
  s.timestamp_us = static_cast<int64_t>(event.header.timestamp) * 1'000'000 + microseconds;
  if (event.header.event_type() == EventType::kQueryCompressed) {
    SRDF_RETURN_IF_ERROR(InflateEventPayload(parts.text, &s.sql));
  } else {
    s.sql = std::string(parts.text);
  }
  return s;
}

}  // namespace srdf::engine_mariadb
