#include "srdfctl/supervisor.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace srdf::ctl {
namespace {

// Ended children are noticed by SIGCHLD; this is for the case that one was missed.
constexpr int kPollMilliseconds = 500;
// A service writes lines; what is longer is cut into several.
constexpr size_t kLineBytesMax = 64 << 10;

int Millis(std::chrono::steady_clock::duration d) {
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(d).count());
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, RunDirectory* directory, ProcessLog* log)
    : options_(std::move(options)), directory_(directory), log_(log) {
  for (const ProcessSpec& spec : options_.processes) {
    processes_.emplace_back();
    processes_.back().spec = spec;
  }
}

int Supervisor::Run() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // the terminal may go away; the services are stopped by SIGHUP then
  signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.open()) {
    Say(std::string("cannot receive signals: ") + std::strerror(errno));
    return kExitFailed;
  }
  for (auto process = processes_.rbegin(); process != processes_.rend(); ++process) Start(&*process);
  while (!(stopping_ && AllStopped())) {
    if (dirty_) Publish();
    Wait();
    TakeSignals();
    for (Process& process : processes_) {
      ReadOutput(&process, false);
      Reap(&process);
      if (process.state == State::kWaiting && !stopping_ && Clock::now() >= process.wake_at) Start(&process);
    }
    if (stopping_) AdvanceStop();
  }
  Say("all services are stopped");
  Publish();
  return exit_code_;
}

void Supervisor::Start(Process* process) {
  auto child = StartChild(process->spec.argv);
  dirty_ = true;
  process->starts++;
  process->started_at = Clock::now();
  process->started_at_ms = WallClockMs();
  process->killed = false;
  if (!child.ok()) {
    Say(fmt::format("{}: {}", process->spec.name, child.status().ToString()));
    process->state = State::kWaiting;
    process->wake_at = Clock::now() + options_.backoff_max;
    return;
  }
  process->child = std::move(*child);
  process->state = State::kRunning;
  if (process->starts > 1) {
    Say(fmt::format("{} is started again, pid {} (start {})", process->spec.name, process->child.pid,
                    process->starts));
  }
}

void Supervisor::ReadOutput(Process* process, bool to_end) {
  if (!process->child.output.open()) return;
  char buffer[32 << 10];
  // Bounded, so that one service that never stops talking cannot keep the others waiting.
  for (int reads = 0; to_end || reads < 8; ++reads) {
    const ssize_t n = ::read(process->child.output.get(), buffer, sizeof(buffer));
    if (n <= 0) {
      if (n < 0 && errno == EINTR) continue;
      if (n == 0) process->child.output.Close();
      break;
    }
    process->line.append(buffer, static_cast<size_t>(n));
    size_t begin = 0;
    for (size_t end = process->line.find('\n'); end != std::string::npos;
         end = process->line.find('\n', begin)) {
      log_->Line(process->spec.name, std::string_view(process->line).substr(begin, end - begin));
      begin = end + 1;
    }
    process->line.erase(0, begin);
    if (process->line.size() > kLineBytesMax) {
      log_->Line(process->spec.name, process->line);
      process->line.clear();
    }
  }
}

void Supervisor::Reap(Process* process) {
  if (process->state != State::kRunning && process->state != State::kStopping) return;
  int wait_status = 0;
  const pid_t pid = ::waitpid(process->child.pid, &wait_status, WNOHANG);
  if (pid == 0 || (pid < 0 && errno == EINTR)) return;
  ReadOutput(process, true);
  if (!process->line.empty()) log_->Line(process->spec.name, process->line);
  process->line.clear();
  process->child = Child();
  Ended(process, wait_status);
}

void Supervisor::Ended(Process* process, int wait_status) {
  dirty_ = true;
  process->last_exit = DescribeExit(wait_status);
  const std::string& name = process->spec.name;
  if (stopping_) {
    if (process->state == State::kStopping) {
      Say(fmt::format("{} is stopped{}", name, wait_status == 0 ? "" : " (" + process->last_exit + ")"));
    } else {
      Say(fmt::format("{} ended before its turn ({})", name, process->last_exit));
    }
    process->state = State::kStopped;
    return;
  }
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == kExitBadConfiguration) {
    process->state = State::kStopped;
    exit_code_ = kExitBadConfiguration;
    BeginStop(fmt::format(
        "{} refuses its configuration (exit code 2, see its lines above); correct {} and start again", name,
        options_.config_path));
    return;
  }
  if (Clock::now() - process->started_at >= options_.backoff_reset_after) process->failures = 0;
  std::chrono::milliseconds delay = std::min(options_.backoff_first, options_.backoff_max);
  for (uint32_t i = 0; i < process->failures && delay < options_.backoff_max; ++i) delay *= 2;
  delay = std::min(delay, options_.backoff_max);
  process->failures++;
  process->state = State::kWaiting;
  process->wake_at = Clock::now() + delay;
  Say(fmt::format("{} ended with {}; started again in {:.1f} s", name, process->last_exit,
                  static_cast<double>(delay.count()) / 1000));
}

void Supervisor::TakeSignals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
    const int number = static_cast<int>(info.ssi_signo);
    if (number == SIGCHLD) continue;
    if (!stopping_) {
      BeginStop("stopping the services in order");
    } else if (number == SIGINT) {
      Say("interrupted again: killing what is left");
      KillAll();
    }
  }
}

void Supervisor::BeginStop(const std::string& why) {
  Say(why);
  stopping_ = true;
  dirty_ = true;
}

// One process at a time: the first that still runs is told to stop, or killed when its time is up.
void Supervisor::AdvanceStop() {
  for (Process& process : processes_) {
    switch (process.state) {
      case State::kStopped:
        continue;
      case State::kWaiting:
        process.state = State::kStopped;
        dirty_ = true;
        continue;
      case State::kRunning:
        ::kill(process.child.pid, SIGTERM);
        process.state = State::kStopping;
        process.wake_at = Clock::now() + options_.stop_deadline;
        dirty_ = true;
        return;
      case State::kStopping:
        if (!process.killed && Clock::now() >= process.wake_at) {
          Say(fmt::format("{} did not stop within {} s and is killed; its state on disk is whole",
                          process.spec.name,
                          std::chrono::ceil<std::chrono::seconds>(options_.stop_deadline).count()));
          ::kill(process.child.pid, SIGKILL);
          process.killed = true;
        }
        return;
    }
  }
}

void Supervisor::KillAll() {
  for (Process& process : processes_) {
    if (process.state != State::kRunning && process.state != State::kStopping) continue;
    ::kill(process.child.pid, SIGKILL);
    process.state = State::kStopping;
    process.killed = true;
  }
}

bool Supervisor::AllStopped() const {
  return std::all_of(processes_.begin(), processes_.end(),
                     [](const Process& process) { return process.state == State::kStopped; });
}

int Supervisor::WaitMilliseconds() const {
  int wait = kPollMilliseconds;
  for (const Process& process : processes_) {
    const bool has_alarm =
        process.state == State::kWaiting || (process.state == State::kStopping && !process.killed);
    if (has_alarm) wait = std::min(wait, std::max(0, Millis(process.wake_at - Clock::now())));
    if (stopping_ && process.state == State::kWaiting) wait = 0;
  }
  return wait;
}

void Supervisor::Wait() {
  std::vector<pollfd> fds = {{signals_.get(), POLLIN, 0}};
  for (const Process& process : processes_) {
    if (process.child.output.open()) fds.push_back({process.child.output.get(), POLLIN, 0});
  }
  ::poll(fds.data(), fds.size(), WaitMilliseconds());
}

void Supervisor::Say(const std::string& text) {
  const std::time_t now = std::time(nullptr);
  log_->Line(std::string(kSupervisorName), fmt::format("{:%Y-%m-%dT%H:%M:%S} {}", fmt::localtime(now), text));
}

void Supervisor::Publish() {
  nlohmann::ordered_json services = nlohmann::ordered_json::array();
  for (const Process& process : processes_) {
    constexpr const char* kNames[] = {"stopped", "running", "waiting", "stopping"};
    services.push_back({{"name", process.spec.name},
                        {"state", kNames[static_cast<int>(process.state)]},
                        {"pid", process.child.pid},
                        {"starts", process.starts},
                        {"started_at_ms", process.started_at_ms},
                        {"last_exit", process.last_exit}});
  }
  const char* phase = !stopping_ ? "running" : AllStopped() ? "stopped" : "stopping";
  const nlohmann::ordered_json mesh = {{"phase", phase},
                                       {"pid", ::getpid()},
                                       {"config", options_.config_path},
                                       {"data_dir", directory_->data_dir()},
                                       {"services", std::move(services)}};
  const Status status = directory_->WriteMesh(mesh.dump(2));
  if (!status.ok()) Say(status.ToString());
  // A full disk is said once per change of state, not in a loop.
  dirty_ = false;
}

}  // namespace srdf::ctl
