// srdfctl explain: every change of one row that outbox and inbox still have.
#pragma once

#include <cstdint>
#include <string>

#include "srdfctl/commands.h"

namespace srdf::ctl {

struct ExplainOptions {
  std::string flow;
  std::string key;       // database.table:key
  int64_t since_ms = 0;  // wagons sealed before it are not looked at
  uint32_t limit = 100;  // changes
  bool values = false;
  bool thorough = false;  // wagons that do not name the table too
};
// Fails when nothing was found.
int Explain(const GlobalOptions& global, const ExplainOptions& options);

}  // namespace srdf::ctl
