#include "srdfctl/comparing.h"

#include <gtest/gtest.h>

namespace srdf::ctl {
namespace {

config::FlowConfig Flow(const std::string& name, const std::string& host, uint16_t port) {
  config::FlowConfig flow;
  flow.name = name;
  flow.target.host = host;
  flow.target.port = port;
  return flow;
}

TEST(Comparing, FlowsShareATargetWhenItIsTheSameServer) {
  config::Config config;
  config.flows = {Flow("shop", "db2", 3306), Flow("crm", "db2", 3307), Flow("wiki", "db3", 3306)};
  EXPECT_FALSE(SharesTarget(config, "shop"));
  config.flows.push_back(Flow("blog", "db2", 3306));
  EXPECT_TRUE(SharesTarget(config, "shop"));
  EXPECT_TRUE(SharesTarget(config, "blog"));
  EXPECT_FALSE(SharesTarget(config, "crm"));
}

}  // namespace
}  // namespace srdf::ctl
