#include "srdfctl/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace srdf::ctl {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A holder writes its pid just after it took the lock; somebody who only looks holds it for an instant.
constexpr std::chrono::milliseconds kSettleMax{1000};
constexpr std::chrono::milliseconds kSettleStep{20};

std::string PidPath(const std::string& data_dir) { return data_dir + "/run/supervisor.pid"; }
std::string MeshPath(const std::string& data_dir) { return data_dir + "/run/mesh.json"; }

Status FileError(const std::string& what, const std::string& path) {
  return {StatusCode::kFailedPrecondition, "cannot " + what + " " + path + ": " + std::strerror(errno),
          "make the data directory writable for this user, or choose another one with --data-dir"};
}

Status MakeDirectory(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return {};
  fs::create_directories(path, error);
  if (error) {
    return {StatusCode::kFailedPrecondition, "cannot create the directory " + path + ": " + error.message(),
            "create it for this user, or choose another one with --data-dir"};
  }
  if (::chmod(path.c_str(), S_IRWXU) != 0) return FileError("close to others", path);
  return {};
}

std::optional<pid_t> ReadPid(int fd) {
  char text[32] = {};
  const ssize_t n = ::pread(fd, text, sizeof(text) - 1, 0);
  if (n <= 0) return std::nullopt;
  const long pid = std::strtol(text, nullptr, 10);
  return pid > 0 ? std::optional<pid_t>(static_cast<pid_t>(pid)) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<RunDirectory>> RunDirectory::Acquire(const std::string& data_dir) {
  SRDF_RETURN_IF_ERROR(MakeDirectory(data_dir));
  SRDF_RETURN_IF_ERROR(MakeDirectory(data_dir + "/run"));
  const std::string path = PidPath(data_dir);
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.open()) return FileError("open", path);
  const auto deadline = Clock::now() + kSettleMax;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FileError("lock", path);
    const std::optional<pid_t> pid = FindSupervisor(data_dir);
    if (pid || Clock::now() > deadline) {
      return Status(
          StatusCode::kAlreadyExists,
          "the mesh of " + data_dir + " is already running, pid " + (pid ? std::to_string(*pid) : "unknown"),
          "srdfctl status shows it; srdfctl down stops it");
    }
    std::this_thread::sleep_for(kSettleStep);
  }
  if (::ftruncate(fd.get(), 0) != 0) return FileError("write", path);
  return std::unique_ptr<RunDirectory>(new RunDirectory(data_dir, std::move(fd)));
}

Status RunDirectory::WritePid(pid_t pid) {
  const std::string text = std::to_string(pid) + "\n";
  if (::ftruncate(lock_.get(), 0) != 0 ||
      ::pwrite(lock_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return FileError("write", PidPath(data_dir_));
  }
  return {};
}

Status RunDirectory::WriteMesh(const std::string& json) {
  const std::string path = MeshPath(data_dir_);
  const std::string fresh = path + ".new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << json << '\n';
    out.flush();
    if (!out) return FileError("write", fresh);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return FileError("write", path);
  return {};
}

std::optional<pid_t> FindSupervisor(const std::string& data_dir) {
  UniqueFd fd(::open(PidPath(data_dir).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open()) return std::nullopt;
  const auto deadline = Clock::now() + kSettleMax;
  while (true) {
    if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
    if (const std::optional<pid_t> pid = ReadPid(fd.get())) return pid;
    if (Clock::now() > deadline) return std::nullopt;
    std::this_thread::sleep_for(kSettleStep);
  }
}

std::string ReadMesh(const std::string& data_dir) {
  std::ifstream in(MeshPath(data_dir));
  std::ostringstream text;
  text << in.rdbuf();
  return in ? text.str() : std::string();
}

}  // namespace srdf::ctl
