// MariaDB as a source: the door through which services use this library's capture side.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/source.h"

namespace srdf::engine_mariadb {

struct SourceOptions {
  engine::ServerEndpoint endpoint;
  uint32_t server_id = 0;            // as a replica; unique among the source and its replicas
  std::string before_image = "key";  // "key" | "full", see run_builder.h
  unsigned heartbeat_ms = 1000;      // the server shows a sign of life after so much silence
  // Transactions that follow each other within this time are handed on together: a message to the batcher
  // costs as much as dozens of small transactions. What comes after a longer pause is handed on at once.
  unsigned gather_ms = 0;
  // Other servers of the source's cluster that log the same transactions (log_slave_updates): one of them is
  // read when those before it cannot be reached (failover_reader.h).
  std::vector<engine::ServerEndpoint> alternates = {};
  // Updates carry whole after images: SQL apply writes whole rows many at a time, parts of rows one by one.
  bool whole_after_images = false;
};

std::unique_ptr<engine::SourceEngine> NewSourceEngine(SourceOptions options);

}  // namespace srdf::engine_mariadb
