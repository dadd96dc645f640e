// BinlogStream: a replica's connection to a server, giving the raw events of the log from a GTID position.
//
// The connection is registered and the dump started by Connector/C's replication API; packets are then read
// as they are and parsed here alone: no copy, no allocation per event, and no event type that the client
// library does not know can get lost in it. Checksums are verified. Driven by one thread; Interrupt may be
// called from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "engine/source.h"
#include "engine_mariadb/binlog_event.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/gtid_position.h"
#include "engine_mariadb/socket_handle.h"

namespace srdf::engine_mariadb {

class BinlogStream {
 public:
  // Asks for everything after `from`. Whether the server has it shows only with the first events.
  static Result<std::unique_ptr<BinlogStream>> Open(const engine::ServerEndpoint& endpoint,
                                                    uint32_t server_id, unsigned heartbeat_ms,
                                                    const GtidPosition& from);

  // The next event; waits. The view lives until the next call. kUnavailable: the connection is lost or
  // silent for longer than several heartbeats; kFailedPrecondition: the server cannot serve the position;
  // kDataLoss: a checksum or length is wrong.
  Result<EventView> Next();

  // False when Next would have to wait for the server. May be false too early (when bytes are still in a
  // TLS layer), never true without any bytes.
  bool Ready() const { return WaitReady(std::chrono::milliseconds(0)); }
  // The same, after waiting for no longer than `wait`.
  bool WaitReady(std::chrono::milliseconds wait) const;

  // Makes a waiting Next return soon. Any thread, as long as the object lives.
  void Interrupt();

 private:
  BinlogStream(std::unique_ptr<Connection> connection, uint32_t server_id, GtidPosition from)
      : connection_(std::move(connection)),
        server_id_(server_id),
        from_(std::move(from)),
        socket_(connection_.get()) {}
  Status ReadError();

  const std::unique_ptr<Connection> connection_;
  const uint32_t server_id_;
  const GtidPosition from_;
  const SocketHandle socket_;
  bool format_known_ = false;
  ChecksumAlgorithm checksum_ = ChecksumAlgorithm::kNone;
};

// Why `wanted` cannot be served and what the server has instead, for people. Opens a connection of its own.
std::string DescribeServerLog(const engine::ServerEndpoint& endpoint);

}  // namespace srdf::engine_mariadb
