#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/config.h"

namespace srdf::config {
namespace {

using ::testing::HasSubstr;

constexpr const char* kFlow = R"(flows:
  - name: shop
    source: {host: a, server_id: 900001, password_env: P}
    target: {host: b, password_file: target.password}
)";

class Loader : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "srdf-config-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Result<Config> Load(const std::string& text) {
    const std::string path = directory_ + "/srdf.yaml";
    std::ofstream(path) << text;
    return LoadConfig(path);
  }
  // The message of the error that `text` must have.
  std::string ErrorOf(const std::string& text) {
    auto config = Load(text);
    if (config.ok()) return "no error";
    EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(config.status().remedy(), "");
    return config.status().message();
  }
  // The error of a flow with one more line.
  std::string ErrorOfFlowLine(const std::string& line) {
    return ErrorOf(std::string(kFlow) + "    " + line + "\n");
  }

  std::string directory_;
};

TEST_F(Loader, TheExampleLoads) {
  auto config = LoadConfig(SRDF_SOURCE_DIR "/deploy/examples/srdf.yaml");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->mesh, "shop-dr");
  ASSERT_EQ(config->flows.size(), 1u);
  EXPECT_EQ(config->flows[0].source_server_id, 900001u);
  EXPECT_EQ(config->services.at("receiver").listen, "127.0.0.1:7104");
}

// What the example shows in comments as defaults must be values that can be given.
TEST_F(Loader, TheExampleLoadsWithItsCommentedSettings) {
  std::ifstream in(SRDF_SOURCE_DIR "/deploy/examples/srdf.yaml");
  std::string text;
  for (std::string line; std::getline(in, line);) {
    const size_t at = line.find("# ");
    const std::string comment = at == std::string::npos ? "" : line.substr(at + 2);
    const size_t colon = comment.find(": ");
    const std::string key = colon == std::string::npos ? "" : comment.substr(0, colon);
    const bool is_setting = line.find_first_not_of(' ') == at && key.find('_') != std::string::npos &&
                            key.find(' ') == std::string::npos;
    text += (is_setting ? std::string(at, ' ') + comment : line) + "\n";
  }
  auto config = Load(text);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_THAT(text, HasSubstr("\n    batch_max_bytes: 32MiB\n"));
  const FlowConfig defaults;
  EXPECT_EQ(config->flows[0].batch_max_bytes, defaults.batch_max_bytes);
  EXPECT_EQ(config->flows[0].outbox_max_bytes, defaults.outbox_max_bytes);
  EXPECT_EQ(config->flows[0].retry_backoff_policy, defaults.retry_backoff_policy);
}

TEST_F(Loader, AShortFileGetsDefaultsAndAbsolutePaths) {
  auto config = Load(kFlow);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->path, directory_ + "/srdf.yaml");
  EXPECT_EQ(config->data_dir, directory_ + "/srdf-data");
  EXPECT_EQ(config->services.size(), 6u);
  EXPECT_EQ(config->services.at("shipper").metrics, "127.0.0.1:9403");
  const FlowConfig* flow = config->FindFlow("shop");
  ASSERT_NE(flow, nullptr);
  EXPECT_EQ(flow->target.password_file, directory_ + "/target.password");
  EXPECT_EQ(flow->source.password_file, "");
  EXPECT_EQ(flow->source.user, "srdf");
  EXPECT_EQ(config->FindFlow("other"), nullptr);
}

TEST_F(Loader, EveryFlowSettingIsRead) {
  auto config = Load(std::string(kFlow) + R"(    before_image: full
    batch_mode: window
    batch_max_events: 5
    batch_max_bytes: 1MiB
    batch_max_age_seconds: 7
    compaction_enabled: false
    adaptive_wagons_in_flight: 3
    compression_enabled: false
    compression_codec: gzip
    compression_level: 9
    encryption_enabled: false
    retry_max_attempts: 4
    retry_backoff_policy: [1, 2]
    ack_timeout_seconds: 8
    purge_after_days: 0
    outbox_max_bytes: 1GiB
    inbox_max_bytes: 2GiB
)");
  ASSERT_TRUE(config.ok()) << config.status().message();
  const FlowConfig& flow = config->flows[0];
  EXPECT_EQ(flow.before_image, "full");
  EXPECT_EQ(flow.batch_mode, "window");
  EXPECT_EQ(flow.batch_max_events, 5u);
  EXPECT_EQ(flow.batch_max_bytes, 1u << 20);
  EXPECT_EQ(flow.batch_max_age_seconds, 7u);
  EXPECT_FALSE(flow.compaction_enabled);
  EXPECT_EQ(flow.adaptive_wagons_in_flight, 3u);
  EXPECT_FALSE(flow.compression_enabled);
  EXPECT_EQ(flow.compression_codec, "gzip");
  EXPECT_EQ(flow.compression_level, 9);
  EXPECT_EQ(flow.retry_max_attempts, 4u);
  EXPECT_EQ(flow.retry_backoff_policy, (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(flow.ack_timeout_seconds, 8u);
  EXPECT_EQ(flow.purge_after_days, 0u);
  EXPECT_EQ(flow.outbox_max_bytes, 1ull << 30);
  EXPECT_EQ(flow.inbox_max_bytes, 2ull << 30);
}

TEST_F(Loader, AnErrorNamesFileLineKeyValueAndRemedy) {
  EXPECT_EQ(ErrorOfFlowLine("batch_max_bytes: 12parsecs"),
            directory_ +
                "/srdf.yaml:5: flows[shop].batch_max_bytes: \"12parsecs\" is not a size (remedy: write a "
                "size between 64KiB and 4GiB, such as 1048576, 64MiB or 20GiB)");
}

TEST_F(Loader, AllErrorsComeAtOnceInTheOrderOfTheFile) {
  const std::string error = ErrorOf(R"(mesh: "no name"
log: {level: loud}
colour: red
flows:
  - name: shop
    source: {host: a}
    target: {host: b, port: 70000}
    batch_max_events: 0
)");
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 5) << error;
  size_t at = 0;
  for (const char* part :
       {":1: mesh:", ":2: log.level: \"loud\"", ":3: colour:", "flows[shop].source.server_id",
        ":7: flows[shop].target.port: \"70000\" is out of bounds", ":8: flows[shop].batch_max_events"}) {
    const size_t found = error.find(part, at);
    ASSERT_NE(found, std::string::npos) << part << "\n" << error;
    at = found;
  }
}

TEST_F(Loader, AnUnknownKeyNamesTheNearestOne) {
  EXPECT_THAT(ErrorOfFlowLine("batch_max_event: 7"), HasSubstr("did you mean `batch_max_events`?"));
  EXPECT_THAT(ErrorOf(std::string(kFlow) + "services: {captor: {listen: 127.0.0.1:1}}"),
              HasSubstr("services.captor: is not a setting"));
}

TEST_F(Loader, AKeyGivenTwiceIsAnError) {
  EXPECT_THAT(ErrorOf(std::string("mesh: a\nmesh: b\n") + kFlow),
              HasSubstr(":2: mesh: is given twice, first on line 1"));
  EXPECT_THAT(ErrorOfFlowLine("batch_mode: window\n    batch_mode: window"),
              HasSubstr(":6: flows[shop].batch_mode"));
}

TEST_F(Loader, WrongTypesAreErrors) {
  EXPECT_THAT(ErrorOfFlowLine("compaction_enabled: yes"), HasSubstr("\"yes\" is neither true nor false"));
  EXPECT_THAT(ErrorOfFlowLine("batch_max_age_seconds: 5m"), HasSubstr("write a whole number of seconds"));
  EXPECT_THAT(ErrorOfFlowLine("retry_backoff_policy: 10"), HasSubstr("is not a list of numbers"));
  EXPECT_THAT(ErrorOfFlowLine("retry_backoff_policy: [10, x]"), HasSubstr("retry_backoff_policy[1]: \"x\""));
  EXPECT_THAT(ErrorOfFlowLine("batch_mode: [window]"), HasSubstr("is a list or a section"));
  EXPECT_THAT(ErrorOfFlowLine("batch_mode:"), HasSubstr("has no value"));
  EXPECT_THAT(ErrorOf(std::string(kFlow) + "log: info"), HasSubstr("log: is not a section of keys"));
  EXPECT_THAT(ErrorOf("flows: {name: shop}"), HasSubstr("flows: is not a list"));
  EXPECT_THAT(ErrorOf("flows: [shop]"), HasSubstr("flows[0]: is not a section of keys"));
}

TEST_F(Loader, WhatIsRequiredIsNamed) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("flows: has no flow"));
  EXPECT_THAT(ErrorOf("flows: []"), HasSubstr("flows: has no flow"));
  const std::string error = ErrorOf("flows:\n  - batch_mode: window\n");
  EXPECT_THAT(error, HasSubstr(":2: flows[0].name: is required"));
  EXPECT_THAT(error, HasSubstr("flows[0].source: is required"));
  EXPECT_THAT(error, HasSubstr("flows[0].target: is required"));
}

TEST_F(Loader, APasswordInTheFileIsAnError) {
  const std::string error = ErrorOf(
      "flows:\n  - name: shop\n    source: {host: a, server_id: 1, password: hunter2}\n    target: {host: "
      "b}\n");
  EXPECT_THAT(error, HasSubstr("flows[shop].source.password: a password does not belong in this file"));
  EXPECT_THAT(error, HasSubstr("password_file"));
  EXPECT_EQ(error.find("hunter2"), std::string::npos) << "the error repeats the password";
}

TEST_F(Loader, TwoWaysToAPasswordAreAnError) {
  EXPECT_THAT(
      ErrorOf(
          "flows:\n  - name: shop\n    source: {host: a, server_id: 1, password_file: f, password_env: E}\n"
          "    target: {host: b}\n"),
      HasSubstr("source.password_env: is given besides password_file"));
}

TEST_F(Loader, FlowsAreEncryptedUnlessTheySayOtherwise) {
  auto config = Load(kFlow);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_TRUE(config->flows[0].encryption_enabled);
  EXPECT_TRUE(EncryptsAnyFlow(*config));
  EXPECT_EQ(KeyRingFile(*config), config->data_dir + "/security/keys");
  config = Load(std::string(kFlow) + "    encryption_enabled: false\n");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_FALSE(EncryptsAnyFlow(*config));
}

TEST_F(Loader, AKeyRingIsAFileBesideTheConfigurationOrAVariable) {
  auto config = Load(std::string("key_ring_file: keys/ring\n") + kFlow);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(KeyRingFile(*config), directory_ + "/keys/ring");
  EXPECT_THAT(ErrorOf(std::string("key_ring_file: ring\nkey_ring_env: RING\n") + kFlow),
              HasSubstr("key_ring_env: is given besides key_ring_file"));
}

TEST_F(Loader, FlowsNeedTheirOwnNamesAndServerIds) {
  const std::string error =
      ErrorOf(std::string(kFlow) +
              "  - name: shop\n    source: {host: c, server_id: 900001}\n    target: {host: d}\n");
  EXPECT_THAT(error, HasSubstr(":5: flows[shop].name: another flow has this name"));
  EXPECT_THAT(error, HasSubstr("flows[shop].source.server_id: \"900001\" is used by flow shop as well"));
}

TEST_F(Loader, SeveralFlowsAreAllowed) {
  auto config = Load(std::string(kFlow) +
                     "  - name: erp\n    source: {host: c, server_id: 2}\n    target: {host: d}\n");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->flows.size(), 2u);
}

TEST_F(Loader, AFlowIntoItsOwnSourceIsAnError) {
  EXPECT_THAT(ErrorOf("flows:\n  - name: shop\n    source: {host: a, server_id: 1}\n    target: {host: a}\n"),
              HasSubstr("flows[shop].target: is the same server as the source"));
}

TEST_F(Loader, AlternatesOfASourceAreServersWithItsAccount) {
  const auto flow = [](const std::string& alternates) {
    return "flows:\n  - name: shop\n    source: {host: a, server_id: 1, user: u, alternates: \"" +
           alternates + "\"}\n    target: {host: z}\n";
  };
  const auto config = Load(flow("b:3307, [::1]:3306"));
  ASSERT_TRUE(config.ok()) << config.status().message();
  const auto servers = SourceAlternates(config->flows[0]);
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers[0].host, "b");
  EXPECT_EQ(servers[0].port, 3307);
  EXPECT_EQ(servers[0].user, "u");
  EXPECT_EQ(servers[1].host, "::1");
  EXPECT_THAT(ErrorOf(flow("b:3307, c")), HasSubstr("flows[shop].source.alternates: \"c\": has no port"));
  EXPECT_THAT(ErrorOf(flow("a:3306")), HasSubstr("flows[shop].source.alternates: names the source itself"));
  EXPECT_THAT(ErrorOf(flow("z:3306")), HasSubstr("flows[shop].source.alternates: names the target"));
}

TEST_F(Loader, PortsMustBePortsAndMustNotCollide) {
  EXPECT_THAT(
      ErrorOf(std::string(kFlow) + "services: {capture: {listen: 127.0.0.1:99999}}"),
      HasSubstr("services.capture.listen: \"127.0.0.1:99999\" has a port that is not between 1 and 65535"));
  const std::string error = ErrorOf(std::string(kFlow) + "services:\n  shipper: {metrics: 127.0.0.1:7101}\n");
  EXPECT_THAT(error, HasSubstr(":6: services.shipper.metrics: \"127.0.0.1:7101\" collides with "
                               "services.capture.listen \"127.0.0.1:7101\""));
}

TEST_F(Loader, ServicesSpeakMutualTlsUnlessTheFileSaysInsecure) {
  const auto plain = Load(kFlow);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->security_mode, "mtls");
  EXPECT_EQ(plain->security_dir, plain->data_dir + "/security");
  EXPECT_EQ(plain->flows[0].token_file, plain->security_dir + "/tokens/" + plain->flows[0].name + ".token");
  // Beyond this host, too: it is encrypted.
  EXPECT_TRUE(Load(std::string(kFlow) + "services: {receiver: {listen: \"0.0.0.0:7104\"}}\n").ok());

  const auto insecure = Load(std::string(kFlow) + "security: {mode: insecure, dir: certs}\n");
  ASSERT_TRUE(insecure.ok());
  EXPECT_EQ(insecure->security_mode, "insecure");
  EXPECT_EQ(insecure->security_dir.front(), '/');
  EXPECT_FALSE(insecure->security_dir_is_default);
  EXPECT_THAT(ErrorOf(std::string(kFlow) + "security: {mode: tls}\n"), HasSubstr("security.mode"));
}

TEST_F(Loader, TheKeyForPlaintextOfBeforeNamesTheNewOne) {
  EXPECT_THAT(ErrorOf(std::string(kFlow) + "allow_plaintext_network: true\n"),
              AllOf(HasSubstr("allow_plaintext_network"), HasSubstr("security: {mode: insecure}")));
}

TEST_F(Loader, ATokenComesFromOnePlace) {
  EXPECT_THAT(ErrorOfFlowLine("token_file: a\n    token_env: B"), HasSubstr("token_env: is given besides"));
}

TEST_F(Loader, ALimitOfAFewBytesPerSecondIsATypingError) {
  EXPECT_THAT(ErrorOfFlowLine("max_bytes_per_second: 5"),
              HasSubstr("flows[shop].max_bytes_per_second: \"5\" is less than a KiB per second"));
  EXPECT_THAT(ErrorOf(std::string(kFlow) + "max_bytes_per_second: 1023\n"),
              HasSubstr("max_bytes_per_second: \"1023\" is less than"));
  auto config = Load(std::string(kFlow) + "    max_bytes_per_second: 64KiB\n    priority: 0\n" +
                     "max_bytes_per_second: 1MiB\n");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->max_bytes_per_second, 1u << 20);
  EXPECT_EQ(config->flows[0].max_bytes_per_second, 64u << 10);
  EXPECT_EQ(config->flows[0].priority, 0u);
}

TEST_F(Loader, GzipEndsAtLevelNine) {
  EXPECT_THAT(ErrorOfFlowLine("compression_codec: gzip\n    compression_level: 12"),
              HasSubstr("more than gzip has"));
  EXPECT_TRUE(Load(std::string(kFlow) + "    compression_level: 12\n").ok());
}

TEST_F(Loader, BrokenYamlNamesTheLine) {
  EXPECT_THAT(ErrorOf("mesh: a\nlog: {level: info\nflows: [\n"), HasSubstr("srdf.yaml:"));
  EXPECT_THAT(ErrorOf(std::string(kFlow) + "---\nmesh: b\n"), HasSubstr("more than one YAML document"));
  EXPECT_THAT(ErrorOf("[1, 2]: x\n" + std::string(kFlow)), HasSubstr("has a key that is not a word"));
  EXPECT_THAT(ErrorOf("just text"), HasSubstr("is not a section of keys"));
}

TEST_F(Loader, ATextThatYamlCppReadsForEverIsAnError) {
  EXPECT_THAT(ErrorOf(", a"), HasSubstr("srdf.yaml:"));
}

TEST_F(Loader, AnAbsentFileIsNotFound) {
  auto config = LoadConfig(directory_ + "/absent.yaml");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.status().code(), StatusCode::kNotFound);
  EXPECT_EQ(LoadConfig(directory_).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace srdf::config
