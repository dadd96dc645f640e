#include "crypto/key_ring_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/clock.h"

namespace srdf::crypto {

namespace {

namespace fs = std::filesystem;

constexpr size_t kFileBytesMax = 4u << 20;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  const int fd_;
};

Status Cannot(const std::string& what, const std::string& path) {
  return {StatusCode::kFailedPrecondition, "cannot " + what + " " + path + ": " + std::strerror(errno),
          "make it accessible for this user, and see that its disk has room"};
}

Status CheckMode(const struct stat& info, const std::string& path) {
  if (!S_ISREG(info.st_mode)) {
    return {StatusCode::kFailedPrecondition, "the key ring " + path + " is not a regular file",
            "name the file with key_ring_file"};
  }
  if ((info.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    return {StatusCode::kPermissionDenied,
            "the key ring " + path + " is open to " +
                ((info.st_mode & S_IRWXO) != 0 ? "every user of this host" : "changes by its group"),
            "chmod 600 " + path};
  }
  return {};
}

Result<std::string> ReadWhole(const std::string& path, struct stat* info) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.open() && errno == ENOENT) {
    return Status(StatusCode::kNotFound, "there is no key ring " + path,
                  "make one with `srdfctl key add`, or copy the other site's");
  }
  if (!fd.open() || ::fstat(fd.get(), info) != 0) return Cannot("read the key ring", path);
  SRDF_RETURN_IF_ERROR(CheckMode(*info, path));
  if (static_cast<uint64_t>(info->st_size) > kFileBytesMax) {
    return Status(StatusCode::kInvalidArgument, path + " is larger than 4 MiB: not a key ring",
                  "name the file with key_ring_file");
  }
  std::string text(static_cast<size_t>(info->st_size), '\0');
  size_t at = 0;
  while (at < text.size()) {
    const ssize_t n = ::read(fd.get(), text.data() + at, text.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Cannot("read the key ring", path);
    if (n == 0) break;
    at += static_cast<size_t>(n);
  }
  text.resize(at);
  return text;
}

Status WriteAndSync(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Cannot("write", path);
    text.remove_prefix(static_cast<size_t>(n));
  }
  return ::fsync(fd) == 0 ? Status() : Cannot("sync", path);
}

// The new file is as its predecessor was, as to owner, group and mode; a new one is its owner's alone.
Status WriteRing(const std::string& path, const KeyRing& ring, const struct stat* before, int directory) {
  const std::string next = path + ".new";
  ::unlink(next.c_str());
  Status written;
  {
    const Fd fd(::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.open()) return Cannot("create", next);
    if (before != nullptr) {
      // Only root may give a file away; where that fails the mode must not open it to a wrong group.
      if (::fchown(fd.get(), before->st_uid, before->st_gid) == 0 &&
          ::fchmod(fd.get(), before->st_mode & 0640) != 0) {
        written = Cannot("set the mode of", next);
      }
    }
    std::string text = ring.Format();
    if (written.ok()) written = WriteAndSync(fd.get(), text, next);
    Wipe(&text);
  }
  if (written.ok() && ::rename(next.c_str(), path.c_str()) != 0) written = Cannot("replace", path);
  if (!written.ok()) {
    ::unlink(next.c_str());
    return written;
  }
  return ::fsync(directory) == 0 ? Status() : Cannot("sync the directory of", path);
}

}  // namespace

Result<KeyRing> ReadKeyRing(const std::string& path) {
  struct stat info {};
  SRDF_ASSIGN_OR_RETURN(std::string text, ReadWhole(path, &info));
  auto ring = KeyRing::Parse(text);
  Wipe(&text);
  if (!ring.ok()) return ring.status().WithContext(path);
  return ring;
}

Result<KeyRing> ChangeKeyRing(const std::string& path, const std::function<Status(KeyRing*)>& change) {
  const std::string parent = fs::path(path).parent_path().string();
  const std::string directory_path = parent.empty() ? "." : parent;
  if (!fs::is_directory(directory_path)) {
    std::error_code error;
    fs::create_directories(fs::path(directory_path).parent_path(), error);
    if (::mkdir(directory_path.c_str(), 0700) != 0 && errno != EEXIST)
      return Cannot("create the directory", directory_path);
  }
  const Fd directory(::open(directory_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.open() || ::flock(directory.get(), LOCK_EX) != 0)
    return Cannot("lock the directory", directory_path);

  struct stat before {};
  KeyRing ring;
  auto text = ReadWhole(path, &before);
  const bool exists = text.ok();
  if (exists) {
    auto parsed = KeyRing::Parse(*text);
    Wipe(&*text);
    if (!parsed.ok()) return parsed.status().WithContext(path);
    ring = std::move(*parsed);
  } else if (text.status().code() != StatusCode::kNotFound) {
    return text.status();
  }
  SRDF_RETURN_IF_ERROR(change(&ring));
  SRDF_RETURN_IF_ERROR(WriteRing(path, ring, exists ? &before : nullptr, directory.get()));
  return ring;
}

Result<KeyRing> CreateKeyRing(const std::string& path) {
  return ChangeKeyRing(path, [&](KeyRing* ring) -> Status {
    if (!ring->keys().empty()) {
      return {StatusCode::kAlreadyExists, "there is a key ring " + path + " already",
              "`srdfctl key list` shows its keys"};
    }
    *ring = KeyRing::WithNewKey(WallClockMs());
    return {};
  });
}

}  // namespace srdf::crypto
