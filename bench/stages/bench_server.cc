#include "stages/bench_server.h"

#include <memory>

#include "stages/bench_rows.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

std::unique_ptr<test::MariaDbServer> server;

}  // namespace

test::MariaDbServer& BenchServer() {
  if (server == nullptr) {
    test::MariaDbServerOptions options;
    options.buffer_pool_size = "256M";
    options.config = {"innodb_log_file_size=256M", "binlog_annotate_row_events=0"};
    server = Must(test::MariaDbServer::Start(options));
    Must(server->Execute(CreateTablesSql()));
  }
  return *server;
}

void StopBenchServer() { server.reset(); }

}  // namespace srdf::bench
