#include "failpoint/failpoint_board.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "failpoint/failpoint.h"

namespace srdf::failpoint {
namespace {

constexpr size_t kCommit = IndexOf("applier.before_commit");

class BoardTest : public ::testing::Test {
 protected:
  ~BoardTest() override { std::filesystem::remove(path_); }
  const std::string path_ = std::filesystem::temp_directory_path() / ("board." + std::to_string(getpid()));
};

TEST_F(BoardTest, CountsOutliveTheProcessAndTheBudgetEndsThem) {
  auto board = Board::Create(path_);
  ASSERT_TRUE(board.ok()) << board.status().ToString();
  (*board)->slot(kCommit).chance_ppm = 1000000;
  (*board)->slot(kCommit).budget = 2;
  int killed = 0;
  for (int life = 0; life < 4; ++life) {
    const pid_t child = fork();
    if (child == 0) {
      setenv("SRDF_FAILPOINT_BOARD", path_.c_str(), 1);
      g_enabled = true;
      SRDF_FAILPOINT("applier.after_commit");
      SRDF_FAILPOINT("applier.before_commit");
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 1 : 0;
  }
  EXPECT_EQ(killed, 2);
  EXPECT_EQ((*board)->slot(kCommit).passes, 4u);
  EXPECT_EQ((*board)->slot(kCommit).crashes, 2u);
  EXPECT_EQ((*board)->slot(IndexOf("applier.after_commit")).passes, 4u);
  EXPECT_EQ((*board)->slot(IndexOf("applier.after_commit")).crashes, 0u);
  EXPECT_EQ((*board)->TakeNumber(), 5u);
}

TEST_F(BoardTest, AFileThatIsNoBoardIsRefused) {
  EXPECT_EQ(Board::Open(path_).status().code(), StatusCode::kFailedPrecondition);
  std::ofstream(path_) << "something else";
  EXPECT_EQ(Board::Open(path_).status().code(), StatusCode::kFailedPrecondition);
  { auto board = Board::Create(path_); }
  EXPECT_TRUE(Board::Open(path_).ok());
  std::fstream file(path_, std::ios::in | std::ios::out);
  file << "x";
  file.close();
  EXPECT_EQ(Board::Open(path_).status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace srdf::failpoint
