#include "store/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace srdf::store {

Result<std::unique_ptr<FileLock>> FileLock::Take(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    const int error = errno;
    const bool denied = error == EACCES || error == EPERM || error == EROFS;
    return Status(denied ? StatusCode::kPermissionDenied : StatusCode::kFailedPrecondition,
                  fmt::format("cannot open lock file {}: {}", path, std::strerror(error)),
                  "create its directory and let this service's user write there");
  }
  std::unique_ptr<FileLock> lock(new FileLock(fd));
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    const int error = errno;
    if (error != EWOULDBLOCK) {
      return Status(StatusCode::kUnavailable, fmt::format("cannot lock {}: {}", path, std::strerror(error)),
                    "put the data directory on a local file system");
    }
    char owner[32] = {};
    const ssize_t n = ::pread(fd, owner, sizeof(owner) - 1, 0);
    std::string pid(owner, n > 0 ? static_cast<size_t>(n) : 0);
    while (!pid.empty() && pid.back() == '\n') pid.pop_back();
    return Status(StatusCode::kUnavailable,
                  fmt::format("another process has {} (pid {})", path, pid.empty() ? "unknown" : pid),
                  "stop the other process, or give this one its own data directory");
  }
  // Only for the message above: a lock without its owner's number is still a lock.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, pid.data(), pid.size(), 0);
  return lock;
}

FileLock::~FileLock() { ::close(fd_); }

}  // namespace srdf::store
