#include "store/sqlite_status.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>

namespace srdf::store {
namespace {

std::string FullRemedy(const std::string& path) {
  return fmt::format(
      "free space on the file system of {}, or raise the limit of the database; wagons that were stored are "
      "safe, "
      "and storing goes on by itself when there is room",
      path);
}

}  // namespace

std::string DamageRemedy(const std::string& path) {
  return fmt::format(
      "stop the service, keep a copy of {0}, {0}-wal and {0}-shm, look at the disk, then move the three "
      "files away "
      "and start the service: an empty queue takes its place in the chain from the target's checkpoint",
      path);
}

std::optional<StoreState> DiskFaultOf(int code, int extended, int system_errno) {
  const bool no_space = system_errno == ENOSPC || system_errno == EDQUOT || extended == SQLITE_IOERR_SHMSIZE;
  const bool refused = system_errno == EROFS || system_errno == EACCES || system_errno == EPERM;
  switch (code & 0xff) {
    case SQLITE_FULL:
      return StoreState::kFull;
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return StoreState::kReadOnly;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      if (no_space) return StoreState::kFull;
      return refused ? StoreState::kReadOnly : StoreState::kFailing;
    default:
      return std::nullopt;
  }
}

Status SqliteStatus(const std::string& path, int code, int extended, int system_errno,
                    std::string_view message) {
  const std::string what = fmt::format("{}: {}", path, message);
  const bool no_space = system_errno == ENOSPC || system_errno == EDQUOT;
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {StatusCode::kResourceExhausted, what, FullRemedy(path)};
    case SQLITE_NOMEM:
      return {StatusCode::kResourceExhausted, what, "give this process more memory"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {StatusCode::kDataLoss, what, DamageRemedy(path)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {StatusCode::kUnavailable, fmt::format("another process has a lock on {}", what),
              "end the other program's transaction (an sqlite3 shell?); reading is fine, writing is not"};
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return {StatusCode::kPermissionDenied, what,
              "let this service's user write the file and its directory"};
    case SQLITE_CANTOPEN:
      if (no_space) return {StatusCode::kResourceExhausted, what, FullRemedy(path)};
      return {StatusCode::kFailedPrecondition,
              fmt::format("{} ({})", what, system_errno != 0 ? std::strerror(system_errno) : "no detail"),
              "create its directory and let this service's user write there"};
    case SQLITE_IOERR:
      // The shared-memory file is grown by SQLite itself, so its lack of space comes as an I/O error.
      if (no_space || extended == SQLITE_IOERR_SHMSIZE) {
        return {StatusCode::kResourceExhausted, what, FullRemedy(path)};
      }
      if (system_errno == EROFS || system_errno == EACCES || system_errno == EPERM) {
        return {StatusCode::kPermissionDenied, fmt::format("{} ({})", what, std::strerror(system_errno)),
                "mount the file system writable again, and let this service's user write the file"};
      }
      return {StatusCode::kUnavailable,
              fmt::format("{} (I/O error {}: {})", what, extended,
                          system_errno != 0 ? std::strerror(system_errno) : "no detail"),
              "look for disk errors in the kernel's log; the file is opened again and checked by itself"};
    default:
      return {StatusCode::kInternal, fmt::format("{} (SQLite code {})", what, extended), {}};
  }
}

}  // namespace srdf::store
