// What gRPC's certificate distributor does to connections that begin together, or while another one ends, and
// that CertificateSource keeps it from doing so. Each test fails with a bare FileWatcherCertificateProvider.
#include "rpc/certificate_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <latch>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "component/mutual_tls/grpc_hold.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "pki/development.h"
#include "rpc/channel.h"
#include "rpc/security.h"
#include "rpc/server.h"
#include "rpc/status_map.h"

namespace srdf::rpc {
namespace {

using std::chrono::seconds;

constexpr int kChannels = 6;
constexpr seconds kPatience{10};

class CertificateSourceTest : public ::testing::Test {
 protected:
  CertificateSourceTest() {
    std::string dir = "/tmp/srdf-certificate-source-XXXXXX";
    config_.security_dir = mkdtemp(dir.data());
    config_.mesh = "test";
    pki::DevelopmentOptions options;
    options.dir = config_.security_dir;
    options.mesh = config_.mesh;
    options.now_ms = WallClockMs();
    EXPECT_TRUE(pki::MakeDevelopmentFiles(options).ok());
    receiver_ = Open("receiver");
    server_ = std::make_unique<Server>("127.0.0.1:0", receiver_->ForServer(nullptr));
    EXPECT_TRUE(server_->Start().ok());
  }
  ~CertificateSourceTest() override {
    server_.reset();
    std::filesystem::remove_all(config_.security_dir);
  }

  std::unique_ptr<Security> Open(const std::string& name) const {
    auto security = Security::Open(config_, name);
    EXPECT_TRUE(security.ok()) << security.status().ToString();
    return std::move(*security);
  }
  std::shared_ptr<grpc::Channel> ChannelOf(const Security& security) const {
    return NewChannel("127.0.0.1:" + std::to_string(server_->port()), security.ChannelTo("receiver"));
  }
  // A call that does not wait for a connection that fails at first.
  static Status Ask(const std::shared_ptr<grpc::Channel>& channel) {
    const auto stub = grpc::health::v1::Health::NewStub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    grpc::health::v1::HealthCheckResponse response;
    return FromGrpc(stub->Check(&context, {}, &response));
  }
  // All at once, each in a thread and with a channel of its own.
  std::vector<std::future<Status>> AskTogether(const Security& security) const {
    std::vector<std::future<Status>> calls;
    const auto go = std::make_shared<std::latch>(kChannels);
    for (int i = 0; i < kChannels; ++i) {
      calls.push_back(std::async(std::launch::async, [go, channel = ChannelOf(security)] {
        go->arrive_and_wait();
        return Ask(channel);
      }));
    }
    return calls;
  }

  config::Config config_;
  std::unique_ptr<Security> receiver_;
  std::unique_ptr<Server> server_;
};

// The first one: a connection of an earlier test that still ends could be held instead.
TEST_F(CertificateSourceTest, AConnectionThatBeginsWhileTheLastOneEndsIsNotWithoutACertificateForGood) {
  const auto client = Open("operator");
  auto last = ChannelOf(*client);
  ASSERT_TRUE(Ask(last).ok());
  std::jthread end;
  std::shared_ptr<grpc::Channel> next;
  {
    const GrpcHold hold(GrpcHold::kWatcherGoes);
    end = std::jthread([last = std::move(last)]() mutable { last.reset(); });
    ASSERT_TRUE(hold.WaitUntilHeld(kPatience)) << "gRPC has changed: look at its certificate distributor";
    next = ChannelOf(*client);
    const Status status = Ask(next);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  end.join();
  const Status status = Ask(next);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(Ask(ChannelOf(*client)).ok()) << "all that follow share the fate";
}

TEST_F(CertificateSourceTest, ConnectionsThatOvertakeTheFirstOneHaveTheirCertificate) {
  const auto client = Open("operator");
  std::vector<std::future<Status>> calls;
  {
    const GrpcHold hold(GrpcHold::kWatcherComes);
    calls = AskTogether(*client);
    ASSERT_TRUE(hold.WaitUntilHeld(kPatience)) << "gRPC has changed: look at its certificate distributor";
    // All but the one that is held.
    int done = 0;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (done < kChannels - 1 && std::chrono::steady_clock::now() < deadline) {
      done = 0;
      for (const auto& call : calls)
        done += call.wait_for(std::chrono::milliseconds(5)) == std::future_status::ready;
    }
    EXPECT_EQ(done, kChannels - 1);
  }
  for (auto& call : calls) {
    const Status status = call.get();
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
}

TEST_F(CertificateSourceTest, SixChannelsOfANewProcessAllConnectTimeAndAgain) {
  for (int round = 0; round < 30; ++round) {
    const auto client = Open("operator");
    for (auto& call : AskTogether(*client)) {
      const Status status = call.get();
      ASSERT_TRUE(status.ok()) << "round " << round << ": " << status.ToString();
    }
  }
}

}  // namespace
}  // namespace srdf::rpc
