// FileLock: one process owns a queue file.
//
// SQLite's own locks let several processes share a database; two shippers on one outbox would each hand out
// the same wagons. So the owner holds flock() on `<database>.lock` for as long as it runs. The kernel
// releases it when the process ends, however it ends; the file stays, with the process id of its last owner
// for the error message. Readers such as the sqlite3 shell do not take it.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace srdf::store {

class FileLock {
 public:
  // kUnavailable when another owner has it (also one in this process).
  static Result<std::unique_ptr<FileLock>> Take(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace srdf::store
