// Starting one child process of the supervisor.
//
// The child gets a process group of its own (a Ctrl-C at the terminal reaches the supervisor alone), an
// empty standard input, one pipe for both outputs, no blocked signals, and dies with the supervisor by
// SIGKILL, also when that is killed itself: services may be killed at any moment. The death signal is tied
// to the thread that starts the child, so that thread has to live as long as the supervisor.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace srdf::ctl {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd();
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void Close() { *this = UniqueFd(); }

 private:
  int fd_ = -1;
};

struct Child {
  pid_t pid = 0;
  UniqueFd output;  // non-blocking
};

// argv[0] is the path of the program. When it cannot be executed, the child says so on its output and exits
// with 127, as a shell does.
Result<Child> StartChild(const std::vector<std::string>& argv);

// "exit code 1" or "signal 9 (Killed)", from waitpid's status.
std::string DescribeExit(int wait_status);

}  // namespace srdf::ctl
