#include "support/mesh.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace srdf::test {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What the preflight of either side asks for, and nothing more.
constexpr const char* kSourceGrants[] = {
    "GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT, SHOW VIEW ON *.* TO 'srdf'@'127.0.0.1'",
};
constexpr const char* kTargetGrants[] = {
    "GRANT BINLOG REPLAY, PROCESS, SET USER, SELECT, INSERT, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE "
    "VIEW,"
    " SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, EVENT, TRIGGER ON *.* TO 'srdf'@'127.0.0.1'",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON srdf.* TO 'srdf'@'127.0.0.1'",
};
// What copies, comparisons and repairs need besides.
constexpr const char* kSourceCopyGrants[] = {"GRANT EVENT, TRIGGER ON *.* TO 'srdf'@'127.0.0.1'"};
constexpr const char* kTargetCopyGrants[] = {"GRANT DELETE ON *.* TO 'srdf'@'127.0.0.1'"};

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (out.fail()) return {StatusCode::kInternal, "cannot write " + path};
  return {};
}

// A port nobody uses, outside the range of outgoing connections, so that no connection takes it in between.
Result<uint16_t> FreePort() {
  static std::atomic<unsigned> next{static_cast<unsigned>(getpid()) * 37u};
  for (int i = 0; i < 2000; ++i) {
    const auto port = static_cast<uint16_t>(12000 + next++ % 18000);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool free = fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    if (fd >= 0) close(fd);
    if (free) return port;
  }
  return Status(StatusCode::kResourceExhausted, "no free port on 127.0.0.1");
}

std::string BinaryDirectory() {
  const char* chosen = std::getenv("SRDF_BIN_DIR");
  return chosen == nullptr ? SRDF_BIN_DIR : chosen;
}

std::string Sorted(const std::string& gtids) {
  std::vector<std::string> parts;
  std::stringstream in(gtids);
  for (std::string gtid; std::getline(in, gtid, ',');) parts.push_back(gtid);
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

// Polls a condition of the outside world: there is nobody who could signal it.
template <typename Condition>
bool Eventually(std::chrono::milliseconds limit, Condition condition) {
  const auto deadline = steady_clock::now() + limit;
  while (!condition()) {
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return true;
}

// Starts a program; 0 when it cannot be started. The environment is this process's own and what is added.
pid_t Spawn(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& added,
            const std::string& input, const std::string& output, const std::string& errors) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (added.count(text.substr(0, text.find('='))) == 0) variables.push_back(text);
  }
  for (const auto& [key, value] : added) variables.push_back(key + "=" + value);
  const auto pointers = [](const std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
  };
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, arguments.front().c_str(), &files, nullptr, pointers(arguments).data(),
                                pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  return error == 0 ? pid : 0;
}

// Alive, and not merely waiting to be buried.
bool IsAlive(pid_t pid) {
  const std::string stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  const size_t end = stat.rfind(')');
  return end != std::string::npos && end + 2 < stat.size() && stat[end + 2] != 'Z';
}

}  // namespace

Mesh::Mesh(MeshOptions options, std::string directory)
    : options_(std::move(options)), directory_(std::move(directory)) {}

Result<std::unique_ptr<Mesh>> Mesh::Create(const MeshOptions& options) {
  const char* chosen = std::getenv("SRDF_TEST_TMPDIR");
  std::string directory = std::string(chosen == nullptr ? "/tmp" : chosen) + "/srdf-mesh-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) return Status(StatusCode::kInternal, "cannot make " + directory);
  std::unique_ptr<Mesh> mesh(new Mesh(options, directory));
  if (options.beside == nullptr) SRDF_RETURN_IF_ERROR(mesh->CreateUsers());
  SRDF_RETURN_IF_ERROR(mesh->WriteConfig());
  if (options.beside == nullptr) {
    SRDF_RETURN_IF_ERROR(mesh->MakeCertificates());
    if (options.init_flow) SRDF_RETURN_IF_ERROR(mesh->InitFlow());
    if (!options.site.empty()) SRDF_RETURN_IF_ERROR(mesh->MakeKeyRing());
  }
  SRDF_RETURN_IF_ERROR(mesh->StartGuardian());
  mesh->sampler_ = std::jthread([raw = mesh.get()](const std::stop_token& stop) { raw->Sample(stop); });
  return mesh;
}

Mesh::~Mesh() {
  if (sampler_.joinable()) {
    sampler_.request_stop();
    sampler_.join();
  }
  const bool failed = ::testing::Test::HasFailure();
  if (const Status status = failed ? KillAll() : Down(); !status.ok()) {
    std::cerr << status.ToString() << std::endl;
    (void)KillAll();
  }
  if (guardian_ != 0) {
    kill(guardian_, SIGKILL);
    waitpid(guardian_, nullptr, 0);
  }
  if (guardian_pipe_ >= 0) close(guardian_pipe_);
  if (failed || std::getenv("SRDF_TEST_KEEP") != nullptr) {
    std::cerr << "kept: " << directory_ << std::endl;
    return;
  }
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

// A shell at the other end of a pipe: should this process be killed, it reads the end of the pipe and ends
// the supervisor, which would otherwise stay behind.
Status Mesh::StartGuardian() {
  const std::string fifo = directory_ + "/guardian";
  if (mkfifo(fifo.c_str(), 0600) != 0) return {StatusCode::kInternal, "cannot make " + fifo};
  const std::string script =
      "cat >/dev/null; pid=$(cat \"$0/data/run/supervisor.pid\") && grep -q \"$0\" \"/proc/$pid/cmdline\" && "
      "kill -9 \"$pid\"";
  // Opened for both, so that opening waits for nobody; closed in children.
  guardian_pipe_ = open(fifo.c_str(), O_RDWR | O_CLOEXEC);
  guardian_ = Spawn({"/bin/sh", "-c", script, directory_}, {}, fifo, "/dev/null", "/dev/null");
  if (guardian_ == 0) return {StatusCode::kInternal, "cannot start the guardian"};
  return {};
}

Status Mesh::CreateUsers() {
  const std::string create = "CREATE OR REPLACE USER 'srdf'@'127.0.0.1' IDENTIFIED BY 'test-only'";
  std::vector<std::string> at_source = {create};
  at_source.insert(at_source.end(), std::begin(kSourceGrants), std::end(kSourceGrants));
  std::vector<std::string> at_target = {create};
  at_target.insert(at_target.end(), std::begin(kTargetGrants), std::end(kTargetGrants));
  if (options_.may_copy) {
    at_source.insert(at_source.end(), std::begin(kSourceCopyGrants), std::end(kSourceCopyGrants));
    at_target.insert(at_target.end(), std::begin(kTargetCopyGrants), std::end(kTargetCopyGrants));
  }
  SRDF_RETURN_IF_ERROR(options_.source->Execute(at_source));
  return options_.target->Execute(at_target);
}

Status Mesh::WriteConfig() {
  SRDF_RETURN_IF_ERROR(WriteFile(directory_ + "/password", "test-only\n"));
  if (chmod((directory_ + "/password").c_str(), 0600) != 0) return {StatusCode::kInternal, "chmod failed"};
  std::ostringstream yaml;
  const Mesh* first = options_.beside;
  yaml << "mesh: test\ndata_dir: " << (first == nullptr ? this : first)->data_dir()
       << "\nlog: {level: debug, format: text}\n";
  // The ring of the first site, as an operator would copy it.
  if (first != nullptr) yaml << "key_ring_file: " << first->data_dir() << "/security/keys\n";
  for (const std::string& line : options_.lines) yaml << line << "\n";
  yaml << "services:\n";
  for (const std::string& service : kServices) {
    if (first == nullptr) {
      SRDF_ASSIGN_OR_RETURN(grpc_ports_[service], FreePort());
      SRDF_ASSIGN_OR_RETURN(metrics_ports_[service], FreePort());
    } else {
      grpc_ports_[service] = first->grpc_port(service);
      metrics_ports_[service] = first->metrics_port(service);
    }
    const bool at_target = service == "receiver" || service == "applier";
    yaml << "  " << service << ": {listen: '" << options_.hosts.at(at_target ? "target" : "source") << ":"
         << grpc_ports_[service] << "', metrics: '127.0.0.1:" << metrics_ports_[service] << "'";
    if (const auto found = options_.addresses.find(service); found != options_.addresses.end())
      yaml << ", address: '" << found->second << "'";
    yaml << "}\n";
  }
  const auto server = [&](const MariaDbServer& database) {
    return "engine: mariadb, host: 127.0.0.1, port: " + std::to_string(database.port()) +
           ", user: srdf, password_file: " + directory_ + "/password";
  };
  yaml << "flows:\n  - name: " << options_.flow << "\n    source: {" << server(*options_.source)
       << ", server_id: 900001}\n    target: {" << server(*options_.target) << "}\n";
  for (const auto& [key, value] : options_.settings) yaml << "    " << key << ": " << value << "\n";
  return WriteFile(config_path(), yaml.str());
}

// On loopback `srdfctl up` does it by itself.
Status Mesh::MakeCertificates() {
  if (options_.hosts.at("source") == "127.0.0.1") return {};
  const CommandResult result = Ctl({"cert", "dev"});
  if (result.exit_code != 0) return {StatusCode::kInternal, "cert dev failed: " + result.errors};
  return {};
}

Status Mesh::InitFlow() {
  SRDF_ASSIGN_OR_RETURN(const std::string position, SourcePosition());
  const CommandResult result = Ctl({"flow", "init", options_.flow, "--position", position});
  if (result.exit_code != 0)
    return {StatusCode::kInternal, "flow init failed: " + result.output + result.errors};
  return {};
}

Status Mesh::MakeKeyRing() {
  const CommandResult result = Ctl({"key", "add"});
  if (result.exit_code != 0)
    return {StatusCode::kInternal, "key add failed: " + result.output + result.errors};
  return {};
}

CommandResult Mesh::Run(const std::vector<std::string>& arguments) const {
  static std::atomic<int> number{0};
  const std::string base = directory_ + "/command." + std::to_string(number++);
  CommandResult result;
  const pid_t pid = Spawn(arguments, options_.environment, "/dev/null", base + ".out", base + ".err");
  if (pid == 0) {
    result.exit_code = 127;
    result.errors = "cannot run " + arguments.front();
    return result;
  }
  int wait_status = 0;
  waitpid(pid, &wait_status, 0);
  result.exit_code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
  result.output = ReadFile(base + ".out");
  result.errors = ReadFile(base + ".err");
  std::error_code ignored;
  fs::remove(base + ".out", ignored);
  fs::remove(base + ".err", ignored);
  return result;
}

CommandResult Mesh::Ctl(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {BinaryDirectory() + "/srdfctl"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--config", config_path()});
  return Run(command);
}

CommandResult Mesh::Sqlite(const std::string& file, const std::string& statement) const {
  return Run({"/usr/bin/sqlite3", "-batch", "-cmd", ".timeout 10000", data_dir() + "/" + file, statement});
}

Status Mesh::Up() {
  std::vector<std::string> command = {"up", "--detach"};
  if (options_.restart_pause.count() != 0) {
    command.insert(command.end(), {"--restart-pause-ms", std::to_string(options_.restart_pause.count())});
  }
  if (!options_.site.empty()) {
    command.insert(command.end(), {"--site", options_.site, "--data-dir", data_dir()});
  }
  const CommandResult result = Ctl(command);
  if (result.exit_code != 0) {
    return {StatusCode::kUnavailable, "srdfctl up failed (" + std::to_string(result.exit_code) + "): " +
                                          result.output + result.errors + ReadFile(log_path("supervisor"))};
  }
  return {};
}

Status Mesh::Down() {
  if (ReadMesh().empty() || ReadMesh().value("phase", "") == "stopped") return {};
  const CommandResult result = Ctl({"down", "--data-dir", data_dir()});
  if (result.exit_code != 0)
    return {StatusCode::kInternal, "srdfctl down failed: " + result.output + result.errors};
  return {};
}

Result<nlohmann::json> Mesh::StatusJson() const {
  const CommandResult result = Ctl({"status", "--output", "json"});
  nlohmann::json status = nlohmann::json::parse(result.output, nullptr, false);
  if (status.is_discarded()) {
    return Status(StatusCode::kUnavailable, "srdfctl status says no JSON: " + result.output + result.errors);
  }
  return status;
}

nlohmann::json Mesh::ReadMesh() const {
  nlohmann::json mesh = nlohmann::json::parse(ReadFile(data_dir() + "/run/mesh.json"), nullptr, false);
  return mesh.is_discarded() ? nlohmann::json::object() : mesh;
}

pid_t Mesh::Pid(const std::string& service) const {
  const nlohmann::json mesh = ReadMesh();
  if (!mesh.contains("services")) return 0;
  for (const nlohmann::json& entry : mesh["services"]) {
    if (entry.value("name", "") != service || entry.value("state", "") != "running") continue;
    const pid_t pid = entry.value("pid", 0);
    return pid > 0 && IsAlive(pid) ? pid : 0;
  }
  return 0;
}

int Mesh::Starts(const std::string& service) const {
  const nlohmann::json mesh = ReadMesh();
  if (!mesh.contains("services")) return 0;
  for (const nlohmann::json& entry : mesh["services"]) {
    if (entry.value("name", "") == service) return entry.value("starts", 0);
  }
  return 0;
}

Status Mesh::Kill(const std::string& service) {
  pid_t pid = 0;
  if (!Eventually(milliseconds(20000), [&] { return (pid = Pid(service)) != 0; })) {
    return {StatusCode::kDeadlineExceeded, service + " was not started again within 20 s"};
  }
  if (kill(pid, SIGKILL) != 0 || !Eventually(milliseconds(10000), [&] { return !IsAlive(pid); })) {
    return {StatusCode::kInternal, service + " could not be killed"};
  }
  return {};
}

Status Mesh::KillAll() {
  const nlohmann::json mesh = ReadMesh();
  const pid_t supervisor = mesh.value("pid", 0);
  if (supervisor <= 0 || mesh.value("phase", "") == "stopped") return {};
  // A number from an old file might be somebody else's by now.
  if (ReadFile("/proc/" + std::to_string(supervisor) + "/cmdline").find("srdfctl") == std::string::npos)
    return {};
  std::vector<pid_t> pids = {supervisor};
  for (const std::string& service : kServices) pids.push_back(Pid(service));
  kill(supervisor, SIGKILL);
  const bool gone = Eventually(milliseconds(20000), [&] {
    return std::none_of(pids.begin(), pids.end(), [](pid_t pid) { return pid > 0 && IsAlive(pid); });
  });
  if (!gone) return {StatusCode::kInternal, "services outlive their supervisor"};
  return {};
}

Result<std::string> Mesh::SourcePosition() const {
  SRDF_ASSIGN_OR_RETURN(const std::string position,
                        options_.source->Value("SELECT @@GLOBAL.gtid_binlog_pos"));
  return Sorted(position);
}

Result<std::string> Mesh::Checkpoint() const {
  SRDF_ASSIGN_OR_RETURN(
      const std::string position,
      options_.target->Value("SELECT gtid FROM srdf.checkpoint WHERE flow = '" + options_.flow + "'"));
  return Sorted(position);
}

Status Mesh::WaitCaughtUp(std::chrono::seconds deadline) const {
  std::string source = "unknown";
  std::string target = "unknown";
  const bool caught_up = Eventually(deadline, [&] {
    source = SourcePosition().ok() ? *SourcePosition() : "unknown";
    target = Checkpoint().ok() ? *Checkpoint() : "away";
    return source == target;
  });
  if (caught_up) return {};
  return {StatusCode::kDeadlineExceeded, "after " + std::to_string(deadline.count()) +
                                             " s the source is at " + source + " and the target at " +
                                             target + "\n" + Ctl({"status"}).output};
}

double Mesh::RssMaxMiB(const std::string& service) const {
  std::lock_guard lock(mu_);
  const auto found = rss_max_mib_.find(service);
  return found == rss_max_mib_.end() ? 0 : found->second;
}

void Mesh::Sample(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    for (const std::string& service : kServices) {
      const pid_t pid = Pid(service);
      if (pid == 0) continue;
      std::istringstream status(ReadFile("/proc/" + std::to_string(pid) + "/status"));
      for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmHWM:", 0) != 0) continue;
        const double mib = std::strtod(line.c_str() + 6, nullptr) / 1024;
        std::lock_guard lock(mu_);
        rss_max_mib_[service] = std::max(rss_max_mib_[service], mib);
      }
    }
    std::this_thread::sleep_for(milliseconds(50));
  }
}

}  // namespace srdf::test
