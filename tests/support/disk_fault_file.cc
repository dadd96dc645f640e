#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "support/disk_fault_spec.h"
#include "support/disk_faults.h"

namespace srdf::test {

DiskFaultFile::DiskFaultFile(const std::string& path) : path_(path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0 && ftruncate(fd, kDiskFaultSpecBytes) == 0) {
    void* shared = mmap(nullptr, kDiskFaultSpecBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared != MAP_FAILED) shared_ = static_cast<char*>(shared);
  }
  if (fd >= 0) close(fd);
  if (shared_ == nullptr) {
    std::fprintf(stderr, "cannot make %s\n", path.c_str());
    std::abort();
  }
}

DiskFaultFile::~DiskFaultFile() { munmap(shared_, kDiskFaultSpecBytes); }

void DiskFaultFile::Set(const std::string& spec) {
  // The first byte last: until then there is no fault, or the rest of an old line that fits nothing.
  shared_[0] = '\0';
  std::memset(shared_ + 1, 0, kDiskFaultSpecBytes - 1);
  if (spec.empty()) return;
  std::memcpy(shared_ + 1, spec.data() + 1, spec.size() - 1);
  __atomic_store_n(shared_, spec[0], __ATOMIC_RELEASE);
}

std::map<std::string, std::string> DiskFaultFile::Environment() const {
  return {{kDiskFaultVariable, path_}, {"LD_PRELOAD", SRDF_DISK_FAULTS_LIBRARY}};
}

}  // namespace srdf::test
