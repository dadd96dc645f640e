// A destination that is away longer than the retry schedule: the flow is suspended, visibly, and goes on by
// itself; a shipper that is killed meanwhile neither forgets nor begins again.
#include "e2e/support/two_sites.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

class PatientDelivery : public TwoSitesTest {
 protected:
  nlohmann::json Delivery() const {
    const auto status = source_site_->StatusJson();
    if (!status.ok() || (*status)["flows"].empty()) return nlohmann::json::object();
    const nlohmann::json delivery = (*status)["flows"][0]["delivery"];
    return delivery.is_object() ? delivery : nlohmann::json::object();
  }
};

TEST_F(PatientDelivery, AFlowIsSuspendedWhenTheScheduleIsUsedUpAndResumesByItself) {
  ASSERT_NO_FATAL_FAILURE(StartSites({{"retry_backoff_policy", "[1, 2]"}}));
  ASSERT_OK(source_->Execute({"CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)"}));
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  relay_->Cut();
  ASSERT_OK(source_->Execute({"INSERT INTO app.t VALUES (1)"}));
  ASSERT_TRUE(WaitForLink("suspended", seconds(30)));
  const nlohmann::json suspended = Delivery();
  EXPECT_EQ(suspended.value("suspended_class", ""), "network");
  const auto since = suspended.value("suspended_since_ms", int64_t{0});
  EXPECT_GT(since, 0);
  EXPECT_GT(SourceOutbox("SELECT failing_since_ms FROM flow"), 0);
  EXPECT_NE(source_site_->Ctl({"status"}).output.find("suspended (network)"), std::string::npos);

  // The suspension, and since when it has been, outlive the process.
  ASSERT_OK(source_site_->Kill("shipper"));
  ASSERT_TRUE(WaitForLink("suspended", seconds(30)));
  EXPECT_EQ(Delivery().value("suspended_since_ms", int64_t{0}), since);

  const CommandResult list = source_site_->Ctl({"delivery", "list", "--output", "json", "--status", "sealed",
                                                "--status", "pending", "--status", "retry"});
  EXPECT_EQ(list.exit_code, 0) << list.errors;
  EXPECT_GE(nlohmann::json::parse(list.output)["deliveries"].size(), 1u) << list.output;

  relay_->Heal();
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ASSERT_TRUE(WaitForLink("streaming", seconds(30)));
  EXPECT_EQ(Delivery().value("suspended_class", "?"), "");
  EXPECT_EQ(SourceOutbox("SELECT suspended_at_ms + failing_since_ms FROM flow"), 0);
  const auto last = SourceOutbox("SELECT MAX(sequence) FROM wagon");
  const CommandResult show = source_site_->Ctl({"delivery", "show", "e2e/" + std::to_string(last)});
  EXPECT_EQ(show.exit_code, 0) << show.errors;
  EXPECT_NE(show.output.find("accepted"), std::string::npos) << show.output;
  EXPECT_EQ(source_site_->Ctl({"delivery", "retry", "e2e", "--all"}).exit_code, 0);
  EXPECT_EQ(source_site_->Ctl({"delivery", "retry", "e2e", "4711"}).exit_code, 1);
  EXPECT_EQ(source_site_->Ctl({"delivery", "list", "--status", "lost"}).exit_code, 1);
  EXPECT_EQ(source_site_->Ctl({"delivery", "retry", "e2e"}).exit_code, 2);
}

TEST_F(PatientDelivery, AWagonThatTheTargetCannotApplyIsCountedShownAndTriedAgainWhenAsked) {
  ASSERT_NO_FATAL_FAILURE(StartSites({{"retry_backoff_policy", "[1]"}}));
  ASSERT_OK(source_->Execute({"CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)"}));
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ASSERT_OK(target_->Execute({"INSERT INTO app.t VALUES (7)"}));
  ASSERT_OK(source_->Execute({"INSERT INTO app.t VALUES (7)"}));
  ASSERT_TRUE(Eventually(seconds(30), [&] {
    return SourceOutbox(
               "SELECT COUNT(*) FROM dead_letter WHERE error_class = 'functional' AND resolved_at_ms = 0") ==
           1;
  })) << source_site_->Ctl({"delivery", "list"}).output;
  EXPECT_EQ(Delivery().value("dead_letters", 0), 1);
  const CommandResult retry =
      source_site_->Ctl({"delivery", "retry", "e2e", "--all", "--reason", "row removed"});
  EXPECT_EQ(retry.exit_code, 0) << retry.errors;
  EXPECT_EQ(
      SourceOutbox("SELECT COUNT(*) FROM audit WHERE action = 'delivery.retry' AND reason = 'row removed'"),
      1);
  ASSERT_OK(target_->Execute({"DELETE FROM app.t WHERE id = 7"}));
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  EXPECT_TRUE(Eventually(seconds(20), [&] { return Delivery().value("dead_letters", 1) == 0; }));
}

}  // namespace
}  // namespace srdf::test
