#include "config/live_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srdf::config {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const std::string& name, const std::string& value) {
  const auto change = ParseLiveChange(name, value);
  if (change.ok()) return "no error";
  EXPECT_EQ(change.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(change.status().remedy(), "");
  return change.status().message();
}

TEST(LiveSettings, ValuesAreWrittenAsInTheFile) {
  EXPECT_EQ(ParseLiveChange("max_bytes_per_second", "1MiB")->value, 1u << 20);
  EXPECT_EQ(ParseLiveChange("max_bytes_per_second", "0")->value, 0u);
  EXPECT_EQ(ParseLiveChange("priority", "9")->value, 9u);
  EXPECT_EQ(ParseLiveChange("priority", "default")->value, std::nullopt);
}

TEST(LiveSettings, WhatCannotBeSetIsNamed) {
  EXPECT_THAT(ErrorOf("colour", "1"), HasSubstr("there is no setting colour of a flow"));
  EXPECT_THAT(ErrorOf("batch_mode", "window"), HasSubstr("batch_mode cannot be changed live"));
  EXPECT_THAT(ErrorOf("priority", "10"), HasSubstr("out of bounds"));
  EXPECT_THAT(ErrorOf("priority", "-1"), HasSubstr("no value for it"));
  EXPECT_THAT(ErrorOf("max_bytes_per_second", "1MB"), HasSubstr("no value for it"));
}

// Somebody who writes 1 means something else.
TEST(LiveSettings, ALimitThatIsATypingErrorIsRefused) {
  EXPECT_THAT(ErrorOf("max_bytes_per_second", "1"), HasSubstr("less than a KiB per second"));
  EXPECT_EQ(ParseLiveChange("max_bytes_per_second", "1KiB")->value, 1024u);
}

TEST(LiveSettings, TheConfiguredValueIsThatOfTheFlow) {
  FlowConfig flow;
  flow.priority = 3;
  EXPECT_EQ(ConfiguredValue(flow, "priority"), 3u);
  EXPECT_EQ(LiveValueText("max_bytes_per_second", 1 << 20), "1MiB");
  EXPECT_EQ(LiveValueText("priority", 3), "3");
  EXPECT_THAT(LiveSettingNames(), ::testing::ElementsAre("max_bytes_per_second", "priority"));
}

}  // namespace
}  // namespace srdf::config
