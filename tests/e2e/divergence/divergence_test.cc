// Somebody wrote to the target: the flow stops where source and target contradict each other, says which row,
// and applies nothing later until an operator has put it right.
#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

class Divergence : public MeshTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    ASSERT_NO_FATAL_FAILURE(StartMesh());
    ASSERT_OK(source_->Execute(
        {"CREATE DATABASE app", "CREATE TABLE app.part (id INT PRIMARY KEY, name VARCHAR(40), stock INT)",
         "INSERT INTO app.part VALUES (1, 'axle', 10), (4711, 'bolt', 20), (3, 'cog', 30)"}));
    ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  }

  // The flow has stopped at `key`, visibly, and lets nothing later through.
  void ExpectStoppedAt(const std::string& key) {
    ASSERT_NO_FATAL_FAILURE(ExpectState("failed"));
    const std::string problems = Problems();
    EXPECT_NE(problems.find("DIVERGENCE"), std::string::npos) << problems;
    EXPECT_NE(problems.find("part"), std::string::npos) << problems;
    EXPECT_NE(problems.find(key), std::string::npos) << problems;
    std::cout << problems;

    const auto accepted = [&] { return FlowStatus()["inbox"].value("accepted_sequence", 0); };
    const int before = accepted();
    ASSERT_OK(source_->Execute({"INSERT INTO app.part VALUES (5000, 'later', 1)"}));
    ASSERT_TRUE(Eventually(seconds(30), [&] { return accepted() > before; }))
        << "the later wagon did not arrive";
    EXPECT_EQ(*target_->Value("SELECT COUNT(*) FROM app.part WHERE id = 5000"), "0");
    EXPECT_EQ(FlowState(), "failed");
  }

  void Resume() {
    const CommandResult result = mesh_->Ctl({"flow", "resume", "e2e"});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
  }
};

TEST_F(Divergence, MissingRowStopsTheFlowUntilItIsPutBack) {
  ASSERT_OK(target_->Execute({"DELETE FROM app.part WHERE id = 4711"}));
  ASSERT_OK(source_->Execute({"UPDATE app.part SET stock = 21 WHERE id = 4711"}));
  ASSERT_NO_FATAL_FAILURE(ExpectStoppedAt("4711"));
  ASSERT_OK(target_->Execute({"INSERT INTO app.part VALUES (4711, 'bolt', 20)"}));
  Resume();
  ExpectEqual(seconds(60));
}

TEST_F(Divergence, ClashingRowStopsTheFlowUntilItIsGone) {
  ASSERT_OK(target_->Execute({"INSERT INTO app.part VALUES (815, 'foreign', 99)"}));
  ASSERT_OK(source_->Execute({"INSERT INTO app.part VALUES (815, 'nut', 7)"}));
  ASSERT_NO_FATAL_FAILURE(ExpectStoppedAt("815"));
  ASSERT_OK(target_->Execute({"DELETE FROM app.part WHERE id = 815"}));
  Resume();
  ExpectEqual(seconds(60));
}

TEST_F(Divergence, StopSurvivesARestartOfTheMesh) {
  ASSERT_OK(target_->Execute({"DELETE FROM app.part WHERE id = 4711"}));
  ASSERT_OK(source_->Execute({"DELETE FROM app.part WHERE id = 4711"}));
  ASSERT_NO_FATAL_FAILURE(ExpectState("failed"));
  ASSERT_OK(mesh_->KillAll());
  ASSERT_OK(mesh_->Up());
  ASSERT_NO_FATAL_FAILURE(ExpectStoppedAt("4711"));
  ASSERT_OK(target_->Execute({"INSERT INTO app.part VALUES (4711, 'bolt', 20)"}));
  Resume();
  ExpectEqual(seconds(60));
}

}  // namespace
}  // namespace srdf::test
