// AppendNote: events that belong to a transaction beside its rows.
#include <fmt/format.h>

#include <iterator>

#include "binlog_file/event_json.h"
#include "engine_mariadb/character_text.h"
#include "engine_mysql/mysql_event.h"
#include "engine_mysql/mysql_query.h"

namespace srdf::binlog_file {

namespace {

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

// Type, flags and bytes of a user variable; the value is shown as it stands in the log.
Status AppendUserVariable(ByteView body, std::string* out) {
  enum : uint8_t { kStringResult = 0, kIntResult = 2 };
  ByteReader r(body);
  const ByteView name = r.Raw(r.U32());
  const bool is_null = r.U8() != 0;
  *out += R"("user_variable":)";
  AppendText(name, kUtf8mb4, out);
  *out += R"(,"value":)";
  if (is_null && r.ok()) {
    *out += "null";
    return {};
  }
  const uint8_t type = r.U8();
  const uint32_t collation = r.U32();
  const ByteView value = r.Raw(r.U32());
  if (!r.ok()) return Malformed("USER_VAR");
  if (type == kIntResult && value.size() == 8) {
    constexpr uint8_t kUnsigned = 1;
    const uint64_t number = ByteReader(value).U64();
    if (r.remaining() > 0 && (r.U8() & kUnsigned) != 0) {
      Format(out, "{}", number);
    } else {
      Format(out, "{}", static_cast<int64_t>(number));
    }
  } else {
    const bool text = type == kStringResult;
    AppendText(value, text ? static_cast<uint16_t>(collation) : engine_mariadb::kBinaryCollation, out);
  }
  return {};
}

Status AppendLoadBlock(ByteView body, const char* name, std::string* out) {
  ByteReader r(body);
  const uint32_t file = r.U32();
  if (!r.ok()) return Malformed("LOAD DATA");
  Format(out, R"("load_data":"{}","file_id":{},"bytes":{})", name, file, r.remaining());
  return {};
}

}  // namespace

Status AppendNote(const LogEvent& event, LogDialect dialect, std::string* out) {
  const ByteView body = event.view.body;
  switch (event.view.header.event_type()) {
    case EventType::kAnnotateRows:
      *out += R"("rows_query":)";
      AppendText(body, kUtf8mb4, out);
      return {};
    case EventType::kRowsQuery: {
      SRDF_ASSIGN_OR_RETURN(const std::string_view text, engine_mysql::DecodeRowsQuery(body));
      *out += R"("rows_query":)";
      AppendText(text, kUtf8mb4, out);
      return {};
    }
    case EventType::kIncident: {
      SRDF_ASSIGN_OR_RETURN(const std::string text, engine_mariadb::DecodeIncident(body));
      *out += R"("incident":)";
      AppendText(text, kUtf8mb4, out);
      return {};
    }
    case EventType::kIntvar: {
      ByteReader r(body);
      const uint8_t which = r.U8();
      const uint64_t value = r.U64();
      if (!r.ok() || which < 1 || which > 2) return Malformed("INTVAR");
      Format(out, R"("{}":{})", which == 1 ? "last_insert_id" : "insert_id", value);
      return {};
    }
    case EventType::kRand: {
      ByteReader r(body);
      const uint64_t seed1 = r.U64();
      const uint64_t seed2 = r.U64();
      if (!r.ok()) return Malformed("RAND");
      Format(out, R"("rand_seed1":{},"rand_seed2":{})", seed1, seed2);
      return {};
    }
    case EventType::kUserVar:
      return AppendUserVariable(body, out);
    case EventType::kBeginLoadQuery:
      return AppendLoadBlock(body, "begin", out);
    case EventType::kAppendBlock:
      return AppendLoadBlock(body, "append", out);
    case EventType::kDeleteFile:
      return AppendLoadBlock(body, "delete", out);
    case EventType::kExecuteLoadQuery: {
      SRDF_ASSIGN_OR_RETURN(auto load, engine_mysql::DecodeLoadQuery(event.view));
      AppendStatement({std::move(load.query.statement), std::nullopt, std::nullopt}, out);
      Format(out, R"(,"load_data":"execute","file_id":{})", load.file_id);
      return {};
    }
    default:
      break;
  }
  if (dialect == LogDialect::kMySql &&
      static_cast<MysqlEventType>(event.type()) == MysqlEventType::kViewChange) {
    SRDF_ASSIGN_OR_RETURN(const std::string_view id, engine_mysql::DecodeViewChangeId(body));
    *out += R"("view_change":)";
    AppendText(id, kUtf8mb4, out);
  }
  return {};
}

}  // namespace srdf::binlog_file
