// The C library's calls, with faults: linked into a test, or preloaded into a service. See disk_faults.h.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "support/disk_fault_spec.h"

namespace srdf::test {

// Before any constructor has run, as calls may come then.
char g_own_spec[kDiskFaultSpecBytes] = {};

namespace {

const char* Spec() {
  static const char* const spec = []() -> const char* {
    const char* path = std::getenv(kDiskFaultVariable);
    if (path == nullptr) return g_own_spec;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return g_own_spec;
    void* shared = mmap(nullptr, kDiskFaultSpecBytes, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    return shared == MAP_FAILED ? g_own_spec : static_cast<const char*>(shared);
  }();
  return spec;
}

int ErrnoOf(const char* word) {
  if (std::strcmp(word, "ENOSPC") == 0) return ENOSPC;
  if (std::strcmp(word, "EDQUOT") == 0) return EDQUOT;
  if (std::strcmp(word, "EROFS") == 0) return EROFS;
  if (std::strcmp(word, "EIO") == 0) return EIO;
  std::fprintf(stderr, "disk faults: unknown action %s\n", word);
  std::abort();
}

// The errno to fail with; 0 to go on (perhaps after a delay).
int FaultOf(const char* operation, int fd) {
  if (Spec()[0] == '\0') return 0;
  char spec[kDiskFaultSpecBytes];
  std::memcpy(spec, Spec(), sizeof(spec));
  spec[sizeof(spec) - 1] = '\0';
  char link[64];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  char path[4096];
  const ssize_t n = readlink(link, path, sizeof(path) - 1);
  if (n <= 0) return 0;
  path[n] = '\0';
  char* rest = nullptr;
  for (char* line = strtok_r(spec, "\n", &rest); line != nullptr; line = strtok_r(nullptr, "\n", &rest)) {
    char wanted[16], action[32], part[256];
    if (std::sscanf(line, "%15s %31s %255s", wanted, action, part) != 3) continue;
    if (std::strcmp(wanted, operation) != 0 || std::strstr(path, part) == nullptr) continue;
    if (std::strncmp(action, "delay=", 6) != 0) return ErrnoOf(action);
    const long ms = std::strtol(action + 6, nullptr, 10);
    const timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, nullptr);
    return 0;
  }
  return 0;
}

bool Fails(const char* operation, int fd) {
  const int saved = errno;
  const int fault = FaultOf(operation, fd);
  errno = fault == 0 ? saved : fault;
  return fault != 0;
}

}  // namespace
}  // namespace srdf::test

using srdf::test::Fails;

extern "C" {
ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t at) {
  return Fails("write", fd) ? -1 : syscall(SYS_pwrite64, fd, data, bytes, at);
}
ssize_t pwrite(int fd, const void* data, size_t bytes, off_t at) { return pwrite64(fd, data, bytes, at); }
int ftruncate64(int fd, off64_t bytes) noexcept {
  return Fails("write", fd) ? -1 : static_cast<int>(syscall(SYS_ftruncate, fd, bytes));
}
int ftruncate(int fd, off_t bytes) noexcept { return ftruncate64(fd, bytes); }
int posix_fallocate(int fd, off_t at, off_t bytes) {
  if (Fails("write", fd)) return errno;
  return syscall(SYS_fallocate, fd, 0, at, bytes) == 0 ? 0 : errno;
}
int fsync(int fd) { return Fails("sync", fd) ? -1 : static_cast<int>(syscall(SYS_fsync, fd)); }
int fdatasync(int fd) { return Fails("sync", fd) ? -1 : static_cast<int>(syscall(SYS_fdatasync, fd)); }
}
