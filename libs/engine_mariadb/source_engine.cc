#include "engine_mariadb/source_engine.h"

#include <atomic>
#include <charconv>
#include <memory>
#include <vector>

#include "engine_mariadb/change_reader.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/failover_reader.h"
#include "engine_mariadb/gtid_position.h"
#include "engine_mariadb/mariadb_snapshot.h"
#include "engine_mariadb/schema_reader.h"
#include "engine_mariadb/source_copy.h"
#include "engine_mariadb/source_preflight.h"
#include "engine_mariadb/table_effects.h"

namespace srdf::engine_mariadb {

namespace {

constexpr unsigned kQueryTimeoutSeconds = 30;
// The server opens every table for it.
constexpr unsigned kSchemaTimeoutSeconds = 600;

constexpr int kPositionTries = 20;

class MariaDbSourceEngine : public engine::SourceEngine {
 public:
  explicit MariaDbSourceEngine(SourceOptions options) : options_(std::move(options)) {}

  Result<std::vector<engine::PreflightProblem>> Preflight() override {
    if (options_.alternates.empty()) return Check(options_.endpoint);
    // The server that would be read decides; of the others, everything is a warning.
    SRDF_ASSIGN_OR_RETURN(const size_t first, FindReachable(servers_, 0));
    std::vector<engine::PreflightProblem> all;
    for (size_t i = 0; i < servers_.size(); ++i) {
      auto problems = Check(servers_[i]);
      if (!problems.ok() && i == first) return problems.status();
      if (!problems.ok()) {
        all.push_back({"server " + ServerName(servers_[i]) + ": " + problems.status().message(),
                       problems.status().remedy(), false});
        continue;
      }
      for (engine::PreflightProblem& problem : *problems) {
        problem.what = "server " + ServerName(servers_[i]) + ": " + problem.what;
        problem.fatal = problem.fatal && i == first;
        all.push_back(std::move(problem));
      }
    }
    return all;
  }

  Result<SourcePosition> CurrentPosition() override {
    SRDF_ASSIGN_OR_RETURN(const auto connection, Connect(kQueryTimeoutSeconds));
    return PositionAt(connection.get());
  }

  Result<engine::SchemaDump> ReadSchema(const engine::SchemaRequest& request) override {
    SRDF_ASSIGN_OR_RETURN(const auto connection, ConnectToRead(kSchemaTimeoutSeconds));
    SRDF_ASSIGN_OR_RETURN(auto dump, ReadSchemaObjects(connection.get(), request));
    SRDF_ASSIGN_OR_RETURN(dump.read_by, PositionAt(connection.get()));
    return dump;
  }

  Result<bool> Contains(const SourcePosition& position, const SourcePosition& other) const override {
    SRDF_ASSIGN_OR_RETURN(const GtidPosition has, GtidPosition::Parse(position.gtid));
    SRDF_ASSIGN_OR_RETURN(const GtidPosition wanted, GtidPosition::Parse(other.gtid));
    return has.Contains(wanted);
  }

  Result<std::vector<engine::ForeignKey>> ForeignKeys() override {
    SRDF_ASSIGN_OR_RETURN(const auto connection, ConnectToRead(kSchemaTimeoutSeconds));
    return LoadForeignKeys(connection.get());
  }

  Result<std::vector<engine::PreflightProblem>> CopyObstacles(bool new_flow) override {
    SRDF_ASSIGN_OR_RETURN(const auto connection, Connect(kQueryTimeoutSeconds));
    return FindCopyObstacles(connection.get(), new_flow);
  }

  engine::TableEffects EffectsOf(const Statement& statement) const override {
    engine::TableEffects effects = FindTableEffects(statement.sql, statement.database);
    if (!names_are_lower_case_) return effects;
    for (engine::TableRename& rename : effects.renamed) {
      ToLower(&rename.from);
      ToLower(&rename.to);
    }
    for (engine::TableId& id : effects.mixed) ToLower(&id);
    for (engine::TableId& id : effects.dropped) ToLower(&id);
    return effects;
  }

  Result<uint64_t> ThreadsRunning() override {
    SRDF_ASSIGN_OR_RETURN(const auto connection, Connect(kQueryTimeoutSeconds));
    return ReadThreadsRunning(connection.get());
  }

  Result<std::unique_ptr<engine::Snapshot>> OpenSnapshot() override {
    SRDF_ASSIGN_OR_RETURN(const engine::ServerEndpoint server, ServerRead());
    return MariaDbSnapshot::OpenSource(server);
  }

  std::unique_ptr<engine::ChangeReader> NewReader() override {
    if (options_.alternates.empty()) return std::make_unique<MariaDbChangeReader>(options_);
    return std::make_unique<FailoverReader>(options_, server_read_);
  }

 private:
  static Result<SourcePosition> PositionAt(Connection* connection) {
    // A reader checks the place against the GTIDs, so both must be of one moment. Without one there is no
    // place.
    SourcePosition position;
    for (int i = 0; i < kPositionTries; ++i) {
      SRDF_ASSIGN_OR_RETURN(const auto before, connection->Query("SHOW MASTER STATUS"));
      if (before.empty()) {
        return Status(StatusCode::kFailedPrecondition, "the source has no binary log",
                      "add log_bin=ON to the server's configuration and restart it");
      }
      SRDF_ASSIGN_OR_RETURN(position.gtid, connection->QueryValue("SELECT @@global.gtid_binlog_pos"));
      SRDF_ASSIGN_OR_RETURN(const auto after, connection->Query("SHOW MASTER STATUS"));
      if (before != after) continue;
      position.file = before[0][0].value_or("");
      const std::string offset = before[0][1].value_or("0");
      std::from_chars(offset.data(), offset.data() + offset.size(), position.offset);
      break;
    }
    return position;
  }

  Result<engine::ServerEndpoint> Reachable() const {
    if (servers_.size() == 1) return servers_.front();
    const size_t read = *server_read_;
    SRDF_ASSIGN_OR_RETURN(const size_t at, FindReachable(servers_, read == kNoServerRead ? 0 : read));
    return servers_[at];
  }

  // What is put into the stream is of the server that the stream is read from: another one may have
  // transactions that the stream will not have, or lack some. Before one is read: of one that answers.
  Result<engine::ServerEndpoint> ServerRead() const {
    const size_t read = *server_read_;
    if (read != kNoServerRead) return servers_[read];
    return Reachable();
  }

  Result<std::unique_ptr<Connection>> ConnectToRead(unsigned read_timeout_seconds) const {
    SRDF_ASSIGN_OR_RETURN(const engine::ServerEndpoint server, ServerRead());
    return Named(ConnectTo(server, read_timeout_seconds));
  }
  Result<std::unique_ptr<Connection>> Connect(unsigned read_timeout_seconds) const {
    SRDF_ASSIGN_OR_RETURN(const engine::ServerEndpoint server, Reachable());
    return Named(ConnectTo(server, read_timeout_seconds));
  }
  Result<std::unique_ptr<Connection>> Named(Result<std::unique_ptr<Connection>> connection) const {
    if (connection.ok()) SRDF_RETURN_IF_ERROR(NoteNames(connection->get()));
    return connection;
  }

  static Result<std::unique_ptr<Connection>> ConnectTo(const engine::ServerEndpoint& server,
                                                       unsigned read_timeout_seconds) {
    ConnectionOptions options;
    options.read_timeout_seconds = read_timeout_seconds;
    return Connection::Open(server, options);
  }

  Result<std::vector<engine::PreflightProblem>> Check(const engine::ServerEndpoint& server) {
    SRDF_ASSIGN_OR_RETURN(const auto connection, ConnectTo(server, kQueryTimeoutSeconds));
    SRDF_RETURN_IF_ERROR(NoteNames(connection.get()));
    return CheckSource(connection.get(), options_.server_id, options_.before_image);
  }

  // With lower_case_table_names=1 a statement says Orders, and catalogue and log say orders.
  Status NoteNames(Connection* connection) const {
    SRDF_ASSIGN_OR_RETURN(const auto rows, connection->Query("SELECT @@global.lower_case_table_names"));
    names_are_lower_case_ = !rows.empty() && rows[0].at(0) == "1";
    return {};
  }
  static void ToLower(engine::TableId* id) {
    for (std::string* name : {&id->database, &id->table}) {
      for (char& c : *name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
  }

  const SourceOptions options_;
  const std::vector<engine::ServerEndpoint> servers_ = ServersOf(options_);
  // Among servers_; as the reader of the stream has it.
  const std::shared_ptr<std::atomic<size_t>> server_read_ =
      std::make_shared<std::atomic<size_t>>(options_.alternates.empty() ? 0 : kNoServerRead);
  mutable std::atomic<bool> names_are_lower_case_{false};
};

}  // namespace

std::unique_ptr<engine::SourceEngine> NewSourceEngine(SourceOptions options) {
  return std::make_unique<MariaDbSourceEngine>(std::move(options));
}

}  // namespace srdf::engine_mariadb
