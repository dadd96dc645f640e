// Disk faults for real programs: writes and syncs that fail, or take long, as the kernel would have it.
//
// disk_faults.cc puts itself before the C library's pwrite, fsync, fdatasync, ftruncate and posix_fallocate,
// so that SQLite's own handling of errno is what is tested. Two ways to use it:
//
//   in a test's own process   link srdf_disk_faults; SetDiskFaults(spec)
//   in a mesh's services      DiskFaultFile faults(path); environment = faults.Environment();
//   faults.Set(spec)
//
// A spec is lines of "OPERATION ACTION PATH": OPERATION is write or sync; ACTION is ENOSPC, EDQUOT, EROFS,
// EIO or delay=MILLISECONDS; PATH is a part of the file's path. The first line that fits counts.
//
//   write ENOSPC outbox.db-wal
//   sync delay=5000 inbox.db
#pragma once

#include <map>
#include <string>

namespace srdf::test {

// For this process; an empty spec ends all faults.
void SetDiskFaults(const std::string& spec);

// For other processes: a file that they share. Read at every operation, so a Set counts at once.
class DiskFaultFile {
 public:
  explicit DiskFaultFile(const std::string& path);
  ~DiskFaultFile();
  DiskFaultFile(const DiskFaultFile&) = delete;
  DiskFaultFile& operator=(const DiskFaultFile&) = delete;

  void Set(const std::string& spec);
  // What a service has to be started with.
  std::map<std::string, std::string> Environment() const;

 private:
  const std::string path_;
  char* shared_ = nullptr;
};

}  // namespace srdf::test
