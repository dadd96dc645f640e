#include "config/settings.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "config/values.h"

namespace srdf::config {
namespace {

template <typename Owner>
void ExpectSound(const std::vector<Setting<Owner>>& settings) {
  std::set<std::string_view> names;
  for (const Setting<Owner>& setting : settings) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name << " is in the table twice";
    ASSERT_FALSE(setting.sentence.empty()) << setting.name;
    EXPECT_EQ(setting.sentence.back(), '.') << setting.name;
    const bool is_number = setting.type == SettingType::kNumber || setting.type == SettingType::kSize ||
                           setting.type == SettingType::kNumbers;
    EXPECT_EQ(is_number, setting.max != 0) << setting.name;
    EXPECT_EQ(setting.type == SettingType::kChoice, !setting.choices.empty()) << setting.name;
    // The default must be a value that the file may have.
    const Owner defaults{};
    std::visit(
        [&](auto member) {
          const auto& value = defaults.*member;
          using Value = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<Value, std::string>) {
            if (!setting.choices.empty()) {
              EXPECT_TRUE(setting.choices.Has(value)) << setting.name;
            }
          } else if constexpr (std::is_integral_v<Value> && !std::is_same_v<Value, bool>) {
            if (setting.required) return;
            EXPECT_GE(static_cast<uint64_t>(value), setting.min) << setting.name;
            EXPECT_LE(static_cast<uint64_t>(value), setting.max) << setting.name;
          }
        },
        setting.member);
  }
}

TEST(Settings, EveryRowIsCompleteAndItsDefaultIsWithinItsBounds) {
  ExpectSound(MeshSettings());
  ExpectSound(ServiceSettings());
  ExpectSound(FlowSettings());
  ExpectSound(SourceSettings());
  ExpectSound(DatabaseSettings());
}

TEST(Settings, ThePageOfSettingsIsUpToDate) {
  std::ifstream in(SRDF_SOURCE_DIR "/docs/operations/settings.md");
  std::stringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), SettingsMarkdown())
      << "write it anew: srdfctl config settings > docs/operations/settings.md";
}

TEST(Settings, DefaultListenersHaveTheirPortsInServiceOrder) {
  EXPECT_EQ(DefaultServiceConfig("capture").listen, "127.0.0.1:7101");
  EXPECT_EQ(DefaultServiceConfig("orchestrator").listen, "127.0.0.1:7106");
  EXPECT_EQ(DefaultServiceConfig("capture").metrics, "127.0.0.1:9401");
  EXPECT_EQ(DefaultServiceConfig("orchestrator").metrics, "127.0.0.1:9406");
}

}  // namespace
}  // namespace srdf::config
