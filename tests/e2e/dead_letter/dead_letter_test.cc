// A wagon that the target cannot apply: shown with what it holds, given up with a reason, and from then on
// everybody can see what the target lacks. Trap 39: nothing is skipped by itself.
#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class DeadLetter : public MeshTest {
 protected:
  void Begin(const std::map<std::string, std::string>& environment = {}) {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    ASSERT_NO_FATAL_FAILURE(StartMesh({{"retry_backoff_policy", "[1]"}}, environment));
    ASSERT_OK(source_->Execute({"CREATE DATABASE app",
                                "CREATE TABLE app.part (id INT PRIMARY KEY, name VARCHAR(40), stock INT)",
                                "INSERT INTO app.part VALUES (1, 'axle', 10), (2, 'bolt', 20)"}));
    ASSERT_NO_FATAL_FAILURE(ExpectEqual());
    // The target lacks the row that the next wagon changes.
    ASSERT_OK(target_->Execute({"DELETE FROM app.part WHERE id = 2"}));
    ASSERT_OK(source_->Execute({"UPDATE app.part SET stock = 21 WHERE id = 2"}));
    ASSERT_TRUE(Eventually(seconds(30), [&] {
      const std::string status = *target_->Value("SELECT `sequence` + 1 FROM srdf.checkpoint");
      failed_ = std::stoull(status);
      return OutboxNumber(
                 "SELECT count(*) FROM delivery WHERE status IN ('failed', 'dead_letter') AND "
                 "sequence = " +
                 status) == 1;
    })) << Problems();
    ASSERT_OK(source_->Execute({"INSERT INTO app.part VALUES (3, 'cog', 30)"}));
  }

  CommandResult Skip(const std::string& reason) {
    return mesh_->Ctl({"deadletter", "skip", "e2e", std::to_string(failed_), "--reason", reason, "--yes"});
  }
  json Ctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--output", "json"});
    const CommandResult result = mesh_->Ctl(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return json::parse(result.output, nullptr, false);
  }
  // The flow goes on, and the target is what the source is but for the wagon that was given up.
  void ExpectGoesOn() {
    ASSERT_TRUE(Eventually(seconds(60), [&] {
      return *target_->Value("SELECT COUNT(*) FROM app.part WHERE id = 3") == "1";
    })) << Problems();
    EXPECT_EQ(*target_->Value("SELECT GROUP_CONCAT(id ORDER BY id) FROM app.part"), "1,3");
    EXPECT_EQ(*target_->Value("SELECT CONCAT(sequence, ' ', reason) FROM srdf.skipped_wagon"),
              std::to_string(failed_) + " mended by hand");
    EXPECT_EQ(
        *target_->Value("SELECT CONCAT(COUNT(*), ' ', MAX(`sequence`) - MIN(`sequence`) + 1 - COUNT(*)) "
                        "FROM srdf.apply_log WHERE `sequence` >= " +
                        std::to_string(failed_)),
        "2 0");
    ASSERT_TRUE(Eventually(seconds(30), [&] {
      return OutboxNumber("SELECT count(*) FROM delivery WHERE status = 'skipped' AND sequence = " +
                          std::to_string(failed_)) == 1;
    }));
  }

  uint64_t failed_ = 0;
};

TEST_F(DeadLetter, IsGivenUpWithAReasonOnlyAndStaysOnRecordAtBothEnds) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  EXPECT_NE(Skip(" ").exit_code, 0);
  const CommandResult too_far =
      mesh_->Ctl({"deadletter", "skip", "e2e", std::to_string(failed_ + 1), "--reason", "x", "--yes"});
  EXPECT_NE(too_far.exit_code, 0);
  const CommandResult nobody_asked =
      mesh_->Ctl({"deadletter", "skip", "e2e", std::to_string(failed_), "--reason", "x"});
  EXPECT_NE(nobody_asked.exit_code, 0) << "it was not asked for the flow's name";
  EXPECT_EQ(*target_->Value("SELECT COUNT(*) FROM app.part WHERE id = 3"), "0");

  const CommandResult skipped = Skip("mended by hand");
  ASSERT_EQ(skipped.exit_code, 0) << skipped.errors;
  EXPECT_NE(skipped.output.find("app.part"), std::string::npos) << skipped.output;
  ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
  EXPECT_EQ(Skip("said again").exit_code, 0);

  const json audit = Ctl({"audit", "list", "--flow", "e2e"});
  ASSERT_EQ(audit["entries"].size(), 2u) << audit.dump();
  EXPECT_EQ(audit["entries"][0]["action"], "deadletter.skipped");
  EXPECT_EQ(audit["entries"][1]["action"], "deadletter.skip");
  EXPECT_EQ(audit["entries"][1]["reason"], "mended by hand");
  EXPECT_NE(audit["entries"][1]["actor"], "");
  EXPECT_EQ(audit["entries"][1]["actor"], *target_->Value("SELECT actor FROM srdf.skipped_wagon"));

  const json letters = Ctl({"deadletter", "list"});
  ASSERT_EQ(letters["dead_letters"].size(), 1u) << letters.dump();
  EXPECT_EQ(letters["dead_letters"][0]["state"], "skipped");
  const CommandResult show = mesh_->Ctl({"deadletter", "show", "e2e", std::to_string(failed_)});
  EXPECT_NE(show.output.find("mended by hand"), std::string::npos) << show.output;
  EXPECT_NE(Problems().find("the target lacks the changes of wagon"), std::string::npos) << Problems();
  EXPECT_EQ(Ctl({"deadletter", "ack", "e2e"})["wagons"], 1);
  EXPECT_EQ(Problems().find("the target lacks"), std::string::npos) << Problems();
  EXPECT_TRUE(Ctl({"deadletter", "list"})["dead_letters"].empty());
  ExpectState("running");
}

TEST_F(DeadLetter, IsTriedAgainWhenItWasMended) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_OK(target_->Execute({"INSERT INTO app.part VALUES (2, 'bolt', 20)"}));
  EXPECT_EQ(mesh_->Ctl({"deadletter", "retry", "e2e", std::to_string(failed_)}).exit_code, 0);
  ExpectEqual(seconds(60));
}

// Every step of a skip ends its process every other time. Without a seed: with one, each process that is
// started again would draw the same, and end at the same step for ever.
TEST_F(DeadLetter, IsSkippedOnceWhateverProcessDiesMeanwhile) {
  ASSERT_NO_FATAL_FAILURE(
      Begin({{"SRDF_FAILPOINTS",
              "shipper.before_skip=crash%50,shipper.after_skip=crash%50,shipper.before_skip_told=crash%50,"
              "receiver.before_skip=crash%50,receiver.after_skip=crash%50,"
              "applier.before_skip_commit=crash%50,applier.after_skip_commit=crash%50"}}));
  // The shipper dies with the decision on disk and the operator not told: the command may be repeated.
  ASSERT_TRUE(Eventually(seconds(60), [&] { return Skip("mended by hand").exit_code == 0; }));
  ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
}

}  // namespace
}  // namespace srdf::test
