// The configuration file: an error that names key and line, or a configuration.
#include "config/config.h"
#include "fuzz/fuzz_target.h"

namespace srdf::fuzz {

void FuzzOne(std::string_view input) {
  const InputFile file(input);
  const auto config = config::LoadConfig(file.path());
  if (!config.ok()) {
    Require(!config.status().message().empty(), "a configuration is refused without a word");
    return;
  }
  Require(!config->flows.empty(), "a configuration without a flow is accepted");
  for (const config::FlowConfig& flow : config->flows) {
    Require(config->FindFlow(flow.name) != nullptr, "a flow cannot be found by its name");
    (void)config::SourceAlternates(flow);
    (void)config::DescribeDatabase(flow.target);
  }
}

std::vector<std::string> Seeds() {
  return {R"yaml(mesh: shop-dr
data_dir: ./data
log: {level: info, format: json}
services:
  capture: {listen: "127.0.0.1:7101", metrics: "127.0.0.1:9401"}
  receiver:
    listen: "[::1]:7104"
flows:
  - name: shop
    source: {engine: mariadb, host: a, port: 3306, user: srdf, password_file: ./s, server_id: 7, alternates: "b:1, c:2"}
    target: {host: d, user: srdf, password_env: TARGET}
    batch_mode: window
    batch_max_bytes: 32MiB
    retry_backoff_policy: [10, 30, 120]
    compression_codec: gzip
    compression_level: 6
)yaml",
          "flows:\n  - &a {name: x, source: {server_id: 1}, target: {host: h}}\n  - *a\n",
          "flows: [{name: x, source: {host: a, server_id: 1}, target: {socket: /run/x.sock}}]\n"};
}

}  // namespace srdf::fuzz
