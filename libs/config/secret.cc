#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "config/config.h"

namespace srdf::config {
namespace {

constexpr size_t kSecretBytesMax = 4096;

Result<std::string> ReadSecretFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return Status(StatusCode::kFailedPrecondition,
                  "cannot read the password file " + path + ": " + std::strerror(errno),
                  "write the password to it: install -m 600 /dev/null " + path);
  }
  std::string content;
  Status status;
  struct stat info {};
  // The open file is checked, not the path: it cannot be exchanged in between.
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    status = Status(StatusCode::kFailedPrecondition, "the password file " + path + " is not a regular file",
                    "name a file that holds the password in its first line");
  } else if ((info.st_mode & S_IRWXO) != 0) {
    // The group may read: a package installs /etc/srdf/*.password for its group with mode 0640.
    status = Status(StatusCode::kPermissionDenied,
                    "the password file " + path + " is open to every user of this host", "chmod 600 " + path);
  } else {
    content.resize(kSecretBytesMax);
    const ssize_t n = ::read(fd, content.data(), content.size());
    content.resize(n < 0 ? 0 : static_cast<size_t>(n));
    content = content.substr(0, content.find_first_of("\r\n"));
    if (content.empty()) {
      status =
          Status(StatusCode::kFailedPrecondition, "the first line of the password file " + path + " is empty",
                 "write the password into its first line");
    }
  }
  ::close(fd);
  if (!status.ok()) return status;
  return content;
}

}  // namespace

Result<std::string> ReadSecret(const DatabaseConfig& database) {
  if (!database.password_file.empty()) return ReadSecretFile(database.password_file);
  if (database.password_env.empty()) return std::string();
  const char* value = std::getenv(database.password_env.c_str());
  if (value == nullptr || *value == '\0') {
    return Status(StatusCode::kFailedPrecondition,
                  "the environment variable " + database.password_env + " with the password is not set",
                  "export " + database.password_env + "=… before the start, or use password_file");
  }
  return std::string(value);
}

std::string KeyRingFile(const Config& config) {
  return config.key_ring_file.empty() ? config.data_dir + "/security/keys" : config.key_ring_file;
}

bool EncryptsAnyFlow(const Config& config) {
  return std::any_of(config.flows.begin(), config.flows.end(),
                     [](const FlowConfig& flow) { return flow.encryption_enabled; });
}

std::string DescribeDatabase(const DatabaseConfig& database) {
  if (!database.socket.empty()) return database.engine + " at " + database.socket;
  const bool ipv6 = database.host.find(':') != std::string::npos;
  return database.engine + " at " + (ipv6 ? "[" + database.host + "]" : database.host) + ":" +
         std::to_string(database.port);
}

}  // namespace srdf::config
