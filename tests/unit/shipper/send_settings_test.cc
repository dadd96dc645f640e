#include "shipper/send_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/store/store_fixture.h"

namespace srdf::shipper {
namespace {

using store::kFlow;
using store::Must;
using ::testing::HasSubstr;

class SendSettingsTest : public ::testing::Test {
 protected:
  SendSettingsTest() {
    config_.name = kFlow;
    config_.max_bytes_per_second = 1 << 20;
    Restart();
  }
  void Restart() {
    settings_.reset();
    outbox_.reset();
    outbox_ = Must(store::Outbox::Open(directory_ / "outbox.db"));
    settings_ = std::make_unique<SendSettings>(config_, outbox_.get(), &gate_);
    EXPECT_TRUE(settings_->Load().ok());
  }
  FlowSendSettings at_gate() const { return gate_.settings(kFlow); }

  store::TemporaryDirectory directory_;
  config::FlowConfig config_;
  SendGate gate_{0};
  std::unique_ptr<store::Outbox> outbox_;
  std::unique_ptr<SendSettings> settings_;
};

TEST_F(SendSettingsTest, WithoutAWordTheConfigurationHolds) {
  EXPECT_EQ(at_gate().max_bytes_per_second, 1u << 20);
  EXPECT_EQ(at_gate().priority, 5);
  EXPECT_FALSE(settings_->Get()[0].set.has_value());
}

TEST_F(SendSettingsTest, WhatIsSetHoldsAtOnceAndOverARestartUntilItIsDefault) {
  ASSERT_TRUE(settings_->Set({{"max_bytes_per_second", "64KiB"}, {"priority", "7"}}, "alice").ok());
  EXPECT_EQ(at_gate().max_bytes_per_second, 64u << 10);
  Restart();
  EXPECT_EQ(at_gate().max_bytes_per_second, 64u << 10);
  EXPECT_EQ(at_gate().priority, 7);
  ASSERT_TRUE(settings_->Set({{"max_bytes_per_second", "default"}}, "alice").ok());
  EXPECT_EQ(at_gate().max_bytes_per_second, 1u << 20);
  Restart();
  EXPECT_EQ(at_gate().max_bytes_per_second, 1u << 20);
  EXPECT_EQ(at_gate().priority, 7);
}

TEST_F(SendSettingsTest, AnUnlimitedFlowIsNotTheSameAsAConfiguredOne) {
  ASSERT_TRUE(settings_->Set({{"max_bytes_per_second", "0"}}, "alice").ok());
  Restart();
  EXPECT_EQ(at_gate().max_bytes_per_second, 0u);
  EXPECT_TRUE(settings_->Get()[0].set.has_value());
}

TEST_F(SendSettingsTest, EveryChangeIsAuditedWithWhoAndWhat) {
  ASSERT_TRUE(settings_->Set({{"max_bytes_per_second", "64KiB"}, {"priority", "0"}}, "alice").ok());
  const auto audit = Must(outbox_->ListAudit(kFlow, 0, 10));
  ASSERT_EQ(audit.size(), 1u);
  EXPECT_EQ(audit[0].actor, "alice");
  EXPECT_EQ(audit[0].action, "flow.set");
  EXPECT_EQ(audit[0].detail, "max_bytes_per_second 1MiB (configured) -> 64KiB, priority 5 (configured) -> 0");
}

TEST_F(SendSettingsTest, OneWrongSettingChangesNothing) {
  const Status status = settings_->Set({{"max_bytes_per_second", "64KiB"}, {"priority", "10"}}, "alice");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("priority: \"10\" is out of bounds"));
  EXPECT_EQ(at_gate().max_bytes_per_second, 1u << 20);
  EXPECT_TRUE(Must(outbox_->ListAudit(kFlow, 0, 10)).empty());
  EXPECT_EQ(settings_->Set({}, "alice").code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace srdf::shipper
