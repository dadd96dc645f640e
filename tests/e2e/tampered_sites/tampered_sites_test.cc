// Two sites, and somebody between shipper and receiver who changes what passes: the target is what the source
// is, and an operator sees afterwards what was done.
#include <iostream>
#include <set>

#include "component/tampered_line/tamperer.h"
#include "e2e/support/two_sites.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

class TamperedSites : public TwoSitesTest {
 protected:
  void StartSitesThroughTamperer() {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    MeshOptions options;
    options.source = source_.get();
    options.target = target_.get();
    options.site = "target";
    // Under TLS nobody on the line could tamper: these are checks of their own.
    options.lines = {"security: {mode: insecure}"};
    auto target_site = Mesh::Create(options);
    ASSERT_OK(target_site.status());
    mesh_ = std::move(target_site).value();

    const std::string receiver = "127.0.0.1:" + std::to_string(mesh_->grpc_port("receiver"));
    tamperer_ =
        std::make_unique<Tamperer>(grpc::CreateChannel(receiver, grpc::InsecureChannelCredentials()), seed());
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(tamperer_.get());
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);

    options.site = "source";
    options.beside = mesh_.get();
    options.addresses = {{"receiver", "127.0.0.1:" + std::to_string(port)}};
    auto source_site = Mesh::Create(options);
    ASSERT_OK(source_site.status());
    source_site_ = std::move(source_site).value();
    ASSERT_OK(mesh_->Up());
    ASSERT_OK(source_site_->Up());
  }
  void TearDown() override {
    TwoSitesTest::TearDown();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }

  std::unique_ptr<Tamperer> tamperer_;
  std::unique_ptr<grpc::Server> server_;
};

// TRAPS: duplicate, missing, reordered wagons; a torn one is found.
TEST_F(TamperedSites, WhateverIsDoneToTheLineTheTargetEqualsTheSource) {
  ASSERT_NO_FATAL_FAILURE(StartSitesThroughTamperer());
  InitShop();
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  tamperer_->SetRandom(6);
  BackgroundLoad load(Load(0, 60));
  std::this_thread::sleep_for(seconds(Seconds(8)));
  tamperer_->SetRandom(0);
  auto report = load.Stop();
  ASSERT_OK(report.status());
  EXPECT_GT(report->transactions, 0u);
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  ExpectNothingWasGivenUp();

  uint64_t faults = 0;
  for (const auto& [fault, times] : tamperer_->done()) {
    std::cout << FaultName(fault) << " " << times << ", ";
    faults += times;
  }
  EXPECT_GT(faults, 10u);
  std::set<std::string> reasons;
  const nlohmann::json flow = FlowStatus();
  for (const nlohmann::json& refusal : flow.at("inbox").at("refusals")) reasons.insert(refusal.at("reason"));
  std::cout << "refused as " << ::testing::PrintToString(reasons) << std::endl;
  EXPECT_GT(reasons.size(), 2u);
  const CommandResult refused = mesh_->Ctl({"wagon", "refused", "--limit", "5"});
  EXPECT_EQ(refused.exit_code, 0) << refused.errors;
  EXPECT_GT(SourceOutbox("SELECT COUNT(*) FROM delivery_attempt WHERE error_class = 'format'"), 0);
}

}  // namespace
}  // namespace srdf::test
