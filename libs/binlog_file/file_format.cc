#include "binlog_file/file_format.h"

#include <fmt/format.h>

#include <charconv>

#include "engine_mariadb/binlog_event.h"
#include "engine_mysql/mysql_event.h"

namespace srdf::binlog_file {

namespace {

using engine_mariadb::EventType;

constexpr uint32_t kMySqlChecksumsSince = 50601;
constexpr uint32_t kMariaDbChecksumsSince = 50300;

// By its name, or, when an administrator has changed @@version, by the header lengths of MariaDB's own GTID
// events. (The number of types says nothing: Aurora MySQL pads its list.)
bool IsMariaDb(const std::string& version, ByteView lengths) {
  const auto length_is = [&](EventType type, uint8_t bytes) {
    const size_t at = static_cast<size_t>(type) - 1;
    return at < lengths.size() && static_cast<uint8_t>(lengths[at]) == bytes;
  };
  return version.find("MariaDB") != std::string::npos ||
         (length_is(EventType::kGtid, 19) && length_is(EventType::kGtidList, 4));
}

uint32_t VersionNumber(std::string_view text) {
  uint32_t number = 0;
  for (int part = 0; part < 3; ++part) {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value > 255) value = 0;
    number = number * 100 + value;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.empty() || text.front() != '.') {
      for (++part; part < 3; ++part) number *= 100;
      break;
    }
    text.remove_prefix(1);
  }
  return number;
}

Status TooOld(const std::string& what, const std::string& version) {
  return {StatusCode::kFailedPrecondition, fmt::format("{} (server {}) cannot be read", what, version),
          "read it with the mysqlbinlog of that server's version"};
}

}  // namespace

std::string FileFormat::EventName(uint8_t type) const {
  return dialect == LogDialect::kMySql ? engine_mysql::MysqlEventTypeName(type)
                                       : engine_mariadb::EventTypeName(type);
}

Result<FileFormat> DecodeFileFormat(ByteView event) {
  SRDF_ASSIGN_OR_RETURN(const engine_mariadb::EventView view, engine_mariadb::DecodeEvent(event));
  ByteReader r(view.body);
  const uint16_t binlog_version = r.U16();
  const ByteView version = r.Raw(50);
  r.U32();  // creation time, repeated from the header
  const uint8_t header_bytes = r.U8();
  ByteView lengths = r.Rest();
  if (!r.ok()) return Status(StatusCode::kDataLoss, "malformed FORMAT_DESCRIPTION event in the binlog");
  FileFormat format;
  format.server_version = std::string(version.substr(0, version.find('\0')));
  format.version_number = VersionNumber(format.server_version);
  format.in_use = (view.header.flags & kEventInUse) != 0;
  const bool maria = IsMariaDb(format.server_version, lengths);
  format.dialect = maria ? LogDialect::kMariaDb : LogDialect::kMySql;
  if (binlog_version != 4 || header_bytes != engine_mariadb::kEventHeaderBytes) {
    return TooOld(fmt::format("binlog version {} with {} byte headers", binlog_version, header_bytes),
                  format.server_version);
  }
  if (format.version_number >= (maria ? kMariaDbChecksumsSince : kMySqlChecksumsSince)) {
    constexpr size_t kTrailerBytes = 1 + engine_mariadb::kChecksumBytes;
    if (lengths.size() < kTrailerBytes) {
      return Status(StatusCode::kDataLoss, "malformed FORMAT_DESCRIPTION event in the binlog");
    }
    const auto algorithm = static_cast<uint8_t>(lengths[lengths.size() - kTrailerBytes]);
    if (algorithm > 1) {
      return Status(StatusCode::kUnimplemented,
                    fmt::format("unknown binlog checksum algorithm {}", algorithm),
                    "upgrade SRDF to a version that knows the server's events");
    }
    format.checksums = algorithm == 1;
    lengths.remove_suffix(kTrailerBytes);
  }
  // Development versions of 5.1 wrote row events with shorter headers. 0: no longer written, or not yet.
  const auto post_header_is = [&](EventType type, uint8_t bytes) {
    const size_t at = static_cast<size_t>(type) - 1;
    return at >= lengths.size() || lengths[at] == 0 || static_cast<uint8_t>(lengths[at]) == bytes;
  };
  if (!post_header_is(EventType::kTableMap, 8) || !post_header_is(EventType::kWriteRowsV1, 8) ||
      !post_header_is(EventType::kWriteRows, 10)) {
    return TooOld("row events with a header of another length", format.server_version);
  }
  return format;
}

}  // namespace srdf::binlog_file
