// ProcessLog: where the lines of supervised services go, and the supervisor's own words.
//
// In the foreground to the terminal, each line behind the name of its service; detached into
// DATA_DIR/log/<service>.log, bounded in size: a full file becomes <service>.log.1, that one .2, and the
// oldest goes. Driven by the supervisor's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "srdfctl/child.h"

namespace srdf::ctl {

class ProcessLog {
 public:
  virtual ~ProcessLog() = default;
  // `line` has no line break.
  virtual void Line(const std::string& process, std::string_view line) = 0;
};

// The name under which the supervisor itself speaks.
inline constexpr std::string_view kSupervisorName = "supervisor";

// Name lengths decide the width of the prefix; colours only when asked for.
std::unique_ptr<ProcessLog> NewTerminalLog(size_t name_width, bool colours);

struct LogFileLimits {
  uint64_t bytes_max = 16u << 20;  // of one file
  int files_max = 4;               // the current one included
};
Result<std::unique_ptr<ProcessLog>> NewFileLog(const std::string& directory, const LogFileLimits& limits);

// The last lines of a service's current log file (and of the one before, when the current one is short).
std::string TailOfLog(const std::string& directory, const std::string& process, size_t lines);

}  // namespace srdf::ctl
