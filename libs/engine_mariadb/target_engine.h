// The target side of MariaDB: engine::TargetEngine.
//
// Rows are executed as the row events they were at the source (native: BINLOG statements) or as SQL
// statements (docs/operations/apply-methods.md), in one transaction with the checkpoint in schema `srdf`; DDL
// runs under an intent record. See docs/formats/target-schema.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/sink.h"

namespace srdf::engine_mariadb {

enum class ApplyMethod {
  kAuto,  // native where the user may, else SQL: decided by each Connect and Preflight
  kNative,
  kSql,
};
// Of the setting's words; anything else is kAuto, which the settings table has excluded.
ApplyMethod ApplyMethodOf(std::string_view word);

struct TargetOptions {
  engine::ServerEndpoint endpoint;
  std::string flow;  // the flow whose wagons come; for messages
  // Written as server_id of everything this side logs, so that capture at the target can leave it out; 0: the
  // target's own id. Needs BINLOG REPLAY: with SQL apply, writes of a user without it keep the target's id.
  uint32_t origin_server_id = 0;
  ApplyMethod apply_method = ApplyMethod::kAuto;
  // Rows that are not what whole before images say they were are divergences: for flows with before_image
  // full.
  bool compare_before_images = false;
};

std::unique_ptr<engine::TargetEngine> NewTargetEngine(TargetOptions options);

}  // namespace srdf::engine_mariadb
