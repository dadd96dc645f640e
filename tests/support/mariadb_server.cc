#include "support/mariadb_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <thread>

#include "base/bounded_queue.h"

namespace srdf::test {

namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

std::string TemporaryRoot() {
  const char* chosen = std::getenv("SRDF_TEST_TMPDIR");
  return chosen == nullptr ? "/tmp" : chosen;
}

std::string FindProgram(const std::string& name) {
  for (const char* dir : {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"}) {
    if (access((dir + name).c_str(), X_OK) == 0) return dir + name;
  }
  return name;
}

// Runs a shell command to its end; its output goes to `log`.
Status RunCommand(const std::string& command, const std::string& log) {
  const int rc = std::system((command + " >>'" + log + "' 2>&1").c_str());
  if (rc == 0) return {};
  return {StatusCode::kInternal, "command failed: " + command, "see " + log};
}

// A data directory with the system tables, made once and then copied. The name holds the server's inode and
// time stamp, so that a package upgrade makes a new one.
Result<std::string> TemplateDirectory() {
  const std::string server = FindProgram("mariadbd");
  struct stat st {};
  if (stat(server.c_str(), &st) != 0) {
    return Status(StatusCode::kNotFound, "mariadbd is not installed", "apt-get install mariadb-server");
  }
  const std::string path = TemporaryRoot() + "/srdf-test-mariadb-" + std::to_string(getuid()) + "-" +
                           std::to_string(st.st_mtime) + "-" + std::to_string(st.st_size);
  const int lock = open((path + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock < 0 || flock(lock, LOCK_EX) != 0) {
    return Status(StatusCode::kInternal, "cannot lock " + path + ".lock");
  }
  Status status;
  if (!fs::exists(path)) {
    const std::string scratch = path + ".new";
    fs::remove_all(scratch);
    fs::create_directory(scratch);
    status = RunCommand(FindProgram("mariadb-install-db") + " --no-defaults --datadir='" + scratch + "'" +
                            (getuid() == 0 ? " --user=root" : "") +
                            " --auth-root-authentication-method=normal --skip-test-db --force"
                            " --innodb-log-file-size=48M --innodb-fast-shutdown=0",
                        path + ".log");
    if (status.ok()) fs::rename(scratch, path);
  }
  close(lock);
  if (!status.ok()) return status;
  return path;
}

Result<uint16_t> FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in addr{};
  addr.sin_family = AF_INET;
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(addr);
  const bool ok = fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&addr), sizeof(addr)) == 0 &&
                  getsockname(fd, reinterpret_cast<sockaddr*>(&addr), &length) == 0;
  if (fd >= 0) close(fd);
  if (!ok) return Status(StatusCode::kResourceExhausted, "no free port on 127.0.0.1");
  return ntohs(addr.sin_port);
}

// The parent-death signal is sent when the *thread* that forked ends, so all servers are forked by one
// thread that lives as long as the process.
class Launcher {
 public:
  static Launcher& Get() {
    static auto* launcher = new Launcher;
    return *launcher;
  }
  pid_t Run(const std::vector<std::string>& command, const std::string& log) {
    std::promise<pid_t> pid;
    auto started = pid.get_future();
    // The server belongs where its caller is, who may be in a network namespace of a test's own.
    const int network = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    queue_.Push({&command, &log, &pid, network}, 1, {});
    const pid_t child = started.get();
    if (network >= 0) close(network);
    return child;
  }

 private:
  struct Job {
    const std::vector<std::string>* command;
    const std::string* log;
    std::promise<pid_t>* pid;
    int network;
  };
  Launcher() {
    std::thread([this] {
      while (auto job = queue_.Pop({})) job->pid->set_value(Fork(*job->command, *job->log, job->network));
    }).detach();
  }
  // Entering a namespace needs a privilege, even the one that one is in.
  static bool IsElsewhere(int network) {
    struct stat here {};
    struct stat there {};
    return stat("/proc/thread-self/ns/net", &here) == 0 && fstat(network, &there) == 0 &&
           here.st_ino != there.st_ino;
  }
  static pid_t Fork(const std::vector<std::string>& command, const std::string& log, int network) {
    std::vector<char*> argv;
    for (const auto& arg : command) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    const bool elsewhere = IsElsewhere(network);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid != 0) return pid;
    if (elsewhere && setns(network, CLONE_NEWNET) != 0) _exit(127);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    const int out = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  BoundedQueue<Job> queue_{1000, 1000};
};

}  // namespace

Result<std::unique_ptr<MariaDbServer>> MariaDbServer::Start(const MariaDbServerOptions& options) {
  SRDF_ASSIGN_OR_RETURN(const std::string from, TemplateDirectory());
  std::string directory = TemporaryRoot() + "/srdf-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    return Status(StatusCode::kInternal, "cannot make a directory in " + TemporaryRoot());
  }
  std::unique_ptr<MariaDbServer> server(new MariaDbServer(options, directory));
  SRDF_RETURN_IF_ERROR(
      RunCommand("cp -a --sparse=always --reflink=auto '" + from + "' '" + server->datadir() + "'",
                 directory + "/copy.log"));
  Status status;
  for (int attempt = 0; attempt < 5; ++attempt) {  // another process may take the port in between
    SRDF_ASSIGN_OR_RETURN(server->port_, FreePort());
    status = server->Launch();
    if (status.ok()) return server;
  }
  return status;
}

MariaDbServer::~MariaDbServer() {
  Kill();
  std::error_code ignored;
  if (std::getenv("SRDF_TEST_KEEP") == nullptr) fs::remove_all(directory_, ignored);
}

Status MariaDbServer::WriteConfig() const {
  std::ofstream out(directory_ + "/my.cnf");
  out << "[mariadbd]\n"
      << "datadir=" << datadir() << "\n"
      << "socket=" << socket() << "\n"
      << "pid-file=" << directory_ << "/pid\n"
      << "tmpdir=" << directory_ << "\n"
      << "bind-address=127.0.0.1\n"
      << "port=" << port_ << "\n"
      << "skip-name-resolve\n"
      << "character-set-server=utf8mb4\n"
      << "collation-server=utf8mb4_general_ci\n"
      << "server-id=" << options_.server_id << "\n"
      << "innodb_buffer_pool_size=" << options_.buffer_pool_size << "\n"
      << "innodb_log_file_size=48M\n"
      << "innodb_flush_log_at_trx_commit=1\n"
      << "performance_schema=OFF\n"
      << "key_buffer_size=1M\n"
      << "aria_pagecache_buffer_size=8M\n"
      << "max_allowed_packet=64M\n"
      << "gtid_strict_mode=1\n";
  if (getuid() == 0) out << "user=root\n";
  if (options_.log_bin) {
    out << "log-bin=binlog\n"
        << "binlog_format=ROW\n"
        << "binlog_row_image=FULL\n"
        << "binlog_row_metadata=FULL\n"
        << "sync_binlog=1\n"
        << "binlog_annotate_row_events=OFF\n";  // as the preflight asks of a target
  }
  for (const auto& line : options_.config) out << line << "\n";
  out.close();
  if (out.fail()) return {StatusCode::kInternal, "cannot write " + directory_ + "/my.cnf"};
  return {};
}

Status MariaDbServer::Launch() {
  SRDF_RETURN_IF_ERROR(WriteConfig());
  pid_ = Launcher::Get().Run({FindProgram("mariadbd"), "--defaults-file=" + directory_ + "/my.cnf"},
                             directory_ + "/error.log");
  if (pid_ < 0) {
    pid_ = 0;
    return {StatusCode::kResourceExhausted, "cannot fork"};
  }
  const Status status = WaitUntilReady();
  if (!status.ok()) Kill();
  return status;
}

Status MariaDbServer::WaitUntilReady() {
  const auto deadline = steady_clock::now() + std::chrono::seconds(90);
  Status last;
  while (steady_clock::now() < deadline) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      return {StatusCode::kUnavailable, "mariadbd ended while starting:\n" + ErrorLogTail()};
    }
    auto connection = Connect();
    if (connection.ok()) return {};
    last = connection.status();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return last.WithContext("mariadbd is not ready after 90 s");
}

void MariaDbServer::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

Status MariaDbServer::Stop() {
  if (pid_ <= 0) return {};
  kill(pid_, SIGTERM);
  const auto deadline = steady_clock::now() + std::chrono::seconds(90);
  while (steady_clock::now() < deadline) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Kill();
  return {StatusCode::kDeadlineExceeded, "mariadbd did not stop within 90 s:\n" + ErrorLogTail()};
}

Status MariaDbServer::Restart() {
  SRDF_RETURN_IF_ERROR(Stop());
  return Launch();
}

std::string MariaDbServer::ErrorLogTail() const {
  std::ifstream in(directory_ + "/error.log");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  return text.size() <= 2000 ? text : text.substr(text.size() - 2000);
}

engine::ServerEndpoint MariaDbServer::Endpoint(const std::string& user, const std::string& password) const {
  engine::ServerEndpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port_;
  endpoint.user = user;
  endpoint.password = password;
  return endpoint;
}

Result<std::unique_ptr<engine_mariadb::Connection>> MariaDbServer::Connect() const {
  auto endpoint = Endpoint();
  endpoint.socket = socket();
  return engine_mariadb::Connection::Open(endpoint, {});
}

std::unique_ptr<engine_mariadb::Connection> MariaDbServer::ConnectOrDie() const {
  auto connection = Connect();
  if (!connection.ok()) {
    std::cerr << connection.status().ToString() << "\n" << ErrorLogTail() << std::endl;
    std::abort();
  }
  return std::move(connection).value();
}

Status MariaDbServer::Execute(const std::vector<std::string>& statements) const {
  SRDF_ASSIGN_OR_RETURN(auto connection, Connect());
  for (const auto& sql : statements) {
    const Status status = connection->Execute(sql);
    if (!status.ok()) return status.WithContext(sql.substr(0, 200));
  }
  return {};
}

Result<std::string> MariaDbServer::Value(const std::string& query) const {
  SRDF_ASSIGN_OR_RETURN(auto connection, Connect());
  auto value = connection->QueryValue(query);
  if (!value.ok() && value.status().code() == StatusCode::kNotFound) return std::string("NULL");
  return value;
}

}  // namespace srdf::test
