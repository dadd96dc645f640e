// Config: the one YAML file that configures the whole mesh (deploy/examples/srdf.yaml is a commented one).
//
// LoadConfig reads and checks it against the settings table (config/settings.h): an unknown key, a wrong
// type, a value out of bounds or a missing required key is an error that names the key, the line, the value
// and the remedy; all errors of the file come at once. Secrets come from files or environment variables
// named in the file, never from the file itself, and are read by ReadSecret when they are used.
//
// Thread rules: plain values; the functions may be called from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace srdf::config {

// In the order in which changes flow, which is the order in which they are drained.
inline constexpr std::array<std::string_view, 6> kServiceNames = {"capture",  "batcher", "shipper",
                                                                  "receiver", "applier", "orchestrator"};

struct DatabaseConfig {
  std::string engine = "mariadb";
  std::string host = "127.0.0.1";
  uint16_t port = 3306;
  std::string socket;
  std::string user = "srdf";
  std::string password_file;  // one of the two, or none for socket authentication
  std::string password_env;
};

struct FlowConfig {
  std::string name;
  DatabaseConfig source;
  std::string source_alternates;  // "host:port, host:port": other servers of the source's cluster
  uint32_t source_server_id = 0;  // the replica id capture uses at the source; unique among its replicas
  DatabaseConfig target;
  std::string before_image = "key";   // key | full
  std::string apply_method = "auto";  // auto | native | sql

  // Window. Adaptive: seal as soon as the destination can take the next wagon, within the limits.
  std::string batch_mode = "adaptive";  // adaptive | window | on_commit
  uint64_t batch_max_events = 200000;
  uint64_t batch_max_bytes = 32ull << 20;
  uint64_t batch_max_age_seconds = 300;
  bool compaction_enabled = true;
  uint32_t adaptive_wagons_in_flight = 2;

  std::string outage_merge = "auto";  // auto | off
  uint32_t outage_merge_min_wagons = 8;
  uint64_t outage_merge_max_bytes = 64ull << 20;

  bool compression_enabled = true;
  std::string compression_codec = "zstd";  // zstd | gzip
  int compression_level = 3;
  bool encryption_enabled = true;  // keys: key_ring_file, key_ring_env of the mesh
  std::string token_file;          // one of the two; default: SECURITY_DIR/tokens/FLOW.token
  std::string token_env;

  uint32_t retry_max_attempts = 0;  // 0: as many as the schedule has entries
  std::vector<uint64_t> retry_backoff_policy = {10, 30, 120, 600, 3600};  // seconds
  uint64_t ack_timeout_seconds = 60;
  uint64_t purge_after_days = 7;
  uint64_t max_bytes_per_second = 0;  // 0: no limit
  uint32_t priority = 5;
  uint64_t outbox_max_bytes = 20ull << 30;
  uint64_t inbox_max_bytes = 20ull << 30;
};

struct ServiceConfig {
  std::string listen;        // host:port of the gRPC API
  std::string metrics;       // host:port of the Prometheus endpoint
  std::string address = {};  // host:port at which others reach the API; empty: at `listen`

  const std::string& peer_address() const { return address.empty() ? listen : address; }
};

struct Config {
  std::string path;  // of the file, absolute
  std::string mesh = "srdf";
  std::string data_dir = "srdf-data";  // relative paths are taken from the directory of the file
  std::string outbox_dir;              // empty: data_dir
  std::string inbox_dir;               // empty: data_dir
  uint64_t disk_reserve_bytes = 64ull << 20;
  uint64_t disk_slow_sync_ms = 1000;
  std::string log_level = "info";      // debug | info | warn | error
  std::string log_format = "text";     // text | json
  uint64_t max_bytes_per_second = 0;   // of all flows together, between the sites; 0: no limit
  std::string key_ring_file;           // empty: KeyRingFile says where it is
  std::string key_ring_env;            // a variable that has the ring, instead of a file
  std::string security_mode = "mtls";  // mtls | insecure
  std::string security_dir;            // default: DATA_DIR/security of the file
  bool security_dir_is_default = true;
  std::map<std::string, ServiceConfig> services;  // all of kServiceNames, defaults filled in
  std::vector<FlowConfig> flows;

  std::string OutboxPath() const { return (outbox_dir.empty() ? data_dir : outbox_dir) + "/outbox.db"; }
  std::string InboxPath() const { return (inbox_dir.empty() ? data_dir : inbox_dir) + "/inbox.db"; }
  const FlowConfig* FindFlow(const std::string& name) const;
};

// kInvalidArgument with one line per error ("file:line: flows[shop].batch_max_bytes: … (remedy: …)");
// kNotFound when the file cannot be read. Secrets are not looked at.
Result<Config> LoadConfig(const std::string& path);

// The password of a database: the file's first line or the variable's value; empty when neither is named.
// A file that others may read is refused, as ssh does with a private key.
Result<std::string> ReadSecret(const DatabaseConfig& database);

// The servers of source_alternates in their order, with everything else as the source has it. Of a loaded
// file.
std::vector<DatabaseConfig> SourceAlternates(const FlowConfig& flow);

// key_ring_file, or DATA_DIR/security/keys.
std::string KeyRingFile(const Config& config);
bool EncryptsAnyFlow(const Config& config);

// "mariadb at 10.0.0.1:3306" or "mariadb at /run/mysqld/mysqld.sock"; never with credentials.
std::string DescribeDatabase(const DatabaseConfig& database);

// Every setting, with unit, type, default, bounds and sentence, as a Markdown table
// (docs/operations/settings.md).
std::string SettingsMarkdown();

}  // namespace srdf::config
