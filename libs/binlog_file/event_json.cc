#include "binlog_file/event_json.h"

#include <fmt/format.h>

#include <ctime>
#include <iterator>

#include "engine_mariadb/character_text.h"
#include "engine_mariadb/row_json.h"
#include "engine_mysql/mysql_event.h"

namespace srdf::binlog_file {

namespace {

using engine_mariadb::AppendJsonString;
using engine_mariadb::EventType;
using engine_mysql::MysqlEventType;

constexpr uint16_t kUtf8mb4 = 45;

template <typename... Args>
void Format(std::string* out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(*out), format, std::forward<Args>(args)...);
}

Status Malformed(const char* what) {
  return {StatusCode::kDataLoss, fmt::format("malformed {} event in the binlog", what)};
}

const char* FlagName(uint16_t bit) {
  switch (bit) {
    case 0x0001:
      return "in_use";
    case 0x0004:
      return "thread_specific";
    case 0x0008:
      return "suppress_use";
    case 0x0020:
      return "artificial";
    case 0x0040:
      return "relay_log";
    case 0x0080:
      return "ignorable";
    case 0x0100:
      return "no_filter";
    case 0x0200:
      return "mts_isolate";
    default:
      return nullptr;
  }
}

// What a statement ran with.
void AppendSession(const Statement& s, std::string* out) {
  *out += R"(,"session":{)";
  if (s.has_sql_mode) Format(out, R"("sql_mode":{},)", s.sql_mode);
  if (s.has_flags2) Format(out, R"("flags2":{},)", s.flags2);
  if (s.has_charset) {
    Format(out, R"("character_set_client":{},"collation_connection":{},"collation_server":{},)",
           s.charset_client, s.collation_connection, s.collation_server);
  }
  if (s.collation_database != 0) Format(out, R"("collation_database":{},)", s.collation_database);
  if (!s.time_zone.empty()) {
    *out += R"("time_zone":)";
    AppendText(s.time_zone, kUtf8mb4, out);
    out->push_back(',');
  }
  if (out->back() == ',') out->pop_back();
  out->push_back('}');
}

void AppendFormatDetails(const FileFormat& format, std::string* out) {
  Format(out, R"(,"server":"{}","server_version":)", format.ProductName());
  AppendText(format.server_version, kUtf8mb4, out);
  Format(out, R"(,"checksums":{})", format.checksums ? "\"CRC32\"" : "\"NONE\"");
}

Status AppendStartDetails(const LogEvent& event, LogDialect dialect, std::string* out) {
  SRDF_ASSIGN_OR_RETURN(const TransactionStart start, DecodeStart(event, dialect));
  if (!start.gtid.empty()) Format(out, R"(,"gtid":"{}")", start.gtid);
  if (start.mariadb) Format(out, R"(,"gtid_flags":{})", start.mariadb->flags);
  if (!start.mysql) return {};
  const engine_mysql::GtidEvent& gtid = *start.mysql;
  Format(out, R"(,"gtid_flags":{})", gtid.flags);
  if (gtid.last_committed) {
    Format(out, R"(,"last_committed":{},"sequence_number":{})", *gtid.last_committed, *gtid.sequence_number);
  }
  if (gtid.immediate_commit_us != 0) {
    *out += R"(,"immediate_commit_time":)";
    AppendTimeMicros(gtid.immediate_commit_us, out);
    *out += R"(,"original_commit_time":)";
    AppendTimeMicros(gtid.original_commit_us, out);
  }
  if (gtid.transaction_bytes != 0) Format(out, R"(,"transaction_bytes":{})", gtid.transaction_bytes);
  if (gtid.immediate_server_version != 0) {
    Format(out, R"(,"immediate_server_version":{},"original_server_version":{})",
           gtid.immediate_server_version, gtid.original_server_version);
  }
  return {};
}

Status AppendAside(const LogEvent& event, LogDialect dialect, std::string* out) {
  const ByteView body = event.view.body;
  if (dialect == LogDialect::kMySql) {
    if (static_cast<MysqlEventType>(event.type()) == MysqlEventType::kPreviousGtids) {
      SRDF_ASSIGN_OR_RETURN(const auto set, engine_mysql::GtidSet::Decode(body));
      Format(out, R"(,"gtid_set":"{}")", set.ToString());
    }
    if (static_cast<MysqlEventType>(event.type()) == MysqlEventType::kHeartbeatV2) {
      SRDF_ASSIGN_OR_RETURN(const auto heartbeat, engine_mysql::DecodeHeartbeatV2(body));
      *out += R"(,"file":)";
      AppendText(heartbeat.file, kUtf8mb4, out);
      Format(out, R"(,"position":{})", heartbeat.position);
    }
    return {};
  }
  if (event.view.header.event_type() == EventType::kGtidList) {
    SRDF_ASSIGN_OR_RETURN(const auto list, engine_mariadb::DecodeGtidList(body));
    *out += R"(,"gtid_list":[)";
    for (const auto& gtid : list) Format(out, R"({}"{}")", out->back() == '[' ? "" : ",", gtid.ToString());
    out->push_back(']');
  }
  return {};
}

Status AppendOwnDetails(const LogEvent& event, EventRole role, const FileFormat& format, std::string* out) {
  switch (role) {
    case EventRole::kFormat:
      AppendFormatDetails(format, out);
      break;
    case EventRole::kFileEnd:
      if (event.view.header.event_type() == EventType::kRotate) {
        SRDF_ASSIGN_OR_RETURN(const auto rotate, engine_mariadb::DecodeRotate(event.view.body));
        *out += R"(,"next_file":)";
        AppendText(rotate.file, kUtf8mb4, out);
        Format(out, R"(,"next_position":{})", rotate.position);
      }
      break;
    case EventRole::kBegin:
      return AppendStartDetails(event, format.dialect, out);
    case EventRole::kQuery: {
      SRDF_ASSIGN_OR_RETURN(const QueryText query, DecodeQuery(event, format.dialect));
      out->push_back(',');
      AppendStatement(query, out);
      AppendSession(query.statement, out);
      if (query.unknown_variable) Format(out, R"(,"unknown_status_variable":{})", *query.unknown_variable);
      break;
    }
    case EventRole::kCommit: {
      ByteReader r(event.view.body);
      const uint64_t xid = r.U64();
      if (!r.ok()) return Malformed("XID");
      Format(out, R"(,"xid":{})", xid);
      break;
    }
    case EventRole::kXaPrepare: {
      SRDF_ASSIGN_OR_RETURN(const auto xa, engine_mysql::DecodeXaPrepare(event.view.body));
      Format(out, R"(,"xa_xid":"{}","one_phase":{})", xa.Xid(), xa.one_phase);
      break;
    }
    case EventRole::kNote:
      out->push_back(',');
      return AppendNote(event, format.dialect, out);
    case EventRole::kAside:
      return AppendAside(event, format.dialect, out);
    case EventRole::kPayload: {
      SRDF_ASSIGN_OR_RETURN(const auto payload, engine_mysql::TransactionPayload::Open(event.view.body));
      Format(out, R"(,"compression":"{}","payload_bytes":{},"inflated_bytes":{})",
             payload.compressed() ? "ZSTD" : "NONE", payload.payload_bytes(), payload.inflated_bytes());
      break;
    }
    case EventRole::kTableMap:
    case EventRole::kRows:
    case EventRole::kIgnored:
      break;
  }
  return {};
}

}  // namespace

void AppendStatement(const QueryText& query, std::string* out) {
  const Statement& s = query.statement;
  *out += R"("statement":)";
  AppendText(s.sql, s.has_charset ? s.charset_client : kUtf8mb4, out);
  if (!s.database.empty()) {
    *out += R"(,"database":)";
    AppendText(s.database, kUtf8mb4, out);
  }
  if (s.error_code != 0) Format(out, R"(,"error":{})", s.error_code);
  if (query.ddl_xid) Format(out, R"(,"ddl_xid":{})", *query.ddl_xid);
}

Status AppendDetails(const LogEvent& event, EventRole role, const FileFormat& format, std::string* out) {
  SRDF_RETURN_IF_ERROR(AppendOwnDetails(event, role, format, out));
  for (unsigned bit = 0; bit < 16; ++bit) {
    const auto flag = static_cast<uint16_t>(1u << bit);
    const char* const name = FlagName(flag);
    if (name == nullptr || (event.view.header.flags & flag) == 0) continue;
    Format(out, R"(,"{}":true)", name);
  }
  return {};
}

void AppendTable(const KnownTable& table, uint64_t table_id, std::string* out) {
  *out += R"(,"table":)";
  AppendJsonString(table.Name(), out);
  Format(out, R"(,"table_id":{},"columns":[)", table_id);
  const engine_mariadb::TableMap& map = table.map;
  size_t geometry = 0;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = map.columns[i];
    *out += i == 0 ? R"({"name":)" : R"(,{"name":)";
    AppendJsonString(table.columns[i].name, out);
    Format(out, R"(,"type":{},"meta":{},"nullable":{})", column.type, column.type_meta, column.nullable);
    if (column.is_unsigned) *out += R"(,"unsigned":true)";
    if (column.collation != 0) Format(out, R"(,"collation":{})", column.collation);
    constexpr uint8_t kGeometry = 255;
    if (column.type == kGeometry && geometry < map.geometry_types.size()) {
      Format(out, R"(,"geometry_type":{})", map.geometry_types[geometry++]);
    }
    if (!map.visible.empty() && !map.visible[i]) *out += R"(,"invisible":true)";
    if (!column.labels.empty()) {
      *out += R"(,"labels":[)";
      for (size_t k = 0; k < column.labels.size(); ++k) {
        if (k > 0) out->push_back(',');
        AppendText(column.labels[k], table.columns[i].collation, out);
      }
      out->push_back(']');
    }
    out->push_back('}');
  }
  *out += "]";
  if (!map.primary_key.empty()) {
    *out += R"(,"primary_key":[)";
    for (const uint16_t ordinal : map.primary_key) {
      if (out->back() != '[') out->push_back(',');
      AppendJsonString(table.columns[ordinal].name, out);
    }
    out->push_back(']');
  }
}

void AppendTime(int64_t seconds, std::string* out) {
  const auto time = static_cast<time_t>(seconds);
  tm utc{};
  gmtime_r(&time, &utc);
  Format(out, R"("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z")", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
         utc.tm_hour, utc.tm_min, utc.tm_sec);
}

void AppendTimeMicros(uint64_t micros, std::string* out) {
  AppendTime(static_cast<int64_t>(micros / 1'000'000), out);
  out->resize(out->size() - 2);
  Format(out, R"(.{:06}Z")", micros % 1'000'000);
}

void AppendText(std::string_view text, uint16_t collation, std::string* out) {
  if (const auto converted = engine_mariadb::TextAsUtf8(text, collation)) {
    AppendJsonString(*converted, out);
    return;
  }
  *out += "\"0x";
  for (const char c : text) Format(out, "{:02X}", static_cast<uint8_t>(c));
  out->push_back('"');
}

}  // namespace srdf::binlog_file
