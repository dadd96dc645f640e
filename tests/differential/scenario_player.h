// ScenarioPlayer: runs a scenario's statements at the source, on its sessions, and finds where wagons end.
//
// Every error of the server is accepted: such a statement has no effect at the source. Lock waits end at once
// and a statement after seconds, so that one thread can drive all sessions. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "differential/scenario.h"
#include "support/mariadb_server.h"

namespace srdf::differential {

struct PlayStats {
  uint64_t steps = 0;
  uint64_t steps_failed = 0;  // refused by the server
};

// Runs the setup statements on a session of their own, at any server. Errors of the server are accepted, as
// every server gives the same ones.
Status PlaySetup(const test::MariaDbServer& server, const Scenario& scenario);

class ScenarioPlayer {
 public:
  explicit ScenarioPlayer(const test::MariaDbServer& source) : source_(source) {}
  Status Open();
  // kUnavailable: the server has died.
  Status Play(const Step& step);
  // True when no session has an ordinary transaction open.
  bool Quiet() const;
  // Gives up what is open, by ending the sessions.
  void CloseSessions();
  // The end of the source's log: @@gtid_binlog_pos, sorted by domain.
  Result<std::string> Position();
  const PlayStats& stats() const { return stats_; }

 private:
  Status Reconnect(uint32_t session);

  const test::MariaDbServer& source_;
  std::array<std::unique_ptr<engine_mariadb::Connection>, kSessionsMax> sessions_;
  std::unique_ptr<engine_mariadb::Connection> observer_;
  PlayStats stats_;
};

}  // namespace srdf::differential
