// Scenario: what a differential run does at the source: plain SQL text, in order, on a few sessions.
//
// It is data, so that a failing one can be shrunk: any step may be removed and what is left is still a
// scenario, because every error of the source's server is accepted (a statement that fails at the source has
// no effect there, and must have none at the target). Steps are run one after the other by one thread; the
// sessions never wait for each other (their lock waits time out at once).
//
// Order: `setup` runs on session 0 before the flow's first position is taken at all servers alike, that is,
// each server executes it itself; `steps` run at the source only. After a step with `cut` the wagon under way
// ends as soon as no ordinary transaction is open on any session (prepared XA transactions do not count).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace srdf::differential {

struct Step {
  uint32_t session = 0;  // 0 … kSessionsMax - 1
  std::string sql;       // one statement, without a delimiter
  bool cut = false;
};

constexpr uint32_t kSessionsMax = 4;

// As a step's `sql`: the session ends, and a new one takes its place once the server has forgotten the old
// one (its prepared XA transaction, if any, is then anybody's to decide).
constexpr char kReconnect[] = "-- reconnect";

struct Scenario {
  uint64_t seed = 0;
  std::vector<std::string> setup;
  std::vector<Step> steps;
};

}  // namespace srdf::differential
