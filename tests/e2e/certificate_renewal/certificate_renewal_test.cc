// Certificates, authority and tokens are renewed while a load runs: no wagon fails, nothing is restarted for
// it.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kServices = {"capture",  "batcher", "shipper",
                                            "receiver", "applier", "orchestrator"};

std::string Text(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class CertificateRenewal : public MeshTest {
 protected:
  std::string Security(const std::string& file) const { return mesh_->data_dir() + "/security/" + file; }
  std::string Log(const std::string& service) const { return Text(mesh_->log_path(service)); }
  void Ctl(const std::vector<std::string>& arguments) const {
    const CommandResult result = mesh_->Ctl(arguments);
    ASSERT_EQ(result.exit_code, 0) << result.output << result.errors;
  }
  size_t Loaded(const std::string& service) const {
    const std::string log = Log(service);
    size_t count = 0;
    for (size_t at = log.find("certificate_loaded"); at != std::string::npos;
         at = log.find("certificate_loaded", at + 1))
      ++count;
    return count;
  }
  // Runs `cert dev …`, and waits until every service says that it has the new certificate.
  void Renew(const std::string& how) {
    std::map<std::string, size_t> before;
    for (const std::string& service : kServices) before[service] = Loaded(service);
    ASSERT_NO_FATAL_FAILURE(Ctl({"cert", "dev", how}));
    for (const std::string& service : kServices) {
      EXPECT_TRUE(Eventually(seconds(20), [&] { return Loaded(service) > before[service]; })) << service;
    }
  }
  // Ends connections for good: those that came up again were made with the files of now.
  void Reconnect() {
    ASSERT_OK(mesh_->Kill("receiver"));
    ASSERT_OK(mesh_->Kill("batcher"));
  }
};

TEST_F(CertificateRenewal, UnderLoadNoWagonFails) {
  ASSERT_NO_FATAL_FAILURE(StartServers());
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(InitShop());
  BackgroundLoad load(Load(Seconds(20), 100));

  const std::string token = Text(Security("tokens/e2e.token")).substr(0, 64);
  ASSERT_EQ(token.size(), 64u);
  ASSERT_NO_FATAL_FAILURE(Renew("--renew"));
  ASSERT_NO_FATAL_FAILURE(Ctl({"cert", "dev", "--rotate-tokens"}));
  ASSERT_NO_FATAL_FAILURE(Reconnect());
  // The old token is worth nothing from the second rotation on, the old certificates from here on.
  ASSERT_NO_FATAL_FAILURE(Ctl({"cert", "dev", "--rotate-tokens"}));
  EXPECT_THAT(Text(Security("tokens/e2e.token")), Not(HasSubstr(token)));
  ASSERT_NO_FATAL_FAILURE(Renew("--new-authority"));
  ASSERT_NO_FATAL_FAILURE(Ctl({"cert", "dev", "--drop-old-authorities"}));
  ASSERT_NO_FATAL_FAILURE(Reconnect());

  EXPECT_TRUE(load.running()) << "the load was to outlast the renewals";
  ASSERT_OK(load.Stop().status());
  ExpectEqual(seconds(60));
  ExpectState("running");
  EXPECT_EQ(Problems(), "");
  EXPECT_EQ(OutboxNumber("SELECT COUNT(*) FROM delivery WHERE status IN ('failed', 'dead_letter')"), 0);
  EXPECT_EQ(OutboxNumber("SELECT COUNT(*) FROM dead_letter"), 0);
  for (const std::string& service : kServices) {
    EXPECT_THAT(Log(service), Not(HasSubstr("call_refused"))) << service;
    EXPECT_THAT(Log(service), Not(HasSubstr(token))) << service;
    EXPECT_EQ(mesh_->Starts(service), service == "receiver" || service == "batcher" ? 3 : 1) << service;
  }
}

TEST_F(CertificateRenewal, WhoCannotReadTheOperatorsKeyMayLookAndNotSteer) {
  ASSERT_NO_FATAL_FAILURE(StartServers());
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(InitShop());
  fs::remove(Security("operator.key"));
  ExpectState("running");
  const CommandResult refused = mesh_->Ctl({"flow", "pause", "e2e"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.errors, HasSubstr("srdf://test/role/viewer may not call"));
  EXPECT_THAT(refused.errors, HasSubstr("it is for: operator"));
  EXPECT_THAT(Log("shipper"), HasSubstr("call_refused"));
  EXPECT_EQ(mesh_->Ctl({"cert", "check"}).exit_code, 1);

  fs::remove(Security("viewer.key"));
  const CommandResult nobody = mesh_->Ctl({"flow", "pause", "e2e"});
  EXPECT_THAT(nobody.errors, HasSubstr(Security("operator.key")));
  EXPECT_THAT(nobody.errors, HasSubstr("srdfctl cert dev"));
  ASSERT_NO_FATAL_FAILURE(Ctl({"cert", "dev"}));
  ASSERT_NO_FATAL_FAILURE(Ctl({"cert", "check"}));
  ASSERT_NO_FATAL_FAILURE(Ctl({"flow", "pause", "e2e"}));
}

}  // namespace
}  // namespace srdf::test
