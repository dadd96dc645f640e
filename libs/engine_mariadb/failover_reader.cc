#include "engine_mariadb/failover_reader.h"

#include <utility>

#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

namespace {

constexpr unsigned kProbeSeconds = 5;

}  // namespace

std::string ServerName(const engine::ServerEndpoint& endpoint) {
  return endpoint.socket.empty() ? endpoint.host + ":" + std::to_string(endpoint.port) : endpoint.socket;
}

Result<size_t> FindReachable(const std::vector<engine::ServerEndpoint>& servers, size_t first) {
  ConnectionOptions options;
  options.connect_timeout_seconds = kProbeSeconds;
  options.read_timeout_seconds = kProbeSeconds;
  std::string tried;
  for (size_t i = 0; i < servers.size(); ++i) {
    const size_t at = (first + i) % servers.size();
    const auto connection = Connection::Open(servers[at], options);
    if (connection.ok()) return at;
    if (connection.status().code() != StatusCode::kUnavailable) return connection.status();
    tried += (tried.empty() ? "" : "; ") + connection.status().message();
  }
  return Status(StatusCode::kUnavailable, "no server of the source's cluster can be reached: " + tried,
                "check that one of them runs and can be reached; tried again by itself");
}

FailoverReader::FailoverReader(const SourceOptions& options) : servers_(options.alternates) {
  servers_.insert(servers_.begin(), options.endpoint);
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
  const auto found = FindReachable(servers_, first);
  {
    std::lock_guard lock(mu_);
    if (std::exchange(interrupted_, false)) return {StatusCode::kCancelled, "the reader was interrupted"};
    if (!found.ok()) return found.status();
    current_ = *found;
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
