// XA (trap 21): whatever is killed between PREPARE and the outcome, what was prepared counts once, or not at
// all.
#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

class Xa : public MeshTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    ASSERT_NO_FATAL_FAILURE(StartMesh());
    ASSERT_NO_FATAL_FAILURE(InitShop());
    ASSERT_OK(source_->Execute({"CREATE TABLE shop.booked(id INT PRIMARY KEY, v VARCHAR(1000))"}));
  }
  // On a connection of its own, which may go away: what is prepared stays.
  void Prepare(const std::string& xid, const std::string& statement) {
    ASSERT_OK(source_->Execute({"USE shop", "XA START '" + xid + "'", statement, "XA END '" + xid + "'",
                                "XA PREPARE '" + xid + "'"}));
  }
  std::string AtTarget(const std::string& query) { return target_->Value(query).value(); }
};

TEST_F(Xa, KillingEveryServiceAndTheServersBetweenPrepareAndOutcomeLosesAndDoublesNothing) {
  const std::vector<std::string> victims = {"capture", "batcher",       "shipper",      "receiver",
                                            "applier", "source server", "target server"};
  int number = 0;
  for (const std::string& victim : victims) {
    SCOPED_TRACE(victim);
    ++number;
    const std::string id = std::to_string(number);
    ASSERT_NO_FATAL_FAILURE(Prepare("c" + id, "INSERT INTO shop.booked VALUES(" + id + ",'kept')"));
    ASSERT_NO_FATAL_FAILURE(Prepare("r" + id, "INSERT INTO shop.booked VALUES(-" + id + ",'dropped')"));
    ASSERT_OK(mesh_->WaitCaughtUp(seconds(60)));
    EXPECT_EQ(AtTarget("SELECT COUNT(*) FROM srdf.xa_prepared"), "2");
    EXPECT_EQ(AtTarget("SELECT COUNT(*) FROM shop.booked"), std::to_string(number - 1));
    if (victim == "source server") {
      source_->Kill();
      ASSERT_OK(source_->Restart());
    } else if (victim == "target server") {
      target_->Kill();
      ASSERT_OK(target_->Restart());
    } else {
      ASSERT_OK(mesh_->Kill(victim));
    }
    ASSERT_OK(source_->Execute({"XA COMMIT 'c" + id + "'", "XA ROLLBACK 'r" + id + "'"}));
    ASSERT_OK(mesh_->WaitCaughtUp(seconds(60)));
    EXPECT_EQ(AtTarget("SELECT COUNT(*) FROM shop.booked"), id);
  }
  EXPECT_EQ(AtTarget("SELECT COUNT(*) FROM srdf.xa_prepared"), "0");
  ExpectEqual();
}

TEST_F(Xa, AHugeOneUnderLoadIsAppliedAtItsOutcome) {
  BackgroundLoad load(Load(0, 200));
  ASSERT_NO_FATAL_FAILURE(
      Prepare("huge", "INSERT INTO shop.booked SELECT seq, REPEAT('x', 900) FROM seq_1_to_60000"));
  ASSERT_OK(mesh_->Kill("batcher"));  // in the midst of its parts, or after
  ASSERT_TRUE(
      Eventually(seconds(60), [&] { return AtTarget("SELECT COUNT(*) FROM srdf.xa_prepared") != "0"; }));
  ASSERT_OK(mesh_->Kill("applier"));
  ASSERT_OK(source_->Execute({"XA COMMIT 'huge'", "UPDATE shop.booked SET v='y' WHERE id <= 10"}));
  ASSERT_OK(load.Stop().status());
  ExpectEqual();
  EXPECT_EQ(AtTarget("SELECT COUNT(*) FROM srdf.xa_prepared"), "0");
}

}  // namespace
}  // namespace srdf::test
