// srdfctl binlog dump: what goes to stdout, what to stderr, and the exit code.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "srdfctl/commands.h"
#include "support/mysql_file.h"

namespace srdf::ctl {
namespace {

struct Ran {
  int exit_code = 0;
  std::string out, err;
};

Ran RunDump(const std::string& bytes, binlog_file::DumpOptions options = {}) {
  options.path = testing::TempDir() + "/srdf_binlog_command_" + std::to_string(::getpid());
  std::ofstream(options.path, std::ios::binary) << bytes;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran;
  ran.exit_code = BinlogDump(options);
  std::fflush(stdout);
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  std::remove(options.path.c_str());
  return ran;
}

test::MySqlFile TwoStatements() {
  test::MySqlFile file;
  file.AddGtid(1);
  file.AddQuery("CREATE TABLE t (a INT)");
  file.AddGtid(2);
  file.AddQuery("DROP TABLE t");
  file.AddRotate();
  return file;
}

TEST(BinlogCommand, LinesGoToStdoutAndTheSummaryToStderr) {
  const Ran ran = RunDump(TwoStatements().bytes());
  EXPECT_EQ(ran.exit_code, kExitOk);
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 2);
  EXPECT_FALSE(nlohmann::json::parse(ran.out.substr(0, ran.out.find('\n')), nullptr, false).is_discarded());
  EXPECT_NE(ran.err.find("MySQL 8.0.36, checksums CRC32"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("2 transactions, 0 rows"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("closed by ROTATE to binlog.000002"), std::string::npos) << ran.err;
}

TEST(BinlogCommand, AnErrorHasItsRemedyAndExitCodeAndKeepsWhatIsSound) {
  const std::string bytes = TwoStatements().bytes();
  const Ran ran = RunDump(bytes.substr(0, bytes.size() - 1));
  EXPECT_EQ(ran.exit_code, kExitFailed);
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 2);
  EXPECT_NE(ran.err.find("in the middle of an event"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("remedy: copy the file again"), std::string::npos) << ran.err;
  const Ran not_a_log = RunDump("hello");
  EXPECT_EQ(not_a_log.exit_code, kExitFailed);
  EXPECT_TRUE(not_a_log.out.empty());
  EXPECT_NE(not_a_log.err.find("not a binlog file"), std::string::npos);
}

}  // namespace
}  // namespace srdf::ctl
