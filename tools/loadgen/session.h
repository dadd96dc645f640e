// Session: a worker's connection, which comes back after the server was away, and counts what it did.
//
// Driven by one thread.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine_mariadb/connection.h"
#include "loadgen/load.h"

namespace srdf::loadgen {

class Session {
 public:
  Session(const LoadOptions& options, std::stop_token stop) : options_(options), stop_(std::move(stop)) {}

  // Connected, if need be after waiting for the server (LoadOptions::reconnect).
  Status Ensure();
  // One transaction, or one statement outside of any. kAborted: the server rolled it back, or it was lost
  // with the connection; either way the session is ready for the next one.
  Status Run(const std::vector<std::string>& statements);
  Result<std::string> QueryValue(const std::string& sql);

  Report& report() { return report_; }

 private:
  // Adds the rows the statement changed to `rows`, which Connection::Execute does not tell.
  Status Execute(const std::string& statement, uint64_t* rows);
  Status Lost(const Status& status, bool committing);

  const LoadOptions& options_;
  const std::stop_token stop_;
  std::unique_ptr<engine_mariadb::Connection> connection_;
  bool connected_before_ = false;
  Report report_;
};

}  // namespace srdf::loadgen
