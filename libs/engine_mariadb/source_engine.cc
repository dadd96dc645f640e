#include "engine_mariadb/source_engine.h"

#include <charconv>

#include "engine_mariadb/change_reader.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/source_preflight.h"

namespace srdf::engine_mariadb {

namespace {

constexpr unsigned kQueryTimeoutSeconds = 30;

constexpr int kPositionTries = 20;

class MariaDbSourceEngine : public engine::SourceEngine {
 public:
  explicit MariaDbSourceEngine(SourceOptions options) : options_(std::move(options)) {}

  Result<std::vector<engine::PreflightProblem>> Preflight() override {
    SRDF_ASSIGN_OR_RETURN(const auto connection, Connect());
    return CheckSource(connection.get(), options_.server_id, options_.before_image);
  }

  Result<SourcePosition> CurrentPosition() override {
    SRDF_ASSIGN_OR_RETURN(const auto connection, Connect());
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

  std::unique_ptr<engine::ChangeReader> NewReader() override {
    return std::make_unique<MariaDbChangeReader>(options_);
  }

 private:
  Result<std::unique_ptr<Connection>> Connect() {
    ConnectionOptions options;
    options.read_timeout_seconds = kQueryTimeoutSeconds;
    return Connection::Open(options_.endpoint, options);
  }

  const SourceOptions options_;
};

}  // namespace

std::unique_ptr<engine::SourceEngine> NewSourceEngine(SourceOptions options) {
  return std::make_unique<MariaDbSourceEngine>(std::move(options));
}

}  // namespace srdf::engine_mariadb
