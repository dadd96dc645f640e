#include "engine_mariadb/failover_reader.h"

#include <functional>
#include <utility>

#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

namespace {

constexpr unsigned kProbeSeconds = 5;

}  // namespace

std::string ServerName(const engine::ServerEndpoint& endpoint) {
  return endpoint.socket.empty() ? endpoint.host + ":" + std::to_string(endpoint.port) : endpoint.socket;
}

namespace {

// A server that cannot be reached may be the one that fits: as long as there is one, nothing is decided.
Result<size_t> FindServer(const std::vector<engine::ServerEndpoint>& servers, size_t first,
                          const std::function<Status(Connection*)>& fits) {
  ConnectionOptions options;
  options.connect_timeout_seconds = kProbeSeconds;
  options.read_timeout_seconds = kProbeSeconds;
  std::string reasons;
  bool all_answer = true;
  Status refusal;
  for (size_t i = 0; i < servers.size(); ++i) {
    const size_t at = (first + i) % servers.size();
    const auto connection = Connection::Open(servers[at], options);
    const Status status = connection.ok() ? fits(connection->get()) : connection.status();
    if (status.ok()) return at;
    reasons += (reasons.empty() ? "" : "; ") + ServerName(servers[at]) + ": " + status.message();
    if (status.code() == StatusCode::kUnavailable) {
      all_answer = false;
    } else if (refusal.ok()) {
      refusal = status;
    }
  }
  if (all_answer) {
    return Status(refusal.code(), "no server of the source's cluster can be read: " + reasons,
                  refusal.remedy());
  }
  if (refusal.ok()) {
    return Status(StatusCode::kUnavailable, "no server of the source's cluster can be reached: " + reasons,
                  "check that one of them runs and can be reached; tried again by itself");
  }
  return Status(
      StatusCode::kUnavailable,
      "no server of the source's cluster that can be reached can be read: " + reasons,
      "bring back those that cannot be reached, or mend the others (one that lacks transactions: let "
      "it catch up); tried again by itself. A server that is gone for good: take it out of the list");
}

}  // namespace

Result<size_t> FindReachable(const std::vector<engine::ServerEndpoint>& servers, size_t first) {
  return FindServer(servers, first, [](Connection*) { return Status(); });
}

Result<size_t> FindContaining(const std::vector<engine::ServerEndpoint>& servers, size_t first,
                              const GtidPosition& position) {
  return FindServer(servers, first, [&](Connection* connection) -> Status {
    SRDF_ASSIGN_OR_RETURN(const std::string text, connection->QueryValue("SELECT @@global.gtid_binlog_pos"));
    SRDF_ASSIGN_OR_RETURN(const GtidPosition server, GtidPosition::Parse(text));
    const std::string missing = server.Missing(position);
    if (missing.empty()) return {};
    return {
        StatusCode::kFailedPrecondition,
        "its log does not contain the position to resume from, \"" + position.ToString() + "\": " + missing,
        "let one of the servers catch up, or name one that has the transactions, then resume the flow; "
        "when they are lost, re-establish it by difference"};
  });
}

std::vector<engine::ServerEndpoint> ServersOf(const SourceOptions& options) {
  std::vector<engine::ServerEndpoint> servers = options.alternates;
  servers.insert(servers.begin(), options.endpoint);
  return servers;
}

FailoverReader::FailoverReader(const SourceOptions& options, std::shared_ptr<std::atomic<size_t>> server_read)
    : servers_(ServersOf(options)), server_read_(std::move(server_read)) {
  for (const engine::ServerEndpoint& server : servers_) {
    SourceOptions of_server = options;
    of_server.endpoint = server;
    of_server.alternates.clear();
    readers_.push_back(std::make_unique<MariaDbChangeReader>(std::move(of_server)));
  }
}

Status FailoverReader::Run(const SourcePosition& from, engine::ChangeSink* sink) {
  size_t first = 0;
  {
    std::lock_guard lock(mu_);
    first = current_;
  }
  auto position = GtidPosition::Parse(from.gtid);
  if (!position.ok()) return position.status().WithContext("the position to resume from");
  const auto found = FindContaining(servers_, first, *position);
  {
    std::lock_guard lock(mu_);
    if (std::exchange(interrupted_, false)) return {StatusCode::kCancelled, "the reader was interrupted"};
    if (!found.ok()) return found.status();
    current_ = *found;
    *server_read_ = *found;
    running_ = true;
  }
  const Status status = readers_[*found]->Run(from, sink);
  {
    std::lock_guard lock(mu_);
    running_ = false;
  }
  if (status.ok() || status.code() == StatusCode::kCancelled) return status;
  return status.WithContext("source server " + ServerName(servers_[*found]));
}

void FailoverReader::Interrupt() {
  std::lock_guard lock(mu_);
  if (running_) {
    readers_[current_]->Interrupt();
  } else {
    interrupted_ = true;
  }
}

engine::ChangeReaderStats FailoverReader::Stats() const {
  size_t current = 0;
  {
    std::lock_guard lock(mu_);
    current = current_;
  }
  engine::ChangeReaderStats all = readers_[current]->Stats();
  for (size_t i = 0; i < readers_.size(); ++i) {
    if (i == current) continue;
    const engine::ChangeReaderStats other = readers_[i]->Stats();
    all.transactions += other.transactions;
    all.rows += other.rows;
    all.statements += other.statements;
    all.statements_skipped += other.statements_skipped;
    all.log_bytes += other.log_bytes;
  }
  return all;
}

}  // namespace srdf::engine_mariadb
