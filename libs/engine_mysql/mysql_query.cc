#include "engine_mysql/mysql_query.h"

namespace srdf::engine_mysql {

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
  kSourceDataWritten = 10,
  kInvoker = 11,
  kUpdatedDatabases = 12,
  kMicroseconds = 13,
  kCommitTime = 14,
  kCommitTime2 = 15,
  kExplicitDefaultsForTimestamp = 16,
  kDdlXid = 17,
  kDefaultCollationForUtf8mb4 = 18,
  kSqlRequirePrimaryKey = 19,
  kDefaultTableEncryption = 20,
};
constexpr uint8_t kTooManyDatabases = 254;  // instead of their count; no names follow

Status Malformed() { return {StatusCode::kDataLoss, "malformed QUERY event in the binlog"}; }

ByteView ShortString(ByteReader* r) {
  const uint8_t length = r->U8();
  return r->Raw(length);
}

void SkipNames(ByteReader* r) {
  const uint8_t count = r->U8();
  if (count == kTooManyDatabases) return;
  for (uint8_t i = 0; i < count && r->ok(); ++i) {
    while (r->ok() && r->U8() != 0) {
    }
  }
}

Status ReadStatusVars(ByteView vars, MysqlQuery* query, uint32_t* microseconds) {
  Statement& s = query->statement;
  ByteReader r(vars);
  while (r.ok() && !r.AtEnd()) {
    const uint8_t code = r.U8();
    switch (code) {
      case kFlags2:
        s.flags2 = r.U32();
        s.has_flags2 = true;
        break;
      case kSqlMode:
        s.sql_mode = r.U64();
        s.has_sql_mode = true;
        break;
      case kCatalogOld:
        ShortString(&r);
        r.U8();
        break;
      case kAutoIncrement:
        s.auto_increment_increment = r.U16();
        s.auto_increment_offset = r.U16();
        break;
      case kCharset:
        s.charset_client = r.U16();
        s.collation_connection = r.U16();
        s.collation_server = r.U16();
        s.has_charset = true;
        break;
      case kTimeZone:
        s.time_zone = std::string(ShortString(&r));
        break;
      case kCatalog:
        ShortString(&r);
        break;
      case kLcTimeNames:
        s.lc_time_names = r.U16();
        break;
      case kCharsetDatabase:
        s.collation_database = r.U16();
        break;
      case kTableMapForUpdate:
        r.U64();
        break;
      case kSourceDataWritten:
        r.U32();
        break;
      case kInvoker:
        s.invoker_user = std::string(ShortString(&r));
        s.invoker_host = std::string(ShortString(&r));
        break;
      case kUpdatedDatabases:
        SkipNames(&r);
        break;
      case kMicroseconds:
        *microseconds = r.U24();
        break;
      case kCommitTime:
      case kCommitTime2:  // never written by a released server, and without a value
        break;
      case kExplicitDefaultsForTimestamp:
      case kSqlRequirePrimaryKey:
      case kDefaultTableEncryption:
        r.U8();
        break;
      case kDdlXid:
        query->ddl_xid = r.U64();
        break;
      case kDefaultCollationForUtf8mb4:
        query->default_collation_for_utf8mb4 = r.U16();
        break;
      default:
        query->unknown_variable = code;
        return {};
    }
  }
  return r.ok() ? Status() : Malformed();
}

Result<MysqlQuery> Decode(const engine_mariadb::EventView& event, uint32_t* load_file_id) {
  ByteReader r(event.body);
  MysqlQuery query;
  Statement& s = query.statement;
  r.U32();  // thread id
  r.U32();  // execution time
  const uint8_t database_bytes = r.U8();
  s.error_code = r.U16();
  const uint16_t status_bytes = r.U16();
  if (load_file_id != nullptr) {
    *load_file_id = r.U32();
    r.Skip(4 + 4 + 1);  // where the file's name begins and ends in the text, how duplicates are handled
  }
  const ByteView status_vars = r.Raw(status_bytes);
  s.database = std::string(r.Raw(database_bytes));
  r.Skip(1);  // zero byte after the database
  s.sql = std::string(r.Rest());
  if (!r.ok()) return Malformed();
  uint32_t microseconds = 0;
  SRDF_RETURN_IF_ERROR(ReadStatusVars(status_vars, &query, &microseconds));
  s.timestamp_us = static_cast<int64_t>(event.header.timestamp) * 1'000'000 + microseconds;
  return query;
}

}  // namespace

Result<MysqlQuery> DecodeMysqlQuery(const engine_mariadb::EventView& event) { return Decode(event, nullptr); }

Result<LoadQuery> DecodeLoadQuery(const engine_mariadb::EventView& event) {
  LoadQuery load;
  SRDF_ASSIGN_OR_RETURN(load.query, Decode(event, &load.file_id));
  return load;
}

}  // namespace srdf::engine_mysql
