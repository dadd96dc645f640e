#include "model/statement.h"

namespace srdf {

namespace {
constexpr uint8_t kHasSqlMode = 1, kHasFlags2 = 2, kHasCharset = 4;
}

void EncodeStatement(const Statement& s, std::string* out) {
  ByteWriter w(out);
  w.Blob(s.database);
  w.Blob(s.sql);
  w.U64(static_cast<uint64_t>(s.timestamp_us));
  w.U32(s.error_code);
  w.U8(static_cast<uint8_t>((s.has_sql_mode ? kHasSqlMode : 0) | (s.has_flags2 ? kHasFlags2 : 0) |
                            (s.has_charset ? kHasCharset : 0)));
  w.U64(s.sql_mode);
  w.U32(s.flags2);
  w.U16(s.charset_client);
  w.U16(s.collation_connection);
  w.U16(s.collation_server);
  w.U16(s.collation_database);
  w.U16(s.auto_increment_increment);
  w.U16(s.auto_increment_offset);
  w.Blob(s.time_zone);
  w.U16(s.lc_time_names);
  w.Blob(s.invoker_user);
  w.Blob(s.invoker_host);
}

Result<Statement> DecodeStatement(ByteView in) {
  ByteReader r(in);
  Statement s;
  s.database = std::string(r.Blob());
  s.sql = std::string(r.Blob());
  s.timestamp_us = static_cast<int64_t>(r.U64());
  s.error_code = r.U32();
  const uint8_t bits = r.U8();
  s.has_sql_mode = (bits & kHasSqlMode) != 0;
  s.has_flags2 = (bits & kHasFlags2) != 0;
  s.has_charset = (bits & kHasCharset) != 0;
  s.sql_mode = r.U64();
  s.flags2 = r.U32();
  s.charset_client = r.U16();
  s.collation_connection = r.U16();
  s.collation_server = r.U16();
  s.collation_database = r.U16();
  s.auto_increment_increment = r.U16();
  s.auto_increment_offset = r.U16();
  s.time_zone = std::string(r.Blob());
  s.lc_time_names = r.U16();
  s.invoker_user = std::string(r.Blob());
  s.invoker_host = std::string(r.Blob());
  if (!r.ok() || !r.AtEnd())
    return Status(StatusCode::kDataLoss, "change stream: torn or malformed statement");
  return s;
}

}  // namespace srdf
