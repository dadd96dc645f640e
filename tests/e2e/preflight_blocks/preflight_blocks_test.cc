// A server that is not set up for replication is not replicated from: the flow says what is wrong and how to
// mend it, and goes on by itself once it is mended.
#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

class PreflightBlocks : public MeshTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    ASSERT_OK(source_->Execute({"CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)"}));
    ASSERT_OK(target_->Execute({"CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)"}));
  }

  // Says `wrong`, and the words of the statement that mends it; goes on once `mend` has run on the server.
  void ExpectBlockedUntil(const std::string& wrong, const std::string& remedy, MariaDbServer* server,
                          const std::vector<std::string>& mend) {
    ASSERT_NO_FATAL_FAILURE(ExpectState("blocked"));
    const std::string problems = Problems();
    EXPECT_NE(problems.find(wrong), std::string::npos) << problems;
    EXPECT_NE(problems.find(remedy), std::string::npos) << problems;
    const CommandResult preflight = mesh_->Ctl({"preflight"});
    EXPECT_NE(preflight.exit_code, 0);
    EXPECT_NE(preflight.output.find(remedy), std::string::npos) << preflight.output << preflight.errors;

    ASSERT_OK(server->Execute(mend));
    ASSERT_NO_FATAL_FAILURE(ExpectState("running", seconds(60)));
    const CommandResult after = mesh_->Ctl({"preflight"});
    EXPECT_EQ(after.exit_code, 0) << after.output << after.errors;
    ASSERT_OK(source_->Execute({"INSERT INTO app.t VALUES (1), (2)"}));
    ExpectEqual(seconds(60));
  }
};

TEST_F(PreflightBlocks, WrongBinlogFormatUntilMended) {
  ASSERT_OK(source_->Execute({"SET GLOBAL binlog_format = 'STATEMENT'"}));
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ExpectBlockedUntil("binlog_format", "SET GLOBAL binlog_format", source_.get(),
                     {"SET GLOBAL binlog_format = 'ROW'"});
}

TEST_F(PreflightBlocks, TargetThatHidesErrorsUntilMended) {
  ASSERT_OK(target_->Execute({"SET GLOBAL slave_exec_mode = 'IDEMPOTENT'"}));
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ExpectBlockedUntil("slave_exec_mode", "SET GLOBAL slave_exec_mode", target_.get(),
                     {"SET GLOBAL slave_exec_mode = 'STRICT'"});
}

}  // namespace
}  // namespace srdf::test
