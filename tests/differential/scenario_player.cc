#include "differential/scenario_player.h"

#include <chrono>
#include <thread>

#include "engine_mariadb/gtid_position.h"

namespace srdf::differential {

namespace {

using engine_mariadb::Connection;

Result<std::unique_ptr<Connection>> OpenSession(const test::MariaDbServer& server) {
  SRDF_ASSIGN_OR_RETURN(auto session, server.Connect());
  SRDF_RETURN_IF_ERROR(
      session->Execute("SET SESSION innodb_lock_wait_timeout=0, lock_wait_timeout=0, "
                       "max_statement_time=10"));
  return session;
}

// An error of the statement is part of the scenario; a lost server is not.
Status Accept(Connection* session, const std::string& sql, bool* failed) {
  const Status status = session->Execute(sql);
  *failed = !status.ok();
  if (status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kOutcomeUnknown) {
    return status.WithContext(sql.substr(0, 200));
  }
  return {};
}

}  // namespace

Status PlaySetup(const test::MariaDbServer& server, const Scenario& scenario) {
  SRDF_ASSIGN_OR_RETURN(const auto session, OpenSession(server));
  bool failed = false;
  for (const std::string& sql : scenario.setup) SRDF_RETURN_IF_ERROR(Accept(session.get(), sql, &failed));
  return {};
}

Status ScenarioPlayer::Open() {
  for (auto& session : sessions_) {
    SRDF_ASSIGN_OR_RETURN(session, OpenSession(source_));
  }
  SRDF_ASSIGN_OR_RETURN(observer_, source_.Connect());
  return {};
}

Status ScenarioPlayer::Reconnect(uint32_t session) {
  const std::string id = std::to_string(mysql_thread_id(sessions_.at(session)->handle()));
  sessions_[session].reset();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(
        const std::string left,
        observer_->QueryValue("SELECT COUNT(*) FROM information_schema.processlist WHERE id = " + id));
    if (left == "0") break;
    if (std::chrono::steady_clock::now() > deadline) {
      return {StatusCode::kDeadlineExceeded, "the server keeps a session that was closed for 30 s"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  SRDF_ASSIGN_OR_RETURN(sessions_[session], OpenSession(source_));
  return {};
}

Status ScenarioPlayer::Play(const Step& step) {
  if (step.sql == kReconnect) {
    ++stats_.steps;
    return Reconnect(step.session);
  }
  bool failed = false;
  SRDF_RETURN_IF_ERROR(Accept(sessions_.at(step.session).get(), step.sql, &failed));
  ++stats_.steps;
  if (failed) ++stats_.steps_failed;
  return {};
}

bool ScenarioPlayer::Quiet() const {
  for (const auto& session : sessions_) {
    if (session != nullptr && (session->handle()->server_status & SERVER_STATUS_IN_TRANS) != 0) return false;
  }
  return true;
}

void ScenarioPlayer::CloseSessions() {
  for (auto& session : sessions_) session.reset();
}

Result<std::string> ScenarioPlayer::Position() {
  SRDF_ASSIGN_OR_RETURN(const std::string text, observer_->QueryValue("SELECT @@global.gtid_binlog_pos"));
  SRDF_ASSIGN_OR_RETURN(const auto position, engine_mariadb::GtidPosition::Parse(text));
  return position.ToString();
}

}  // namespace srdf::differential
