#include "srdfctl/launch.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace srdf::ctl {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

const ServiceNames kAll(config::kServiceNames.begin(), config::kServiceNames.end());

class Launch : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "srdf-launch-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void AddProgram(const std::string& name) {
    std::ofstream(directory_ + "/" + name) << "#!/bin/sh\n";
    ASSERT_EQ(::chmod((directory_ + "/" + name).c_str(), 0755), 0);
  }

  std::string directory_;
};

// A listener on a port that the kernel chose.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_.get(), 1), 0);
    EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    text_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  const std::string& text() const { return text_; }

 private:
  UniqueFd fd_;
  std::string text_;
};

TEST_F(Launch, AMissingServiceIsNamed) {
  for (std::string_view name : config::kServiceNames) {
    if (name != "shipper") AddProgram("srdf-" + std::string(name));
  }
  auto found = FindServices(directory_, kAll);
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.status().message(), HasSubstr(directory_ + "/srdf-shipper"));
  EXPECT_EQ(found.status().message().find("srdf-capture"), std::string::npos);
  AddProgram("srdf-shipper");
  EXPECT_EQ(FindServices(directory_ + "/", kAll).value(), directory_);
}

TEST_F(Launch, ServicesAreStoppedInTheDirectionOfTheChanges) {
  config::Config config;
  config.path = "/etc/srdf/srdf.yaml";
  config.data_dir = "/var/lib/srdf";
  const auto processes = ServiceProcesses(config, "/usr/libexec/srdf", kAll);
  ASSERT_EQ(processes.size(), 6u);
  EXPECT_EQ(processes.front().name, "capture");
  EXPECT_EQ(processes.back().name, "orchestrator");
  EXPECT_THAT(processes[2].argv,
              ::testing::ElementsAre("/usr/libexec/srdf/srdf-shipper", "--config", "/etc/srdf/srdf.yaml",
                                     "--data-dir", "/var/lib/srdf"));
}

TEST_F(Launch, AListenerInUseIsNamedWithItsKey) {
  std::vector<std::string> free;
  {
    std::vector<Listener> listeners(12);
    for (const Listener& listener : listeners) free.push_back(listener.text());
  }
  config::Config config;
  size_t next = 0;
  for (std::string_view name : config::kServiceNames) {
    config.services[std::string(name)] = {free[next], free[next + 1]};
    next += 2;
  }
  EXPECT_EQ(CheckListenersFree(config, kAll, 0ms).ToString(), Status().ToString());
  const Listener taken;
  config.services["receiver"].metrics = taken.text();
  const Status status = CheckListenersFree(config, kAll, 0ms);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr(taken.text() + " (services.receiver.metrics)"));
  // The other site's listeners are no business of this one.
  EXPECT_EQ(CheckListenersFree(config, {"capture", "applier"}, 0ms).ToString(), Status().ToString());
}

TEST_F(Launch, AHostRunsTheServicesOfItsSite) {
  using ::testing::ElementsAre;
  EXPECT_EQ(ChooseServices("", "").value(), kAll);
  EXPECT_THAT(ChooseServices("", "source").value(),
              ElementsAre("capture", "batcher", "shipper", "orchestrator"));
  EXPECT_THAT(ChooseServices("", "target").value(), ElementsAre("receiver", "applier"));
  EXPECT_THAT(ChooseServices("applier,receiver,applier", "").value(), ElementsAre("receiver", "applier"));
}

TEST_F(Launch, WhatIsNoServiceIsNamed) {
  EXPECT_THAT(ChooseServices("capture,bather", "").status().message(), HasSubstr("no service \"bather\""));
  EXPECT_EQ(ChooseServices("capture,,batcher", "").status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(ChooseServices("", "middle").status().message(), HasSubstr("\"middle\" is no site"));
  EXPECT_EQ(ChooseServices("capture", "source").status().code(), StatusCode::kInvalidArgument);
}

TEST_F(Launch, AHostNeedsTheProgramsOfItsServicesOnly) {
  AddProgram("srdf-receiver");
  EXPECT_THAT(FindServices(directory_, {"receiver", "applier"}).status().message(),
              HasSubstr("srdf-applier"));
  AddProgram("srdf-applier");
  EXPECT_EQ(FindServices(directory_, {"receiver", "applier"}).value(), directory_);
}

}  // namespace
}  // namespace srdf::ctl
