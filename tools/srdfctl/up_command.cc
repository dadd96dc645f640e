// up and down: two processes. The supervisor is a fork without gRPC (supervisor.h); the process that the
// operator started asks the services for their health and, in the foreground, hands signals on.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "srdfctl/commands.h"
#include "srdfctl/key_commands.h"
#include "srdfctl/launch.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/security_files.h"

namespace srdf::ctl {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using nlohmann::ordered_json;

constexpr std::chrono::milliseconds kLookEvery{100};
constexpr std::chrono::milliseconds kHealthDeadline{1000};
constexpr std::chrono::milliseconds kPortPatience{3000};
// Starts of a service that was never serving, after which `up --detach` gives up before its deadline.
constexpr uint32_t kHopelessStarts = 5;
constexpr size_t kTailLines = 15;

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

[[noreturn]] void BecomeSupervisor(const SupervisorOptions& options, RunDirectory* directory, bool detach,
                                   pid_t parent) {
  std::unique_ptr<ProcessLog> log;
  if (detach) {
    ::setsid();
    auto files = NewFileLog(directory->data_dir() + "/log", {});
    if (!files.ok()) ::_exit(Fail(files.status()));
    log = std::move(*files);
    const int null = ::open("/dev/null", O_RDWR);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, fd);
    if (null > STDERR_FILENO) ::close(null);
  } else {
    // A Ctrl-C reaches the parent alone, which hands it on; when the parent is killed, the mesh is drained.
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(kExitFailed);
    log = NewTerminalLog(std::string_view("orchestrator").size(), ::isatty(STDOUT_FILENO) == 1);
  }
  if (Status status = directory->WritePid(::getpid()); !status.ok()) ::_exit(Fail(status));
  ::_exit(Supervisor(options, directory, log.get()).Run());
}

// Sees the mesh come up, from the operator's process.
class Watch {
 public:
  Watch(const config::Config& config, const ServiceNames& names, pid_t supervisor)
      : config_(config),
        names_(names),
        supervisor_(supervisor),
        client_(config),
        pending_(names.begin(), names.end()) {}

  // Asks what is not serving yet. A service counts only while the supervisor says that it runs.
  void Look() {
    mesh_ = ordered_json::parse(ReadMesh(config_.data_dir), nullptr, false);
    if (!mesh_.is_object() || mesh_.value("pid", 0) != supervisor_) return;
    for (const ordered_json& service : mesh_["services"]) {
      const std::string name = service["name"];
      if (pending_.count(name) == 0) continue;
      if (service["state"] == "running" && client_.CheckHealth(name, kHealthDeadline).ok())
        pending_.erase(name);
      if (service.value("starts", 0u) >= kHopelessStarts) hopeless_ = true;
    }
  }
  bool AllServing() const { return pending_.empty(); }
  bool IsHopeless() const { return hopeless_ && !pending_.empty(); }

  // The last words of the services that are not serving.
  void ExplainPending() const {
    for (const std::string& service : names_) {
      if (pending_.count(service) == 0) continue;
      std::string exit;
      if (mesh_.is_object() && mesh_.contains("services")) {
        for (const ordered_json& entry : mesh_["services"]) {
          if (entry["name"] == service) exit = entry.value("last_exit", "");
        }
      }
      std::fprintf(stderr, "srdfctl: %s is not serving%s; %s/log/%s.log ends with:\n", service.c_str(),
                   exit.empty() ? "" : (" (" + exit + ")").c_str(), config_.data_dir.c_str(),
                   service.c_str());
      std::fputs(TailOfLog(config_.data_dir + "/log", service, kTailLines).c_str(), stderr);
    }
  }

 private:
  const config::Config& config_;
  const ServiceNames& names_;
  const pid_t supervisor_;
  MeshClient client_;
  ordered_json mesh_;
  std::set<std::string> pending_;
  bool hopeless_ = false;
};

// The exit code of a child that has ended; nothing while it runs.
std::optional<int> Ended(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kExitFailed;
}

int StopAndWait(pid_t supervisor) {
  ::kill(supervisor, SIGTERM);
  while (true) {
    if (const auto code = Ended(supervisor)) return *code;
    std::this_thread::sleep_for(kLookEvery);
  }
}

void SayUp(const GlobalOptions& global, const config::Config& config, pid_t supervisor, const char* state) {
  if (global.json) {
    const ordered_json out = {{"state", state}, {"pid", supervisor}, {"data_dir", config.data_dir}};
    fmt::print("{}\n", out.dump(2));
  } else if (std::string_view(state) == "running") {
    fmt::print("the mesh {} is up: supervisor pid {}, data and logs in {}\n", config.mesh, supervisor,
               config.data_dir);
  } else {
    fmt::print("the mesh {} is already running, pid {}; a changed configuration needs `srdfctl down` first\n",
               config.mesh, supervisor);
  }
  std::fflush(stdout);
}

int WaitDetached(const GlobalOptions& global, const config::Config& config, const ServiceNames& names,
                 pid_t supervisor, std::chrono::seconds timeout) {
  const sigset_t signals = StopSignals();
  const timespec step = {0, std::chrono::nanoseconds(kLookEvery).count()};
  const auto deadline = Clock::now() + timeout;
  Watch watch(config, names, supervisor);
  while (true) {
    watch.Look();
    if (watch.AllServing()) {
      SayUp(global, config, supervisor, "running");
      return kExitOk;
    }
    if (const auto code = Ended(supervisor)) {
      watch.ExplainPending();
      Fail({StatusCode::kFailedPrecondition,
            "the supervisor has ended; " + config.data_dir + "/log/supervisor.log says why",
            "mend what the lines above name, then start again"});
      return *code == kExitBadConfiguration ? kExitBadConfiguration : kExitFailed;
    }
    if (watch.IsHopeless() || Clock::now() > deadline) {
      watch.ExplainPending();
      StopAndWait(supervisor);
      return Fail({StatusCode::kDeadlineExceeded,
                   watch.IsHopeless() ? "a service ends again and again; everything is stopped"
                                      : "not every service was serving in time; everything is stopped",
                   "mend what the lines above name, then start again"});
    }
    if (::sigtimedwait(&signals, nullptr, &step) > 0) {
      StopAndWait(supervisor);
      return Fail({StatusCode::kCancelled, "interrupted; everything is stopped", ""});
    }
  }
}

int WaitInForeground(const config::Config& config, const ServiceNames& names, pid_t supervisor) {
  const sigset_t signals = StopSignals();
  const timespec step = {0, std::chrono::nanoseconds(kLookEvery).count()};
  // Let go as soon as all are serving: a connection that nobody polls would make each service wait for its
  // end when it drains.
  std::optional<Watch> watch(std::in_place, config, names, supervisor);
  while (true) {
    if (const auto code = Ended(supervisor)) return *code;
    if (watch) {
      watch->Look();
      if (watch->AllServing()) {
        fmt::print("{:<12} | the mesh {} is up; Ctrl-C stops it in order\n", kSupervisorName, config.mesh);
        std::fflush(stdout);
        watch.reset();
      }
    }
    const int number = ::sigtimedwait(&signals, nullptr, &step);
    if (number > 0) {
      watch.reset();
      ::kill(supervisor, number);
    }
  }
}

// The first service that the running mesh was not started with; empty: all of them are its own.
std::string NotAmong(const ordered_json& mesh, const ServiceNames& names) {
  if (!mesh.is_object() || !mesh.contains("services")) return "";
  for (const std::string& name : names) {
    const ordered_json& services = mesh["services"];
    const bool known = std::any_of(services.begin(), services.end(),
                                   [&](const ordered_json& service) { return service["name"] == name; });
    if (!known) return name;
  }
  return "";
}

Status PrepareSecurity(const GlobalOptions& global, const config::Config& config, const ServiceNames& names) {
  std::string said;
  SRDF_RETURN_IF_ERROR(PrepareSecurityFiles(config, names, &said));
  if (!said.empty()) std::fprintf(global.json ? stderr : stdout, "%s\n", said.c_str());
  return {};
}

}  // namespace

int Up(const GlobalOptions& global, const UpOptions& options) {
  config::Config config;
  if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
  const auto names = ChooseServices(options.only, options.site);
  if (!names.ok()) {
    Fail(names.status());
    return kExitBadConfiguration;
  }
  if (!SecretsAreSound(config, *names)) return kExitBadConfiguration;
  const auto bin_dir = FindServices(options.bin_dir, *names);
  if (!bin_dir.ok()) return Fail(bin_dir.status());
  auto directory = RunDirectory::Acquire(config.data_dir);
  if (!directory.ok()) {
    const bool is_running = directory.status().code() == StatusCode::kAlreadyExists;
    if (!is_running || !options.detach) return Fail(directory.status());
    const auto mesh = ordered_json::parse(ReadMesh(config.data_dir), nullptr, false);
    if (mesh.is_object() && mesh.value("phase", "") == "stopping") {
      return Fail({StatusCode::kUnavailable, "the mesh " + config.mesh + " is being stopped",
                   "wait for the end with `srdfctl down`, then start it"});
    }
    if (const std::string absent = NotAmong(mesh, *names); !absent.empty()) {
      return Fail({StatusCode::kAlreadyExists,
                   "the mesh of " + config.data_dir + " runs, and " + absent + " is not among its services",
                   "stop it with `srdfctl down` first, or name another directory with --data-dir"});
    }
    SayUp(global, config, FindSupervisor(config.data_dir).value_or(0), "already running");
    return kExitOk;
  }
  const auto here = [&](const char* name) {
    return std::find(names->begin(), names->end(), name) != names->end();
  };
  const bool needs_keys = here("batcher") || here("applier");
  if (Status status = needs_keys ? EnsureKeyRing(config, here("batcher")) : Status(); !status.ok()) {
    Fail(status);
    return kExitBadConfiguration;
  }
  if (Status status = CheckListenersFree(config, *names, kPortPatience); !status.ok()) return Fail(status);
  if (Status status = PrepareSecurity(global, config, *names); !status.ok()) return Fail(status);

  SupervisorOptions supervisor_options;
  supervisor_options.config_path = config.path;
  supervisor_options.backoff_max = options.restart_pause;
  supervisor_options.processes = ServiceProcesses(config, *bin_dir, *names);
  const sigset_t signals = StopSignals();
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::fflush(nullptr);
  const pid_t self = ::getpid();
  const pid_t supervisor = ::fork();
  if (supervisor < 0) {
    return Fail({StatusCode::kResourceExhausted, "cannot start the supervisor: no more processes",
                 "look at ulimit -u"});
  }
  if (supervisor == 0) BecomeSupervisor(supervisor_options, directory->get(), options.detach, self);
  directory->reset();  // the supervisor holds the lock
  return options.detach ? WaitDetached(global, config, *names, supervisor, options.timeout)
                        : WaitInForeground(config, *names, supervisor);
}

int Down(const GlobalOptions& global, std::chrono::seconds timeout) {
  config::Config config;
  if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
  const auto say = [&](const char* state, const std::string& sentence) {
    fmt::print("{}\n", global.json ? ordered_json({{"state", state}, {"data_dir", config.data_dir}}).dump(2)
                                   : sentence);
    return kExitOk;
  };
  const auto supervisor = FindSupervisor(config.data_dir);
  if (!supervisor) return say("not running", "the mesh " + config.mesh + " is not running");
  if (::kill(*supervisor, SIGTERM) != 0) {
    return Fail({StatusCode::kPermissionDenied,
                 fmt::format("cannot signal the supervisor, pid {}", *supervisor),
                 "stop it as the user that started it, or as root"});
  }
  const auto deadline = Clock::now() + timeout;
  std::set<std::string> stopped;
  while (FindSupervisor(config.data_dir) == supervisor) {
    if (Clock::now() > deadline) {
      return Fail({StatusCode::kDeadlineExceeded,
                   fmt::format("the supervisor, pid {}, has not ended in time", *supervisor),
                   config.data_dir + "/log/supervisor.log says what it waits for"});
    }
    const auto mesh = ordered_json::parse(ReadMesh(config.data_dir), nullptr, false);
    if (mesh.is_object() && mesh.contains("services") && !global.json) {
      for (const ordered_json& service : mesh["services"]) {
        if (service["state"] != "stopped" || !stopped.insert(service["name"]).second) continue;
        fmt::print("{} is stopped\n", service["name"].get<std::string>());
        std::fflush(stdout);
      }
    }
    std::this_thread::sleep_for(kLookEvery);
  }
  return say("stopped", "the mesh " + config.mesh + " is stopped");
}

}  // namespace srdf::ctl
