// VerificationStore: the last comparison of source and target of each flow, in the target: srdf.verification
// (docs/formats/target-schema.md).
//
// Any thread, one at a time; each call opens a connection of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "engine/source.h"

namespace srdf::engine_mariadb {

struct Verification {
  std::string scope;  // "all tables", or which, in words
  std::string gtid;   // the last place of the source's log at which both sides were compared
  int64_t started_at_ms = 0;
  int64_t completed_at_ms = 0;
  uint64_t tables = 0;
  uint64_t tables_differing = 0;
  uint64_t tables_not_compared = 0;
  uint64_t rows_source = 0;
  uint64_t rows_target = 0;
  uint64_t missing = 0;
  uint64_t extra = 0;
  uint64_t different = 0;
  std::string actor;

  friend bool operator==(const Verification&, const Verification&) = default;
};

class VerificationStore {
 public:
  explicit VerificationStore(engine::ServerEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  // In place of the one before; durable on return. Makes the table when it is not there, and its columns.
  Status Record(const std::string& flow, const Verification& verification);
  // Nothing when there was none, or only one of before there were tables_not_compared.
  Result<std::optional<Verification>> Last(const std::string& flow);

 private:
  const engine::ServerEndpoint endpoint_;
};

}  // namespace srdf::engine_mariadb
