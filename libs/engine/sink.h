// What the applier needs of a target engine: the checkpoint, and one wagon in one transaction.
//
// One adapter per engine implements this (engine_mariadb/). Driven by one thread; blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/source.h"
#include "model/position.h"
#include "model/schema.h"
#include "model/skip.h"
#include "model/statement.h"
#include "model/wagon.h"

namespace srdf::engine {

// The last wagon applied, as the target database itself says. sequence 0 is the starting point of a flow:
// nothing applied yet, `position` is where the initial copy was taken.
struct Checkpoint {
  std::string flow;
  uint64_t epoch = 1;
  uint64_t sequence = 0;
  std::string wagon_uid;
  std::string wagon_hash;  // 32 bytes; zeros at sequence 0
  SourcePosition position;
  int64_t source_commit_time_ms = 0;
};

// How the records of one wagon's payload reach the applier, without the whole payload in memory.
class PayloadReader {
 public:
  virtual ~PayloadReader() = default;
  // The next records: a whole number of them, at most a few MiB unless one record is larger; empty at the
  // end. The view is valid until the next call.
  virtual Result<std::string_view> Next() = 0;
};

struct ApplyStats {
  uint64_t rows = 0;
  uint64_t statements = 0;
  uint64_t server_statements = 0;       // round trips
  std::vector<std::string> marks = {};  // that the wagon held (model/mark.h)
};

class TargetSession {
 public:
  virtual ~TargetSession() = default;
  // How rows are written, in the words of the setting apply_method: "native", "sql".
  virtual std::string_view apply_method() const = 0;
  // Reads the flow's checkpoint; nothing when the flow was never started on this target.
  virtual Result<std::optional<Checkpoint>> ReadCheckpoint(const std::string& flow) = 0;
  // Records the starting point of a flow. Idempotent for the same position; kAlreadyExists when the flow has
  // another checkpoint already.
  virtual Status InitCheckpoint(const Checkpoint& start) = 0;
  // Applies the wagon and moves the checkpoint, in one transaction (a DDL statement of the wagon runs first,
  // under its intent record). On return with OK both are durable. Errors: kAborted (deadlock, lock timeout:
  // rolled back, call again at once), kUnavailable and kOutcomeUnknown (connection lost: open a new session,
  // read the checkpoint), kDivergence and others (rolled back; the message names table and row).
  // Precondition: header.sequence == checkpoint.sequence + 1, checked again inside the transaction.
  virtual Result<ApplyStats> Apply(const WagonHeader& header, const std::string& wagon_hash,
                                   PayloadReader* payload) = 0;
  // Moves the checkpoint past the wagon without applying anything of it, and keeps the decision in the
  // target, in one transaction; the same checks and errors as Apply. The target lacks the wagon's changes
  // from then on.
  virtual Status Skip(const WagonHeader& header, const std::string& wagon_hash,
                      const SkipDecision& decision) = 0;
  // Sequences of the wagons of this epoch that were skipped here: newest first, at most kSkippedToldMax.
  virtual Result<std::vector<uint64_t>> SkippedWagons(const std::string& flow, uint64_t epoch) = 0;
  static constexpr uint64_t kSkippedToldMax = 1000;
};

class TargetEngine {
 public:
  virtual ~TargetEngine() = default;
  virtual Result<std::vector<PreflightProblem>> Preflight() = 0;
  // Connects and prepares the schema `srdf` (created when missing).
  virtual Result<std::unique_ptr<TargetSession>> Connect() = 0;
  // A consistent snapshot of the target as it is now, with the flow's checkpoint in it. Opens its own
  // connection; any thread. kUnimplemented: this engine cannot.
  virtual Result<std::unique_ptr<Snapshot>> OpenSnapshot(const std::string& flow) {
    return Status(StatusCode::kUnimplemented, "this target cannot be read by snapshots: " + flow);
  }
};

}  // namespace srdf::engine
