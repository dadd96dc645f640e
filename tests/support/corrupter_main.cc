// srdf-corrupt: makes the vault at a server, writes to it, or damages it, for trying comparisons by hand.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "support/corrupter.h"
#include "support/vault.h"

namespace {

using namespace srdf;
using namespace srdf::test;

constexpr const char* kExamples = R"(Examples:
  srdf-corrupt --port 3401 --init --rows 20000           the vault and its rows, at the source
  srdf-corrupt --port 3401 --load-seconds 60 --rate 100  writes to its odd rows
  srdf-corrupt --port 3402 --count 200 --seed 7          damages even rows, at the target; says which)";

struct Options {
  engine::ServerEndpoint server;
  uint64_t rows = 2000;
  uint64_t seed = 1;
  bool init = false;
  int load_seconds = 0;
  uint64_t rate = 0;
  int count = 0;
};

Result<std::unique_ptr<engine_mariadb::Connection>> Connect(const Options& options) {
  return engine_mariadb::Connection::Open(options.server, {});
}

Status Run(const Options& options) {
  SRDF_ASSIGN_OR_RETURN(const auto connection, Connect(options));
  if (options.init) {
    for (const std::string& statement : VaultSchema()) SRDF_RETURN_IF_ERROR(connection->Execute(statement));
    for (const std::string& statement : VaultRows(1, options.rows, options.seed))
      SRDF_RETURN_IF_ERROR(connection->Execute(statement));
  }
  if (options.load_seconds > 0) {
    VaultLoad load([&] { return Connect(options); }, options.rows, options.seed, options.rate);
    std::this_thread::sleep_for(std::chrono::seconds(options.load_seconds));
    SRDF_ASSIGN_OR_RETURN(const uint64_t transactions, load.Stop());
    fmt::print("{} transactions\n", transactions);
  }
  if (options.count > 0) {
    SRDF_ASSIGN_OR_RETURN(const auto corruptions,
                          Corrupter(connection.get(), options.rows, options.seed).Corrupt(options.count));
    for (const Corruption& corruption : corruptions) fmt::print("{}\n", corruption.what);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("srdf-corrupt: a database that is hard to compare, and damage to it");
  app.footer(kExamples);
  Options options;
  options.server.host = "127.0.0.1";
  options.server.user = "root";
  app.add_option("--host", options.server.host)->capture_default_str();
  app.add_option("--port", options.server.port)->required();
  app.add_option("--user", options.server.user)->capture_default_str();
  app.add_option("--password", options.server.password);
  app.add_option("--rows", options.rows, "of each table")->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_flag("--init", options.init, "create the database vault; what was there is dropped");
  app.add_option("--load-seconds", options.load_seconds, "write for so long");
  app.add_option("--rate", options.rate, "transactions per second; 0: as fast as it goes");
  app.add_option("--count", options.count, "damages so many rows");
  CLI11_PARSE(app, argc, argv);
  const Status status = Run(options);
  if (status.ok()) return 0;
  fmt::print(stderr, "srdf-corrupt: {}\n", status.ToString());
  return 1;
}
