// RunDirectory: the supervisor's state on disk, DATA_DIR/run.
//
//   supervisor.pid   locked with flock as long as a supervisor lives; holds its process id
//   mesh.json        what the supervisor is doing: phase, and per service its pid, state and start count
//
// The lock, not the file, says whether a supervisor runs: after a crash the kernel has released it, and what
// the files say is history. The lock belongs to the open file, so it survives a fork into the background;
// it is not inherited through exec, so services never hold it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "srdfctl/child.h"

namespace srdf::ctl {

class RunDirectory {
 public:
  // Creates the data directory when it is absent (for its owner alone: outbox and inbox hold customers'
  // rows) and takes the lock. kAlreadyExists, with the pid in the message, when a supervisor has it.
  static Result<std::unique_ptr<RunDirectory>> Acquire(const std::string& data_dir);

  const std::string& data_dir() const { return data_dir_; }
  Status WritePid(pid_t pid);
  // Replaces mesh.json atomically.
  Status WriteMesh(const std::string& json);

 private:
  RunDirectory(std::string data_dir, UniqueFd lock)
      : data_dir_(std::move(data_dir)), lock_(std::move(lock)) {}
  std::string data_dir_;
  UniqueFd lock_;
};

// The pid of the supervisor that runs on this data directory; nothing when none does.
std::optional<pid_t> FindSupervisor(const std::string& data_dir);

// mesh.json as it is; empty when there is none.
std::string ReadMesh(const std::string& data_dir);

}  // namespace srdf::ctl
