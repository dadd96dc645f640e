// Comparing: runs a comparison for verify and repair: over gRPC, with progress on stderr, until Ctrl-C.
//
// One thread, once at a time per process: it listens to SIGINT and SIGTERM while it runs.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "compare/comparison.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/verify_report.h"

namespace srdf::ctl {

struct ComparingOptions {
  std::string flow;
  std::string scope;                 // for the report
  uint64_t rows_per_second_max = 0;  // on each side; 0: no limit
  bool progress = true;
  compare::CompareOptions compare;
  // FROM and TO as the operator wrote them, by table: resolved when the table's columns are known.
  std::map<compare::TableName, std::pair<std::string, std::string>> ranges;
};

// Another flow has the same target: what that one has there is none of this one's.
bool SharesTarget(const config::Config& config, const std::string& flow);

// kCancelled after Ctrl-C.
Result<VerifyReport> RunComparison(MeshClient* client, ComparingOptions options);

// Calls `work` with the two sides of a flow and a check for Ctrl-C, which also ends calls that are under way.
Status WithSides(MeshClient* client, const std::string& flow, uint64_t rows_per_second_max,
                 const std::function<Status(compare::Side* source, compare::Side* target)>& work);
// A signal has come since WithSides began.
bool Interrupted();

}  // namespace srdf::ctl
