#include "engine_mariadb/binlog_stream.h"

#include <fmt/format.h>
#include <ma_pvio.h>
#include <mariadb_rpl.h>
#include <mysqld_error.h>
#include <poll.h>
#include <zlib.h>

#include <algorithm>

namespace srdf::engine_mariadb {

namespace {

// A server that searches a large log file for the position sends nothing meanwhile.
constexpr unsigned kSilenceSecondsMin = 30;
constexpr unsigned kSilenceHeartbeats = 5;

constexpr unsigned kErrorSameServerId = 4052;  // another replica with this one's server id has connected

uint32_t LittleEndian32(const char* p) {
  const auto* b = reinterpret_cast<const uint8_t*>(p);
  return b[0] | b[1] << 8 | b[2] << 16 | static_cast<uint32_t>(b[3]) << 24;
}

bool ChecksumFits(ByteView event) {
  if (event.size() < kEventHeaderBytes + kChecksumBytes) return false;
  const size_t covered = event.size() - kChecksumBytes;
  const uLong crc =
      crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(event.data()), static_cast<uInt>(covered));
  return static_cast<uint32_t>(crc) == LittleEndian32(event.data() + covered);
}

}  // namespace

Result<std::unique_ptr<BinlogStream>> BinlogStream::Open(const engine::ServerEndpoint& endpoint,
                                                         uint32_t server_id, unsigned heartbeat_ms,
                                                         const GtidPosition& from) {
  ConnectionOptions options;
  options.read_timeout_seconds = std::max(kSilenceSecondsMin, kSilenceHeartbeats * heartbeat_ms / 1000);
  SRDF_ASSIGN_OR_RETURN(auto connection, Connection::Open(endpoint, options));
  // Capability 4: GTID events as they are; less makes the server replace events with comments. A consumer
  // that holds back (net_write_timeout) must not look like a dead one to the server.
  SRDF_RETURN_IF_ERROR(connection->Execute(fmt::format(
      "SET @mariadb_slave_capability = 4, @slave_connect_state = '{}', @slave_gtid_strict_mode = 1, "
      "@slave_gtid_ignore_duplicates = 0, @master_binlog_checksum = @@global.binlog_checksum, "
      "@master_heartbeat_period = {}, SESSION net_write_timeout = 3600",
      from.ToString(), uint64_t{heartbeat_ms} * 1'000'000)));
  MYSQL* mysql = connection->handle();
  MARIADB_RPL* rpl = mariadb_rpl_init(mysql);
  if (rpl == nullptr) return connection->LastError("cannot prepare replication");
  mariadb_rpl_optionsv(rpl, MARIADB_RPL_SERVER_ID, server_id);
  mariadb_rpl_optionsv(rpl, MARIADB_RPL_START, 4ul);
  mariadb_rpl_optionsv(rpl, MARIADB_RPL_FLAGS, 0u);
  mariadb_rpl_optionsv(rpl, MARIADB_RPL_HOST, "srdf");  // with a host, the replica is registered
  mariadb_rpl_optionsv(rpl, MARIADB_RPL_PORT, 0u);
  const int failed = mariadb_rpl_open(rpl);
  mariadb_rpl_close(rpl);
  if (failed != 0) return connection->LastError("cannot start replication");
  return std::unique_ptr<BinlogStream>(new BinlogStream(std::move(connection), server_id, from));
}

Status BinlogStream::ReadError() {
  MYSQL* mysql = connection_->handle();
  switch (mysql_errno(mysql)) {
    case ER_MASTER_FATAL_ERROR_READING_BINLOG:
    case ER_GTID_POSITION_NOT_FOUND_IN_BINLOG:
    case ER_GTID_POSITION_NOT_FOUND_IN_BINLOG2:
    case ER_GTID_START_FROM_BINLOG_HOLE:
      return {StatusCode::kFailedPrecondition,
              fmt::format("the source cannot serve its log from position \"{}\": {} ({})", from_.ToString(),
                          mysql_error(mysql), mysql_errno(mysql)),
              mysql_errno(mysql) == ER_MASTER_FATAL_ERROR_READING_BINLOG
                  ? "act on the server's own words; when the position is purged, unknown or of another "
                    "history, re-establish the flow by difference"
                  : "the position is purged, unknown or of another history; re-establish the flow by "
                    "difference"};
    case kErrorSameServerId:
      return {StatusCode::kFailedPrecondition,
              fmt::format("reading the source's log: {} ({})", mysql_error(mysql), mysql_errno(mysql)),
              fmt::format("another replica uses source.server_id {}: give the flow another one", server_id_)};
    default:
      return connection_->LastError("reading the source's log");
  }
}

Result<EventView> BinlogStream::Next() {
  MYSQL* mysql = connection_->handle();
  const unsigned long length = mysql_net_read_packet(mysql);
  if (length == packet_error) return ReadError();
  const ByteView packet(reinterpret_cast<const char*>(mysql->net.read_pos), length);
  if (packet[0] == '\xfe' && length < 9) {
    return Status(StatusCode::kUnavailable, "the source ended the log stream");
  }
  ByteView event = packet.substr(1);
  SRDF_ASSIGN_OR_RETURN(EventView view, DecodeEvent(event));
  const bool is_format = view.header.event_type() == EventType::kFormatDescription;
  if (is_format) {
    SRDF_ASSIGN_OR_RETURN(const FormatDescription format, DecodeFormatDescription(view.body));
    checksum_ = format.checksum;
    format_known_ = true;
  }
  // The very first event, an artificial ROTATE, comes before it is known whether events have checksums.
  const bool verify = checksum_ == ChecksumAlgorithm::kCrc32;
  const bool fits = (verify || !format_known_) && ChecksumFits(event);
  if (verify && !fits) {
    return Status(
        StatusCode::kDataLoss,
        fmt::format("checksum of a {} event ending at offset {} is wrong", EventTypeName(view.header.type),
                    view.header.end_position),
        "check the server's disk and the network; if it persists, re-establish the flow by difference");
  }
  if (fits || is_format) view.body.remove_suffix(std::min(kChecksumBytes, view.body.size()));
  return view;
}

bool BinlogStream::WaitReady(std::chrono::milliseconds wait) const {
  const MARIADB_PVIO* pvio = connection_->handle()->net.pvio;
  if (pvio != nullptr && pvio->cache != nullptr && pvio->cache + pvio->cache_size > pvio->cache_pos)
    return true;
  pollfd p{socket_.fd(), POLLIN, 0};
  return poll(&p, 1, static_cast<int>(wait.count())) > 0;
}

void BinlogStream::Interrupt() { socket_.Shutdown(); }

std::string DescribeServerLog(const engine::ServerEndpoint& endpoint) {
  auto connection = Connection::Open(endpoint, {});
  if (!connection.ok()) return "what the server has could not be asked";
  auto state = (*connection)->QueryValue("SELECT @@global.gtid_binlog_state");
  std::string out = fmt::format("the server's log has reached \"{}\"", state.ok() ? *state : "");
  auto logs = (*connection)->Query("SHOW BINARY LOGS");
  if (!logs.ok() || logs->empty() || !(*logs)[0][0]) return out;
  const std::string& oldest = *(*logs)[0][0];
  auto start =
      (*connection)->QueryValue(fmt::format("SELECT BINLOG_GTID_POS({}, 4)", (*connection)->Quote(oldest)));
  return out + fmt::format(" and begins after \"{}\" (file {})", start.ok() ? *start : "", oldest);
}

}  // namespace srdf::engine_mariadb
