// The target side of MariaDB: engine::TargetEngine with native apply.
//
// Rows are executed as the row events they were at the source (BINLOG statements), in one transaction with
// the checkpoint in schema `srdf`; DDL runs under an intent record. See docs/formats/target-schema.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/sink.h"

namespace srdf::engine_mariadb {

struct TargetOptions {
  engine::ServerEndpoint endpoint;
  std::string flow;  // the flow whose wagons come; for messages
  // Written as server_id of everything this side logs, so that capture at the target can leave it out; 0: the
  // target's own id.
  uint32_t origin_server_id = 0;
};

std::unique_ptr<engine::TargetEngine> NewTargetEngine(TargetOptions options);

}  // namespace srdf::engine_mariadb
