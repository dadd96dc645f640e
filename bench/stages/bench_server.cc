#include "stages/bench_server.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "stages/bench_rows.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

std::unique_ptr<test::MariaDbServer> server;

// New tables are still being written for a while, at the cost of who is measured first.
void WaitUntilClean() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  Must(server->Execute({"SET GLOBAL innodb_max_dirty_pages_pct = 0"}));
  const std::string dirty =
      "SELECT variable_value FROM information_schema.global_status"
      " WHERE variable_name = 'Innodb_buffer_pool_pages_dirty'";
  while (std::stoul(Must(server->Value(dirty))) > 100 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  Must(server->Execute({"SET GLOBAL innodb_max_dirty_pages_pct = 90"}));
}

}  // namespace

test::MariaDbServer& BenchServer() {
  if (server == nullptr) {
    test::MariaDbServerOptions options;
    options.buffer_pool_size = "256M";
    options.config = {"innodb_log_file_size=256M", "binlog_annotate_row_events=0"};
    server = Must(test::MariaDbServer::Start(options));
    Must(server->Execute(CreateTablesSql()));
    WaitUntilClean();
  }
  return *server;
}

void StopBenchServer() { server.reset(); }

}  // namespace srdf::bench
