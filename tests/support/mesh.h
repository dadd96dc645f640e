// Mesh: all services of a mesh between two servers of a test's own, started and supervised by `srdfctl up`,
// as an operator would.
//
// Each mesh has its own data directory beside the servers' ones, ports of its own, and database users with
// just the privileges the preflight asks for. The supervisor dies with the mesh object; its directory is kept
// when SRDF_TEST_KEEP is set, or the test has failed (its path is printed).
//
// The verbs are called from one thread, but for Kill, Pid and RssMaxMiB, which any thread may call.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "support/mariadb_server.h"

namespace srdf::test {

inline const std::vector<std::string> kServices = {"capture",  "batcher", "shipper",
                                                   "receiver", "applier", "orchestrator"};

struct MeshOptions {
  MariaDbServer* source = nullptr;
  MariaDbServer* target = nullptr;
  std::string flow = "e2e";
  // Settings of the flow, as in the configuration file: {"batch_mode", "window"}.
  std::map<std::string, std::string> settings;
  // Environment of the services, such as SRDF_FAILPOINTS.
  std::map<std::string, std::string> environment;
  // The longest pause before a service that ended is started again; 0: as `srdfctl up` has it.
  std::chrono::milliseconds restart_pause{0};
  // Lines at the top level of the configuration file.
  std::vector<std::string> lines = {};
  // The users may also copy tables, compare and repair them.
  bool may_copy = false;
  // Record where the flow starts; false: that is left to `srdfctl establish`.
  bool init_flow = true;
  // For a mesh over two hosts, one object per site: "source" or "target"; empty: everything runs here. The
  // second one is made beside the first: it has the same flow, users and ports (and the first one's data_dir
  // in its file, so that what belongs to the mesh is shared), and a data directory of its own.
  std::string site = {};
  const class Mesh* beside = nullptr;
  // Where the services of a site listen.
  std::map<std::string, std::string> hosts = {{"source", "127.0.0.1"}, {"target", "127.0.0.1"}};
  // Service → `address` in this site's file.
  std::map<std::string, std::string> addresses = {};
};

struct CommandResult {
  int exit_code = 0;
  std::string output;  // standard output
  std::string errors;  // standard error
};

class Mesh {
 public:
  // Makes the users and the configuration and records where the flow starts: at what both servers hold now.
  // Nothing runs yet. The caller has to see to it that the target holds what the source does.
  static Result<std::unique_ptr<Mesh>> Create(const MeshOptions& options);
  ~Mesh();
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  // Starts the supervisor and returns when it says that it runs.
  Status Up();
  // Stops all services in order; returns when the supervisor is gone.
  Status Down();
  // Environment of services from the next Up on.
  void SetEnvironment(std::map<std::string, std::string> environment) {
    options_.environment = std::move(environment);
  }

  // Runs `srdfctl` with the mesh's configuration; `--config` is added.
  CommandResult Ctl(const std::vector<std::string>& arguments) const;
  // One statement on a queue file of the data directory, with SQLite's own program; may run beside the owner.
  CommandResult Sqlite(const std::string& file, const std::string& statement) const;
  // `srdfctl status --output json`.
  Result<nlohmann::json> StatusJson() const;

  // The process id of a running service; 0 while it is down.
  pid_t Pid(const std::string& service) const;
  // SIGKILL, as soon as the service runs; returns when that process is gone.
  Status Kill(const std::string& service);
  // SIGKILL to the supervisor, which takes all services with it; returns when all are gone.
  Status KillAll();
  // How often the supervisor has started the service.
  int Starts(const std::string& service) const;

  // Waits until the checkpoint at the target says what the source's log says; the error names both.
  Status WaitCaughtUp(std::chrono::seconds deadline) const;
  Result<std::string> SourcePosition() const;
  Result<std::string> Checkpoint() const;

  // The largest resident memory a service ever had, over all its processes, as sampled from the kernel's
  // high-water mark.
  double RssMaxMiB(const std::string& service) const;

  const std::string& directory() const { return directory_; }
  std::string data_dir() const { return directory_ + "/data"; }
  std::string config_path() const { return directory_ + "/srdf.yaml"; }
  std::string log_path(const std::string& service) const { return data_dir() + "/log/" + service + ".log"; }
  uint16_t grpc_port(const std::string& service) const { return grpc_ports_.at(service); }
  uint16_t metrics_port(const std::string& service) const { return metrics_ports_.at(service); }

 private:
  Mesh(MeshOptions options, std::string directory);
  Status CreateUsers();
  Status WriteConfig();
  Status MakeCertificates();
  Status InitFlow();
  Status MakeKeyRing();
  Status StartGuardian();
  CommandResult Run(const std::vector<std::string>& command) const;
  nlohmann::json ReadMesh() const;
  void Sample(const std::stop_token& stop);

  // constant after Create
  MeshOptions options_;
  const std::string directory_;
  std::map<std::string, uint16_t> grpc_ports_;
  std::map<std::string, uint16_t> metrics_ports_;
  pid_t guardian_ = 0;
  int guardian_pipe_ = -1;

  mutable std::mutex mu_;
  std::map<std::string, double> rss_max_mib_;  // guarded by mu_

  std::jthread sampler_;  // last: stops first
};

}  // namespace srdf::test
