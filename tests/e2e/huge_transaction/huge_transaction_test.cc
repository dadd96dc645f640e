// One transaction larger than any window: memory stays bounded everywhere, and it stays one transaction.
#include <iostream>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

constexpr double kRssMaxMiB = 256;

class HugeTransaction : public MeshTest {};

TEST_F(HugeTransaction, Of300MegabytesPassesWithBoundedMemory) {
  ASSERT_NO_FATAL_FAILURE(StartServers());
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(InitShop());
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());

  const auto report = loadgen::RunHugeTransaction(Load(0, 0), 300);
  ASSERT_OK(report.status());
  std::cout << "load: " << report->ToJson() << std::endl;
  ASSERT_NO_FATAL_FAILURE(ExpectEqual(std::chrono::seconds(200)));

  EXPECT_EQ(OutboxNumber("SELECT MAX(source_bytes) > 300000000 FROM wagon WHERE transactions = 1"), 1)
      << "it was split, or never came by";
  for (const std::string& service : kServices) {
    std::cout << service << " " << static_cast<int>(mesh_->RssMaxMiB(service) + 0.5) << " MiB at most"
              << std::endl;
    EXPECT_GT(mesh_->RssMaxMiB(service), 0) << service;
    EXPECT_LT(mesh_->RssMaxMiB(service), kRssMaxMiB) << service;
    EXPECT_EQ(mesh_->Starts(service), 1) << service << " ended on the way";
  }
}

}  // namespace
}  // namespace srdf::test
