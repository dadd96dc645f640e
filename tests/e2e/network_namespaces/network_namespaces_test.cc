// Two hosts with a real network between them, whose packets are lost: both ways, one way, now and then, again
// and again. The flow recovers by itself, in order, and the source never waits.
#include "support/network_namespaces.h"

#include <cstdlib>
#include <iostream>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;
using Host = NetworkNamespaces::Host;
using Inside = NetworkNamespaces::Inside;

class NetworkNamespacesTest : public MeshTest {
 protected:
  static seconds FaultTime(int otherwise) {
    const char* chosen = std::getenv("SRDF_NETWORK_SECONDS");
    return seconds(chosen == nullptr ? otherwise : std::max(1, std::atoi(chosen)));
  }

  void StartHosts() {
    {
      const Inside source(*hosts_, Host::kSource);
      MariaDbServerOptions options;
      options.server_id = 1;
      options.config = {"innodb_lock_wait_timeout=5"};
      auto server = MariaDbServer::Start(options);
      ASSERT_OK(server.status());
      source_ = std::move(server).value();
    }
    MeshOptions options;
    options.hosts = {{"source", NetworkNamespaces::AddressOf(Host::kSource)},
                     {"target", NetworkNamespaces::AddressOf(Host::kTarget)}};
    options.source = source_.get();
    {
      const Inside target(*hosts_, Host::kTarget);
      MariaDbServerOptions server_options;
      server_options.server_id = 2;
      server_options.config = {"log_bin_trust_function_creators=1"};
      auto server = MariaDbServer::Start(server_options);
      ASSERT_OK(server.status());
      target_ = std::move(server).value();
      options.target = target_.get();
      options.site = "target";
      auto mesh = Mesh::Create(options);
      ASSERT_OK(mesh.status());
      mesh_ = std::move(mesh).value();
      ASSERT_OK(mesh_->Up());
    }
    const Inside source(*hosts_, Host::kSource);
    options.site = "source";
    options.beside = mesh_.get();
    auto mesh = Mesh::Create(options);
    ASSERT_OK(mesh.status());
    source_site_ = std::move(mesh).value();
    ASSERT_OK(source_site_->Up());
  }

  // A row that is written now arrives; says how long it took.
  void ExpectArrival(const std::string& after) {
    const auto begin = Clock::now();
    const std::string id = std::to_string(++marks_);
    ASSERT_OK(source_->Execute({"INSERT INTO marks.mark (id) VALUES (" + id + ")"}));
    const bool arrived = Eventually(seconds(60), [&] {
      const auto there = target_->Value("SELECT COUNT(*) FROM marks.mark WHERE id = " + id);
      return there.ok() && *there == "1";
    });
    const double taken = std::chrono::duration<double>(Clock::now() - begin).count();
    std::cout << "after " << after << ": arrived in " << taken << " s" << std::endl;
    ASSERT_TRUE(arrived) << "after " << after << "\n" << StatusText();
  }
  std::string StatusText() {
    const Inside source(*hosts_, Host::kSource);
    return source_site_->Ctl({"status"}).output;
  }

  void TearDown() override {
    if (hosts_ == nullptr) return;
    EXPECT_TRUE(hosts_->Open().ok());
    source_site_.reset();
    MeshTest::TearDown();
  }

  std::unique_ptr<NetworkNamespaces> hosts_;
  std::unique_ptr<Mesh> source_site_;
  int marks_ = 0;
};

TEST_F(NetworkNamespacesTest, CutsLossAndFlappingBetweenTwoHostsMendThemselves) {
  auto hosts = NetworkNamespaces::Create();
  if (!hosts.ok()) GTEST_SKIP() << hosts.status().ToString();
  hosts_ = std::move(hosts).value();
  ASSERT_NO_FATAL_FAILURE(StartHosts());
  InitShop();
  ASSERT_OK(source_->Execute({"CREATE DATABASE marks", "CREATE TABLE marks.mark (id INT PRIMARY KEY)"}));
  ASSERT_NO_FATAL_FAILURE(ExpectArrival("the start"));

  BackgroundLoad load(Load(0, 30));
  const auto fault = [&](const std::string& name, seconds duration, const std::vector<Host>& drop_at) {
    for (const Host host : drop_at) ASSERT_OK(hosts_->Drop(host));
    std::this_thread::sleep_for(duration);
    ASSERT_OK(hosts_->Open());
    ExpectArrival(name);
  };
  ASSERT_NO_FATAL_FAILURE(fault("a cut both ways", FaultTime(15), {Host::kSource, Host::kTarget}));
  ASSERT_NO_FATAL_FAILURE(fault("a cut of the way to the target", FaultTime(5), {Host::kTarget}));
  ASSERT_NO_FATAL_FAILURE(fault("a cut of the way back", FaultTime(5), {Host::kSource}));

  ASSERT_OK(hosts_->Drop(Host::kSource, 5));
  ASSERT_OK(hosts_->Drop(Host::kTarget, 5));
  const auto lossy_until = Clock::now() + FaultTime(4);
  do {
    ASSERT_NO_FATAL_FAILURE(ExpectArrival("5 % of the packets lost, while they are"));
    std::this_thread::sleep_for(milliseconds(1000));
  } while (Clock::now() < lossy_until);
  ASSERT_OK(hosts_->Open());

  for (const auto until = Clock::now() + FaultTime(8); Clock::now() < until;) {
    ASSERT_OK(hosts_->Drop(Host::kTarget));
    ASSERT_OK(hosts_->Drop(Host::kSource));
    std::this_thread::sleep_for(seconds(1));
    ASSERT_OK(hosts_->Open());
    std::this_thread::sleep_for(seconds(1));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectArrival("flapping every second"));

  auto report = load.Stop();
  ASSERT_OK(report.status());
  // The shortest cut took five seconds.
  EXPECT_LT(report->slowest_commit_seconds, 5);
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  const CommandResult dead = source_site_->Sqlite("outbox.db", "SELECT COUNT(*) FROM dead_letter");
  EXPECT_EQ(dead.output, "0\n");
}

}  // namespace
}  // namespace srdf::test
