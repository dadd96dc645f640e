// The commands of srdfctl, one function each. They print their result on stdout, as tables or as JSON, and
// an error on stderr as one line of what and one of remedy; they return the exit code: 0 done, 1 failed,
// 2 bad command line or configuration.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"
#include "binlog_file/dump.h"
#include "config/config.h"
#include "srdfctl/supervisor.h"

namespace srdf::ctl {

struct GlobalOptions {
  std::string config_path;
  bool json = false;
  std::string data_dir = {};  // overrides data_dir of the configuration; empty: that one
};

// --config, or $SRDF_CONFIG, or ./srdf.yaml when there is one, or /etc/srdf/srdf.yaml.
std::string FindConfigPath(const std::string& given);

// Prints the errors and returns false when the configuration cannot be used.
bool LoadOrExplain(const GlobalOptions& global, config::Config* config);
// Prints the error and returns false when `flow` is not in the configuration; empty is every flow.
bool KnowsFlow(const config::Config& config, const std::string& flow);
// Prints the errors and returns false when a password that one of these services reads cannot be read.
bool SecretsAreSound(const config::Config& config, const std::vector<std::string>& services);
// "srdfctl: what" and "  remedy: …" on stderr; returns kExitFailed for the caller to return.
int Fail(const Status& status);

struct UpOptions {
  bool detach = false;
  std::string only;     // names of services, with commas: these alone
  std::string site;     // source | target: the services of this side alone
  std::string bin_dir;  // where the services are; empty: found beside srdfctl
  std::chrono::seconds timeout{60};
  std::chrono::milliseconds restart_pause{5000};  // the longest before a service that ended starts again
};
int Up(const GlobalOptions& global, const UpOptions& options);
int Down(const GlobalOptions& global, std::chrono::seconds timeout);

int ShowStatus(const GlobalOptions& global, const std::string& flow, bool watch);

int WagonList(const GlobalOptions& global, const std::string& flow, uint32_t limit, bool merged);
// What the target site refused, newest first.
int WagonRefused(const GlobalOptions& global, const std::string& flow, uint32_t limit);
int WagonShow(const GlobalOptions& global, const std::string& uid, bool rows);

struct VerifyOptions {
  std::string flow;
  std::vector<std::string> tables;
  std::vector<std::string> ranges;
  bool watch = false;
  uint64_t every_seconds = 3600;
  uint64_t rows_per_second_max = 0;  // 0: no limit
  std::string report;                // file; empty: none
};
// 0: equal, 1: differences, 2: could not be compared.
int Verify(const GlobalOptions& global, const VerifyOptions& options);

struct RepairOptions {
  std::string flow;
  std::string report;               // file of Verify, or
  std::vector<std::string> tables;  // these, compared now
  bool dry_run = false;
  bool yes = false;
  std::string undo;  // file; empty: a name is made up
  std::string reason = "rows that differ";
  uint64_t rows_per_second_max = 0;
};
// 0: equal afterwards, 1: not all of it, 2: not done.
int Repair(const GlobalOptions& global, const RepairOptions& options);

struct EstablishOptions {
  std::string flow;
  std::vector<std::string> tables;  // "database.table"
  bool all = false;
  bool compare = false;      // for the plan
  bool with_schema = false;  // also where nothing is missing
  bool yes = false;          // false: the plan alone
  uint32_t readers = 0;      // 0: as capture has it
  uint64_t chunk_bytes = 0;
  uint64_t source_threads = 0;
  uint64_t rows_per_second_max = 0;  // of comparisons, on each side
  std::string reason = "establish";
  std::string from_gtid;
  // One of these instead.
  bool watch = false;
  bool pause = false;
  bool resume = false;
  bool cancel = false;
};
int Establish(const GlobalOptions& global, const EstablishOptions& options);
// With options.from_gtid; for Establish.
int EstablishFromGtid(const GlobalOptions& global, const config::Config& config,
                      const EstablishOptions& options);

struct DeliveryListOptions {
  std::string flow;
  std::vector<std::string> statuses;
  std::string error_class;
  bool attempts = false;
  uint32_t limit = 20;
};
int DeliveryList(const GlobalOptions& global, const DeliveryListOptions& options);
// `name`: flow/sequence.
int DeliveryShow(const GlobalOptions& global, const std::string& name);
// Sequence 0: all of the flow.
int DeliveryRetry(const GlobalOptions& global, const std::string& flow, uint64_t sequence,
                  const std::string& reason);

int FlowList(const GlobalOptions& global);
int FlowPause(const GlobalOptions& global, const std::string& flow);
// `without_agreement`: the shipper alone, which then does not wait for a destination that is gone.
int FlowResume(const GlobalOptions& global, const std::string& flow, bool without_agreement);
// The settings that can be changed while the flow runs: `changes` are NAME=VALUE.
int FlowShow(const GlobalOptions& global, const std::string& flow);
int FlowSet(const GlobalOptions& global, const std::string& flow, const std::vector<std::string>& changes);
int FlowSeal(const GlobalOptions& global, const std::string& flow);
int FlowMerge(const GlobalOptions& global, const std::string& flow, bool dry_run);
int FlowInit(const GlobalOptions& global, const std::string& flow, const std::string& position);

int DeadLetterList(const GlobalOptions& global, const std::string& flow, bool all);
// `which`: a sequence, or the first digits of a uid.
int DeadLetterShow(const GlobalOptions& global, const std::string& flow, const std::string& which);
int DeadLetterRetry(const GlobalOptions& global, const std::string& flow, uint64_t sequence);  // 0: all
int DeadLetterSkip(const GlobalOptions& global, const std::string& flow, uint64_t sequence,
                   const std::string& reason, bool yes);
int DeadLetterAck(const GlobalOptions& global, const std::string& flow);
int AuditList(const GlobalOptions& global, const std::string& flow, uint32_t limit);

// Needs neither a mesh nor a configuration.
int BinlogDump(const binlog_file::DumpOptions& options);

int Preflight(const GlobalOptions& global, const std::string& flow);

struct CertDevOptions {
  std::string dir;  // empty: security.dir
  std::vector<std::string> hosts;
  uint32_t days = 365;
  bool renew = false;
  bool new_authority = false;
  bool drop_old_authorities = false;
  bool rotate_tokens = false;
};
int CertDev(const GlobalOptions& global, const CertDevOptions& options);
int CertCheck(const GlobalOptions& global);

int ConfigCheck(const GlobalOptions& global);
int ConfigSettings(const GlobalOptions& global);
int Version(const GlobalOptions& global);

}  // namespace srdf::ctl
