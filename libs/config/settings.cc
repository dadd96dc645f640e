#include "config/settings.h"

#include <algorithm>

namespace srdf::config {
namespace {

constexpr uint64_t kKiB = 1ull << 10;
constexpr uint64_t kGiB = 1ull << 30;
constexpr uint64_t kTiB = 1ull << 40;

}  // namespace

const std::vector<Setting<Config>>& MeshSettings() {
  static const std::vector<Setting<Config>> settings = {
      {.name = "mesh",
       .member = &Config::mesh,
       .type = SettingType::kText,
       .sentence = "Name of this mesh in inventories and on screens."},
      {.name = "data_dir",
       .member = &Config::data_dir,
       .type = SettingType::kPath,
       .sentence =
           "Directory of outbox, inbox, logs and run state: it needs room for what an outage piles up, and "
           "a disk that honours fsync."},
      {.name = "max_bytes_per_second",
       .member = &Config::max_bytes_per_second,
       .type = SettingType::kSize,
       .sentence =
           "Bytes of wagons that leave for the target per second, all flows together, divided by their "
           "`priority`: keeps the line usable for others; 0: no limit.",
       .unit = "bytes per second",
       .min = 0,
       .max = 1024 * kGiB},
      {.name = "outbox_dir",
       .member = &Config::outbox_dir,
       .type = SettingType::kPath,
       .sentence = "Directory of outbox.db when it is to have a disk of its own; without it `data_dir`."},
      {.name = "inbox_dir",
       .member = &Config::inbox_dir,
       .type = SettingType::kPath,
       .sentence = "Directory of inbox.db when it is to have a disk of its own; without it `data_dir`."},
      {.name = "disk_reserve_bytes",
       .member = &Config::disk_reserve_bytes,
       .type = SettingType::kSize,
       .sentence = "With less free on the disk of outbox or inbox (a tenth of a small disk counts) no wagon "
                   "is taken, so that "
                   "receipts, purges and the write-ahead log still have room; 0 goes on until the disk is "
                   "really full.",
       .unit = "bytes",
       .min = 0,
       .max = kTiB},
      {.name = "disk_slow_sync_ms",
       .member = &Config::disk_slow_sync_ms,
       .type = SettingType::kNumber,
       .sentence = "A sync of outbox or inbox that takes longer is shown as a slow disk.",
       .unit = "milliseconds",
       .min = 10,
       .max = 600'000},
      {.name = "log.level",
       .member = &Config::log_level,
       .type = SettingType::kChoice,
       .sentence = "`debug` names every wagon and connection, at the price of volume.",
       .choices = {"debug", "info", "warn", "error"}},
      {.name = "log.format",
       .member = &Config::log_format,
       .type = SettingType::kChoice,
       .sentence = "`text` is for people, `json` for log collectors.",
       .choices = {"text", "json"}},
      {.name = "key_ring_file",
       .member = &Config::key_ring_file,
       .type = SettingType::kPath,
       .sentence = "Key ring of encrypted flows (mode 600 or 640), the same at both sites; absent: "
                   "`security/keys` in data_dir, which `srdfctl up` makes when it starts the batcher.",
       .names_secret = true},
      {.name = "key_ring_env",
       .member = &Config::key_ring_env,
       .type = SettingType::kText,
       .sentence = "Environment variable with the text of the key ring, instead of a file; it is read at the "
                   "start only, so a rotation needs a restart.",
       .names_secret = true},
      {.name = "security.mode",
       .member = &Config::security_mode,
       .type = SettingType::kChoice,
       .sentence = "`mtls`: every hop is encrypted and both ends prove who they are; `insecure`: plaintext, "
                   "and anybody "
                   "who reaches a port may do everything: for experiments on one host.",
       .choices = {"mtls", "insecure"}},
      {.name = "security.dir",
       .member = &Config::security_dir,
       .type = SettingType::kPath,
       .sentence =
           "Directory of ca.crt, NAME.crt, NAME.key and tokens/FLOW.token; default: `security` in data_dir. "
           "Files are read again when they change."},
  };
  return settings;
}

const std::vector<Setting<ServiceConfig>>& ServiceSettings() {
  static const std::vector<Setting<ServiceConfig>> settings = {
      {.name = "listen",
       .member = &ServiceConfig::listen,
       .type = SettingType::kText,
       .sentence = "Address of the gRPC API; the other services reach it there, so the port cannot be 0.",
       .unit = "host:port"},
      {.name = "address",
       .member = &ServiceConfig::address,
       .type = SettingType::kText,
       .sentence =
           "Where the other services and `srdfctl` reach the API, when that is not what it listens at "
           "(every interface, address translation, a tunnel); without it `listen`.",
       .unit = "host:port"},
      {.name = "metrics",
       .member = &ServiceConfig::metrics,
       .type = SettingType::kText,
       .sentence = "Address of the Prometheus endpoint; it shows names and counts, never rows.",
       .unit = "host:port"},
  };
  return settings;
}

const std::vector<Setting<FlowConfig>>& FlowSettings() {
  static const std::vector<Setting<FlowConfig>> settings = {
      {.name = "name",
       .member = &FlowConfig::name,
       .type = SettingType::kText,
       .sentence = "Name of the flow in commands, logs, metrics and checkpoints; a new name is a new flow.",
       .required = true},
      {.name = "before_image",
       .member = &FlowConfig::before_image,
       .type = SettingType::kChoice,
       .sentence =
           "`key` sends of an old row only what finds it and of an updated one only what changes, `full` "
           "all of both: more bytes, and the applier reads each row before it changes it: with `key` missing "
           "and clashing rows are detected, with "
           "`full` also "
           "rows whose other columns are not what they were at the source.",
       .choices = {"key", "full"}},
      {.name = "apply_method",
       .member = &FlowConfig::apply_method,
       .type = SettingType::kChoice,
       .sentence =
           "`native` replays row events (needs BINLOG REPLAY), `sql` writes SQL statements: slower, refuses "
           "tables with triggers or system versioning; `auto` is native where the user may.",
       .choices = {"auto", "native", "sql"}},
      {.name = "batch_mode",
       .member = &FlowConfig::batch_mode,
       .type = SettingType::kChoice,
       .sentence =
           "`adaptive` seals as soon as the destination can take the next wagon, `window` gathers up to the "
           "limits (fewest bytes, more lag), `on_commit` makes a wagon of each transaction.",
       .choices = {"adaptive", "window", "on_commit"}},
      {.name = "batch_max_events",
       .member = &FlowConfig::batch_max_events,
       .type = SettingType::kNumber,
       .sentence = "Row changes that seal a wagon: more compact better, fewer reach the target sooner.",
       .unit = "row changes",
       .min = 1,
       .max = 100'000'000},
      {.name = "batch_max_bytes",
       .member = &FlowConfig::batch_max_bytes,
       .type = SettingType::kSize,
       .sentence = "Row bytes that seal a wagon, which bounds the batcher's memory per flow.",
       .unit = "bytes",
       .min = 64 * kKiB,
       .max = 4 * kGiB},
      {.name = "batch_max_age_seconds",
       .member = &FlowConfig::batch_max_age_seconds,
       .type = SettingType::kNumber,
       .sentence = "Age that seals a wagon: the longest a commit waits in the window.",
       .unit = "seconds",
       .min = 1,
       .max = 86'400},
      {.name = "compaction_enabled",
       .member = &FlowConfig::compaction_enabled,
       .type = SettingType::kBoolean,
       .sentence = "Sends the net effect per key; without it every single change is sent and applied."},
      {.name = "adaptive_wagons_in_flight",
       .member = &FlowConfig::adaptive_wagons_in_flight,
       .type = SettingType::kNumber,
       .sentence =
           "Wagons on their way before the adaptive window waits: more hide a long round trip, fewer make "
           "larger wagons.",
       .unit = "wagons",
       .min = 1,
       .max = 64},
      {.name = "outage_merge",
       .member = &FlowConfig::outage_merge,
       .type = SettingType::kChoice,
       .sentence = "`auto` compacts wagons that wait for an unreachable destination once more, into fewer: "
                   "catching up "
                   "is shorter, at the price of CPU and disk during the outage; `off` sends every wagon as "
                   "it was sealed.",
       .choices = {"auto", "off"}},
      {.name = "outage_merge_min_wagons",
       .member = &FlowConfig::outage_merge_min_wagons,
       .type = SettingType::kNumber,
       .sentence = "Waiting wagons that are worth merging: fewer merge earlier and write more.",
       .unit = "wagons",
       .min = 2,
       .max = 10'000},
      {.name = "outage_merge_max_bytes",
       .member = &FlowConfig::outage_merge_max_bytes,
       .type = SettingType::kSize,
       .sentence = "Payload bytes, before compression, that are merged into one wagon, which bounds the "
                   "memory that merging takes (some three times as much).",
       .unit = "bytes",
       .min = 1024 * kKiB,
       .max = 4 * kGiB},
      {.name = "compression_enabled",
       .member = &FlowConfig::compression_enabled,
       .type = SettingType::kBoolean,
       .sentence = "Compresses whole wagons; without it the batcher saves CPU and network and disk pay."},
      {.name = "compression_codec",
       .member = &FlowConfig::compression_codec,
       .type = SettingType::kChoice,
       .sentence = "`zstd` is faster and smaller; `gzip` can be read by any tool.",
       .choices = {"zstd", "gzip"}},
      {.name = "compression_level",
       .member = &FlowConfig::compression_level,
       .type = SettingType::kNumber,
       .sentence = "Higher levels are smaller and slower; gzip ends at 9.",
       .min = 1,
       .max = 19},
      {.name = "encryption_enabled",
       .member = &FlowConfig::encryption_enabled,
       .type = SettingType::kBoolean,
       .sentence =
           "Seals wagons with AES-256-GCM, so that outbox, network and inbox hold ciphertext, and keeps "
           "values of rows out of logs and stored errors; the target then refuses wagons in clear. Without "
           "it, who can read a data directory can read the rows."},
      {.name = "token_file",
       .member = &FlowConfig::token_file,
       .type = SettingType::kPath,
       .sentence =
           "The flow's bearer token: shipper and applier send the first line, the receiver accepts any line; "
           "default: tokens/FLOW.token in security.dir.",
       .names_secret = true},
      {.name = "token_env",
       .member = &FlowConfig::token_env,
       .type = SettingType::kText,
       .sentence = "Environment variable with the flow's bearer token, instead of token_file.",
       .names_secret = true},
      {.name = "retry_max_attempts",
       .member = &FlowConfig::retry_max_attempts,
       .type = SettingType::kNumber,
       .sentence =
           "Entries of the schedule that are used, the last one repeated when it has fewer; 0: as it stands.",
       .unit = "attempts",
       .min = 0,
       .max = 1'000},
      {.name = "retry_backoff_policy",
       .member = &FlowConfig::retry_backoff_policy,
       .type = SettingType::kNumbers,
       .sentence = "Waits between tries of a wagon that the target cannot apply; their sum is the time after "
                   "which an "
                   "unreachable destination counts as suspended (it is probed every few seconds all along).",
       .unit = "seconds",
       .min = 1,
       .max = 86'400},
      {.name = "ack_timeout_seconds",
       .member = &FlowConfig::ack_timeout_seconds,
       .type = SettingType::kNumber,
       .sentence =
           "Wait for a receipt before the delivery is tried again: too short repeats wagons on a slow line.",
       .unit = "seconds",
       .min = 1,
       .max = 3'600},
      {.name = "purge_after_days",
       .member = &FlowConfig::purge_after_days,
       .type = SettingType::kNumber,
       .sentence =
           "How long applied wagons are kept for audit and replay, at the price of disk; 0 purges at once.",
       .unit = "days",
       .min = 0,
       .max = 3'650},
      {.name = "max_bytes_per_second",
       .member = &FlowConfig::max_bytes_per_second,
       .type = SettingType::kSize,
       .sentence =
           "Bytes of wagons that leave for the target per second: less room on the line, more lag; 0: no "
           "limit. Changed while running by `srdfctl flow set`.",
       .unit = "bytes per second",
       .min = 0,
       .max = 1024 * kGiB,
       .takes_effect = TakesEffect::kLive},
      {.name = "priority",
       .member = &FlowConfig::priority,
       .type = SettingType::kNumber,
       .sentence =
           "Which flow sends first when the mesh's `max_bytes_per_second` is used up, 9 before 0; the lower "
           "ones keep 5 % together. Changed while running by `srdfctl flow set`.",
       .min = 0,
       .max = 9,
       .takes_effect = TakesEffect::kLive},
      {.name = "outbox_max_bytes",
       .member = &FlowConfig::outbox_max_bytes,
       .type = SettingType::kSize,
       .sentence =
           "Wagons kept at the source site; when full, capture waits and the source's log must last longer.",
       .unit = "bytes",
       .min = 1024 * kKiB,
       .max = 1024 * kTiB},
      {.name = "inbox_max_bytes",
       .member = &FlowConfig::inbox_max_bytes,
       .type = SettingType::kSize,
       .sentence = "Wagons kept at the target site; when full, they wait in the outbox.",
       .unit = "bytes",
       .min = 1024 * kKiB,
       .max = 1024 * kTiB},
  };
  return settings;
}

const std::vector<Setting<FlowConfig>>& SourceSettings() {
  static const std::vector<Setting<FlowConfig>> settings = {
      {.name = "server_id",
       .member = &FlowConfig::source_server_id,
       .type = SettingType::kNumber,
       .sentence =
           "Replica id that capture uses at the source; the server cuts off the older of two replicas with "
           "one id.",
       .min = 1,
       .max = 4'294'967'295,
       .required = true},
      {.name = "alternates",
       .member = &FlowConfig::source_alternates,
       .type = SettingType::kText,
       .sentence = "Other servers of the source's cluster (log_slave_updates, the same account), separated "
                   "by commas: read in "
                   "this order when the source cannot be reached, from a position that they contain.",
       .unit = "host:port"},
  };
  return settings;
}

const std::vector<Setting<DatabaseConfig>>& DatabaseSettings() {
  static const std::vector<Setting<DatabaseConfig>> settings = {
      {.name = "engine",
       .member = &DatabaseConfig::engine,
       .type = SettingType::kChoice,
       .sentence = "Kind of database server.",
       .choices = {"mariadb"}},
      {.name = "host",
       .member = &DatabaseConfig::host,
       .type = SettingType::kText,
       .sentence = "Host name or address of the server."},
      {.name = "port",
       .member = &DatabaseConfig::port,
       .type = SettingType::kNumber,
       .sentence = "TCP port of the server.",
       .min = 1,
       .max = 65'535},
      {.name = "socket",
       .member = &DatabaseConfig::socket,
       .type = SettingType::kPath,
       .sentence = "Unix socket of a server on this host, used instead of host and port."},
      {.name = "user",
       .member = &DatabaseConfig::user,
       .type = SettingType::kText,
       .sentence = "Account with the privileges that `srdfctl preflight` asks for."},
      {.name = "password_file",
       .member = &DatabaseConfig::password_file,
       .type = SettingType::kPath,
       .sentence = "File with the password in its first line, not open to others (mode 600 or 640).",
       .names_secret = true},
      {.name = "password_env",
       .member = &DatabaseConfig::password_env,
       .type = SettingType::kText,
       .sentence = "Environment variable with the password, instead of a file.",
       .names_secret = true},
  };
  return settings;
}

ServiceConfig DefaultServiceConfig(std::string_view service) {
  const auto at = std::find(kServiceNames.begin(), kServiceNames.end(), service) - kServiceNames.begin();
  return {"127.0.0.1:" + std::to_string(7101 + at), "127.0.0.1:" + std::to_string(9401 + at)};
}

}  // namespace srdf::config
