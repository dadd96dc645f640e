#include "failpoint/failpoint_plan.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "failpoint/failpoint.h"

namespace srdf::failpoint {
namespace {

constexpr size_t kCommit = IndexOf("applier.before_commit");
constexpr size_t kDdl = IndexOf("applier.after_ddl");

int PassesUntilCrash(Plan* plan, size_t index) {
  for (int pass = 1; pass <= 100000; ++pass) {
    if (plan->Pass(index)) return pass;
  }
  return 0;
}

TEST(FailpointPlan, CrashesAtTheNamedPassOnly) {
  auto plan = Plan::Parse("applier.before_commit=crash@3,applier.after_ddl=crash", 1);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(PassesUntilCrash(&*plan, kDdl), 1);
  EXPECT_EQ(PassesUntilCrash(&*plan, kCommit), 3);
  EXPECT_EQ(PassesUntilCrash(&*plan, IndexOf("receiver.before_accept")), 0);
}

TEST(FailpointPlan, AProbabilityHoldsForEachPassAndRepeatsWithItsSeed) {
  const auto crashes = [](uint64_t seed) {
    auto plan = Plan::Parse("*=crash%5", seed);
    int count = 0;
    for (int pass = 0; pass < 20000; ++pass) count += plan->Pass(kCommit) ? 1 : 0;
    return count;
  };
  EXPECT_NEAR(crashes(7), 1000, 150);
  EXPECT_EQ(crashes(7), crashes(7));
  EXPECT_NE(crashes(7), crashes(8));
}

TEST(FailpointPlan, TheLastWordOnAPointCounts) {
  auto plan = Plan::Parse("*=crash,applier.after_ddl=crash%0", 1);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(PassesUntilCrash(&*plan, kDdl), 0);
  EXPECT_EQ(PassesUntilCrash(&*plan, kCommit), 1);
}

TEST(FailpointPlan, AWrongNameIsAnErrorThatListsTheNames) {
  const Status status = Plan::Parse("applier.before_comit=crash", 1).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("applier.before_comit"), std::string::npos);
  for (const std::string_view name : kNames) {
    EXPECT_NE(status.remedy().find(name), std::string::npos) << name;
  }
}

TEST(FailpointPlan, WhatIsNotUnderstoodIsAnError) {
  for (const char* text :
       {"applier.before_commit", "applier.before_commit=", "applier.before_commit=stop", "=crash",
        "applier.before_commit=crash@", "applier.before_commit=crash@0", "applier.before_commit=crash@-1",
        "applier.before_commit=crash@3x", "applier.before_commit=crash%", "applier.before_commit=crash%-1",
        "applier.before_commit=crash%101", "applier.before_commit=crash%5%", "applier.before_commit=crash5",
        "applier.before_commit=crash%nan"}) {
    EXPECT_EQ(Plan::Parse(text, 1).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

// In a process of its own: orders are read once in a process's life.
int StatusOfChild(const char* orders, void (*body)()) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("SRDF_FAILPOINTS", orders, 1);
    g_enabled = true;
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(Failpoint, EndsTheProcessLikeKillMinusNine) {
  const int status = StatusOfChild("applier.after_ddl=crash", [] { SRDF_FAILPOINT("applier.after_ddl"); });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(Failpoint, AnotherPointDoesNothing) {
  const int status = StatusOfChild("applier.after_ddl=crash", [] { SRDF_FAILPOINT("applier.after_commit"); });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Failpoint, AProcessThatDidNotAskEndsAtItsFirstPassWhenANameIsWrong) {
  const int status = StatusOfChild("applier.after_dll=crash", [] { SRDF_FAILPOINT("applier.after_commit"); });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(Failpoint, AWrongNameIsSaidToWhoAsks) {
  const int status = StatusOfChild("applier.after_dll=crash", [] { _exit(CheckEnvironment().ok() ? 1 : 7); });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

TEST(Failpoint, ASeedThatIsNoNumberIsSaidToWhoAsks) {
  setenv("SRDF_FAILPOINT_SEED", "abc", 1);
  const int status = StatusOfChild("applier.after_ddl=crash", [] { _exit(CheckEnvironment().ok() ? 1 : 7); });
  unsetenv("SRDF_FAILPOINT_SEED");
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

}  // namespace
}  // namespace srdf::failpoint
