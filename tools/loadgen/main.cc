// srdf-loadgen: a mixed workload against a MariaDB server, for demonstrations, tests and benchmarks.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "loadgen/load.h"

namespace {

using srdf::Result;
using srdf::Status;
using srdf::loadgen::LoadOptions;
using srdf::loadgen::Report;

constexpr const char* kExamples = R"(Examples:
  # the tables and their first rows, then half a minute of everything from four threads
  srdf-loadgen --socket /run/mysqld/mysqld.sock --user root --init --seconds 30

  # 200 transactions per second until Ctrl-C, from a server that is restarted meanwhile
  srdf-loadgen --port 3401 --user app --password-file app.pw --seconds 0 --rate 200 --reconnect

  # exactly 2000 small transactions; then one single transaction of 300 MB
  srdf-loadgen --port 3401 --user app --password-file app.pw --backlog 2000
  srdf-loadgen --port 3401 --user app --password-file app.pw --huge-transaction-mb 300

The report is one line of JSON on standard output, progress goes to standard error. Exit status 0 when the
load was made as asked for, or ended by SIGINT or SIGTERM; 1 on an error; 2 for wrong options.)";

// "\r" on a terminal, a line every ten seconds elsewhere.
void ShowProgress(const Report& report) {
  static const bool terminal = isatty(STDERR_FILENO) == 1;
  static double shown = 0;
  if (!terminal && report.seconds - shown < 10 && report.seconds >= shown) return;
  shown = report.seconds;
  fmt::print(stderr, "{}{:5.0f} s  {:>9} transactions  {:>10} rows  {:>4} deadlocks  {:>3} DDL{}",
             terminal ? "\r" : "", report.seconds, report.transactions, report.rows, report.deadlocks,
             report.ddl, terminal ? "" : "\n");
}

// Asks the load to end when SIGINT or SIGTERM comes.
class SignalStop {
 public:
  SignalStop() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::thread([this] {
      int signal = 0;
      sigwait(&signals_, &signal);
      stop_.request_stop();
    }).detach();
  }
  std::stop_token token() const { return stop_.get_token(); }

 private:
  sigset_t signals_;
  std::stop_source stop_;
};

int Fail(const Status& status) {
  fmt::print(stderr, "srdf-loadgen: {}\n", status.ToString());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  LoadOptions options;
  options.server.user = "root";
  std::string password_file;
  bool init = false;
  bool no_ddl = false;
  bool quiet = false;
  uint64_t backlog = 0;
  uint64_t huge_mb = 0;

  CLI::App app("Makes a mixed workload on a MariaDB server.");
  app.footer(kExamples);
  app.add_option("--host", options.server.host, "server")->capture_default_str();
  app.add_option("--port", options.server.port, "its TCP port")->capture_default_str();
  app.add_option("--socket", options.server.socket, "its socket, instead of host and port");
  app.add_option("--user", options.server.user, "user")->capture_default_str();
  app.add_option("--password-file", password_file, "file whose first line is the password")
      ->check(CLI::ExistingFile);
  app.add_option("--database", options.database, "the database worked on")->capture_default_str();
  app.add_flag("--init", init, "first drop and create the database, with its first rows");
  app.add_option("--seconds", options.seconds, "how long; 0: until a signal, or with --init not at all")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "connections that work at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  CLI::Option* seed =
      app.add_option("--seed", options.seed, "of all random choices; printed (default: random)");
  app.add_option("--rate", options.rate, "transactions per second, all threads together; 0: no limit")
      ->capture_default_str();
  app.add_flag("--no-ddl", no_ddl, "no DDL statements in the middle");
  app.add_flag("--reconnect", options.reconnect, "survive restarts of the server");
  CLI::Option* backlog_option =
      app.add_option("--backlog", backlog, "exactly so many small transactions, nothing else");
  app.add_option("--huge-transaction-mb", huge_mb, "one transaction of so many MB, nothing else")
      ->excludes(backlog_option);
  app.add_flag("--quiet", quiet, "no progress");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }

  options.ddl = !no_ddl;
  if (seed->count() == 0) options.seed = std::random_device()() % 1000000;
  if (!quiet) options.progress = ShowProgress;
  if (!password_file.empty()) std::getline(std::ifstream(password_file), options.server.password);

  const SignalStop stop;
  fmt::print(stderr, "seed {}\n", options.seed);
  if (init) {
    const Status status = srdf::loadgen::Init(options);
    if (!status.ok()) return Fail(status);
    if (options.seconds == 0 && backlog == 0 && huge_mb == 0) {
      std::cout << Report{.seed = options.seed}.ToJson() << std::endl;
      return 0;
    }
  }
  const Result<Report> report = backlog != 0 ? srdf::loadgen::RunBacklog(options, backlog, stop.token())
                                : huge_mb != 0
                                    ? srdf::loadgen::RunHugeTransaction(options, huge_mb, stop.token())
                                    : srdf::loadgen::RunMixed(options, stop.token());
  if (!quiet && isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\n");
  if (!report.ok()) return Fail(report.status());
  std::cout << report->ToJson() << std::endl;
  return 0;
}
