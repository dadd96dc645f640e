// Supervisor: keeps the services of a mesh running on this host, and stops them in order.
//
// A service that ends is started again after a back-off (0.2 s, doubled up to 5 s, from the beginning again
// when it had lived 30 s). One that ends with exit code 2 refuses its configuration: nothing is gained by
// starting it again, so the whole mesh is stopped. On SIGTERM, SIGINT or SIGHUP the services are stopped one
// after the other, in the order given, so that each can hand on what it holds; one that does not end within
// its deadline is killed. A second SIGINT kills what is left at once.
//
// Thread rules: Run takes the calling thread, which blocks the signals above and must be the process's main
// thread and live to its end (the services die with it). No gRPC in here: the process forks.
// After a crash: the kernel kills the services; nothing has to be mended.
#pragma once

#include <sys/signalfd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "srdfctl/child.h"
#include "srdfctl/process_log.h"
#include "srdfctl/run_directory.h"

namespace srdf::ctl {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitBadConfiguration = 2;

struct ProcessSpec {
  std::string name;
  std::vector<std::string> argv;  // argv[0]: path of the program
};

struct SupervisorOptions {
  std::string config_path;
  std::vector<ProcessSpec> processes;  // in the order in which they are stopped; started in reverse
  std::chrono::milliseconds backoff_first{200};
  std::chrono::milliseconds backoff_max{5000};
  std::chrono::milliseconds backoff_reset_after{30000};
  std::chrono::milliseconds stop_deadline{20000};  // of each process
};

class Supervisor {
 public:
  // `directory` and `log` outlive the supervisor.
  Supervisor(SupervisorOptions options, RunDirectory* directory, ProcessLog* log);

  // Starts the processes and returns when all have ended: kExitOk after a stop that was asked for,
  // kExitBadConfiguration when a process refused its configuration, kExitFailed when supervising failed.
  int Run();

 private:
  using Clock = std::chrono::steady_clock;
  enum class State { kStopped, kRunning, kWaiting, kStopping };
  struct Process {
    ProcessSpec spec;
    State state = State::kStopped;
    Child child;
    std::string line;  // output after the last line break
    uint32_t starts = 0;
    uint32_t failures = 0;  // in a row
    Clock::time_point started_at;
    int64_t started_at_ms = 0;
    Clock::time_point wake_at;  // next start when waiting, SIGKILL when stopping
    std::string last_exit;
    bool killed = false;
  };

  void Start(Process* process);
  void ReadOutput(Process* process, bool to_end);
  void Reap(Process* process);
  void Ended(Process* process, int wait_status);
  void TakeSignals();
  void BeginStop(const std::string& why);
  void AdvanceStop();
  void KillAll();
  bool AllStopped() const;
  int WaitMilliseconds() const;
  void Wait();
  void Say(const std::string& text);
  void Publish();

  const SupervisorOptions options_;
  RunDirectory* const directory_;
  ProcessLog* const log_;
  std::vector<Process> processes_;
  UniqueFd signals_;
  bool stopping_ = false;
  bool dirty_ = true;  // mesh.json is not what is so
  int exit_code_ = kExitOk;
};

}  // namespace srdf::ctl
