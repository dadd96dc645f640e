// SocketHandle: a second handle on a connection's socket, to wake its reader from another thread.
//
// The client library closes its own handle when a connection is lost, and the number may then be another
// file's; a duplicate stays this socket's until it is closed here. Movable owner; Shutdown is safe from any
// thread as long as the object is not being assigned or destroyed.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

class SocketHandle {
 public:
  SocketHandle() = default;
  explicit SocketHandle(Connection* connection)
      : fd_(fcntl(static_cast<int>(mysql_get_socket(connection->handle())), F_DUPFD_CLOEXEC, 0)) {}
  ~SocketHandle() {
    if (fd_ >= 0) close(fd_);
  }
  SocketHandle(SocketHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SocketHandle& operator=(SocketHandle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  // Reads and writes on the connection fail from now on, also those in progress.
  void Shutdown() const {
    if (fd_ >= 0) shutdown(fd_, SHUT_RDWR);
  }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace srdf::engine_mariadb
