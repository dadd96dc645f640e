// FailoverReader: the changes of a cluster, from whichever of its servers can be reached.
//
// One MariaDbChangeReader per server. Each Run begins at the server that was read last, and goes on to the
// others in their order while one cannot be reached, or does not contain the position, domain by domain. When
// none is left, those that cannot be reached decide: while there is one, it may be the one that contains the
// position (a source that restarts, and a replica that lags), and Run ends with kUnavailable, to be tried
// again; when all answer, with what each lacks, and the flow stops. A server that is read stays the one until
// it cannot be reached, also when an earlier one comes back. Threads as in engine/source.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/source.h"
#include "engine_mariadb/change_reader.h"
#include "engine_mariadb/gtid_position.h"
#include "engine_mariadb/source_engine.h"

namespace srdf::engine_mariadb {

// "db1:3306", or the socket.
std::string ServerName(const engine::ServerEndpoint& endpoint);

// options.endpoint, then options.alternates.
std::vector<engine::ServerEndpoint> ServersOf(const SourceOptions& options);
constexpr size_t kNoServerRead = ~size_t{0};

// The first server, from `first` on and round again, that accepts a connection of the user. kUnavailable when
// there is none and one of them cannot be reached, else the first refusal; either names all servers.
Result<size_t> FindReachable(const std::vector<engine::ServerEndpoint>& servers, size_t first);
// The same, and its log contains the position; kFailedPrecondition when all answer and none contains it.
Result<size_t> FindContaining(const std::vector<engine::ServerEndpoint>& servers, size_t first,
                              const GtidPosition& position);

class FailoverReader : public engine::ChangeReader {
 public:
  // *server_read becomes the one that is read, among ServersOf(options).
  FailoverReader(const SourceOptions& options, std::shared_ptr<std::atomic<size_t>> server_read);
  Status Run(const SourcePosition& from, engine::ChangeSink* sink) override;
  void Interrupt() override;
  // Counts over all servers; place and lag are those of the server that is read.
  engine::ChangeReaderStats Stats() const override;

 private:
  // constant
  std::vector<engine::ServerEndpoint> servers_;
  std::shared_ptr<std::atomic<size_t>> server_read_;
  std::vector<std::unique_ptr<MariaDbChangeReader>> readers_;

  mutable std::mutex mu_;
  // guarded by mu_
  size_t current_ = 0;  // server
  bool running_ = false;
  bool interrupted_ = false;  // while no reader was running
};

}  // namespace srdf::engine_mariadb
