#include "pki/pem_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace srdf::pki {

namespace {

constexpr size_t kFileBytesMax = 1 << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

Result<std::string> Read(const std::string& path, bool is_secret) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  // The open file is checked, not the path: it cannot be exchanged in between.
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
    return Status(StatusCode::kNotFound, "cannot read " + path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return Status(StatusCode::kInvalidArgument, path + " is not a regular file");
  if (is_secret && (info.st_mode & S_IRWXO) != 0) {
    return Status(StatusCode::kPermissionDenied, path + " is open to every user of this host",
                  "chmod 600 " + path);
  }
  std::string text(kFileBytesMax + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(file.get(), text.data() + size, text.size() - size);
    if (n < 0) return Status(StatusCode::kNotFound, "cannot read " + path + ": " + std::strerror(errno));
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  if (size > kFileBytesMax) return Status(StatusCode::kInvalidArgument, path + " is larger than 1 MiB");
  text.resize(size);
  return text;
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path) { return Read(path, false); }

Result<std::string> ReadSecretFile(const std::string& path) { return Read(path, true); }

Status WriteFilesAtomically(const std::vector<SmallFile>& files) {
  const auto failed = [](const char* what, const std::string& path) {
    return Status(StatusCode::kFailedPrecondition,
                  std::string(what) + " " + path + ": " + std::strerror(errno),
                  "make the directory writable for this user");
  };
  for (const SmallFile& file : files) {
    const Descriptor fresh(
        ::open((file.path + ".new").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    // A file left from before keeps its mode.
    if (fresh.get() < 0 || ::fchmod(fresh.get(), 0600) != 0) return failed("cannot create", file.path);
    if (::write(fresh.get(), file.text.data(), file.text.size()) != static_cast<ssize_t>(file.text.size()) ||
        ::fsync(fresh.get()) != 0) {
      return failed("cannot write", file.path);
    }
  }
  for (const SmallFile& file : files) {
    if (std::rename((file.path + ".new").c_str(), file.path.c_str()) != 0)
      return failed("cannot write", file.path);
  }
  if (files.empty()) return {};
  const std::string parent = std::filesystem::path(files.front().path).parent_path().string();
  const Descriptor directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return failed("cannot write", parent);
  return {};
}

Status MakePrivateDirectory(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (::mkdir(path.c_str(), 0700) != 0) {
    return {StatusCode::kFailedPrecondition, "cannot create " + path + ": " + std::strerror(errno),
            "make its parent writable for this user"};
  }
  return {};
}

}  // namespace srdf::pki
