#include "srdfctl/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace srdf::ctl {
namespace {

void WriteText(const char* text) {
  // Nobody is there to be told when this fails.
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
}

// Between fork and exec: only what is allowed after a fork of a process with threads.
[[noreturn]] void BecomeChild(char* const* argv, int output, pid_t supervisor) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != supervisor) ::_exit(1);  // it died before the line above
  ::setpgid(0, 0);
  struct sigaction act {};
  act.sa_handler = SIG_DFL;
  ::sigaction(SIGPIPE, &act, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) ::dup2(null, STDIN_FILENO);
  if (null > STDERR_FILENO) ::close(null);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(argv[0], argv);
  const char* reason = ::strerrordesc_np(errno);
  WriteText("cannot execute ");
  WriteText(argv[0]);
  WriteText(": ");
  WriteText(reason == nullptr ? "unknown error" : reason);
  WriteText("\n");
  ::_exit(127);
}

}  // namespace

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Child> StartChild(const std::vector<std::string>& argv) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Status(StatusCode::kResourceExhausted, std::string("cannot make a pipe: ") + std::strerror(errno),
                  "raise the limit of open files: ulimit -n");
  }
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  // The child's end stays blocking: a service that logs faster than the supervisor reads has to wait.
  ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);

  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const pid_t supervisor = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return Status(StatusCode::kResourceExhausted,
                  std::string("cannot start a process: ") + std::strerror(errno),
                  "look at the limits of processes and memory: ulimit -u, free");
  }
  if (pid == 0) BecomeChild(arguments.data(), write_end.get(), supervisor);
  return Child{pid, std::move(read_end)};
}

std::string DescribeExit(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    const char* name = ::sigdescr_np(number);
    return "signal " + std::to_string(number) + (name == nullptr ? "" : std::string(" (") + name + ")");
  }
  return "exit code " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace srdf::ctl
