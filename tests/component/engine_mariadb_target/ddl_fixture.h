// What the tests of DDL at a target share: statements as wagons, applied here or by a process that is killed
// at a failure point; and waiting for what another session does.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "failpoint/failpoint.h"
#include "target_fixture.h"

namespace srdf::test {

// Whether a statement that had begun was this server's, or one's that has been restarted since, is told by
// its uptime, in whole seconds; in doubt it is "restarted" (SelectDdlIntent): for at most 3 s after the
// start. Tests of what is known of a server that was not restarted begin after them.
inline constexpr char kUntilNoDoubtOfARestart[] = "DO SLEEP(3)";

inline Result<engine::ApplyStats> ApplyDdl(Target& t, const Statement& statement) {
  PayloadBuilder p;
  p.Ddl(statement);
  return t.Apply(&p);
}

#define ASSERT_DDL(t, database, sql)                                           \
  do {                                                                         \
    auto applied_ = ApplyDdl(t, OrdinaryStatement(database, sql));             \
    ASSERT_TRUE(applied_.ok()) << sql << ": " << applied_.status().ToString(); \
  } while (false)

// Applies in a child process that ends at the failure point.
inline void KillAt(Target* t, const char* failpoint, const Statement& statement) {
  t->CloseSession();
  const pid_t child = fork();
  if (child == 0) {
    setenv("SRDF_FAILPOINTS", (std::string(failpoint) + "=crash").c_str(), 1);
    failpoint::g_enabled = true;
    (void)ApplyDdl(*t, statement);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(child, waitpid(child, &status, 0));
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << failpoint;
}

// The query's value once it is another than `not_yet`. After 30 s the test has failed, and it is `not_yet`.
inline std::string WaitForValue(Target* t, const std::string& query, const std::string& not_yet) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::string value = t->Value(query);
  while (value == not_yet && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    value = t->Value(query);
  }
  EXPECT_NE(value, not_yet) << query;
  return value;
}

}  // namespace srdf::test
