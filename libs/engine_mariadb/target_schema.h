// The tables of schema `srdf` at a target: `checkpoint`, `apply_log`, `ddl_intent`, `xa_prepared`, whose rows
// target_prepared.h reads and writes, and `skipped_wagon` (target_skips.h). One place for their SQL.
//
// docs/formats/target-schema.md describes every column. Functions that write do so inside the caller's
// transaction, unless they say otherwise.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "engine/sink.h"
#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

// Creates what is missing; runs no DDL when all is there.
Status EnsureTargetSchema(Connection* connection);

// With `lock`, the row stays locked until the transaction ends: two appliers of one flow cannot pass.
std::string SelectCheckpointStatement(const Connection& connection, const std::string& flow, bool lock);
// What that statement has found.
std::optional<engine::Checkpoint> CheckpointOf(const std::string& flow, const std::vector<ResultRow>& rows);
Status InsertCheckpoint(Connection* connection, const engine::Checkpoint& checkpoint);
struct ApplyLogEntry {
  uint64_t rows = 0;
  uint64_t statements = 0;
  uint64_t server_statements = 0;
  uint64_t duration_us = 0;
};
// In an open transaction, for a flow that has its row: moves the checkpoint to the wagon and writes its entry
// of apply_log, in one round trip; now and then also removes entries older than some thousands of wagons.
// kInternal, and nothing is written, when the transaction is gone or the row is.
Status MoveCheckpoint(Connection* connection, const WagonHeader& header, const std::string& wagon_hash,
                      const ApplyLogEntry& entry);
// The same for a wagon whose whole transaction is sent in one packet, as the statements between START
// TRANSACTION and the rows. The last of them fails, so that nothing behind it runs, unless the wagon follows
// the checkpoint (not the first wagon of a flow: what that follows takes more to tell) and `settings`, an SQL
// expression, is true. Removes nothing.
bool IsPruneDue(const WagonHeader& header);
constexpr size_t kFollowStatements = 3;
std::string FollowCheckpointStatements(const Connection& connection, const WagonHeader& header,
                                       const std::string& wagon_hash, const ApplyLogEntry& entry,
                                       std::string_view settings);
// Rows of all tables but checkpoint of a flow that starts anew.
Status DeleteFlowLogs(Connection* connection, const std::string& flow);

// Stored as text: docs/formats/target-schema.md.
enum class DdlIntentState { kBegun, kDone, kFailed };

// A DDL statement that is about to run, has run, or was refused. `number` counts the statements of one wagon
// from 1.
struct DdlIntent {
  unsigned number = 1;
  std::string wagon_uid;
  std::string sql_digest;          // SHA-256 of the statement, 32 bytes
  std::string sql_text;            // beginning of the statement, for people
  std::string fingerprint_before;  // ddl_fingerprint.h, 32 bytes
  DdlIntentState state = DdlIntentState::kBegun;
  bool has_run = false;           // the target has noted its success (ddl_mark.h)
  bool server_restarted = false;  // since it was begun; in doubt true
};
Result<std::optional<DdlIntent>> SelectDdlIntent(Connection* connection, const WagonHeader& header,
                                                 unsigned number);
// These commit by themselves; not to be called inside a transaction.
Status InsertDdlIntent(Connection* connection, const WagonHeader& header, const DdlIntent& intent);
// A statement that is known not to have run is about to run again: begun, with the intent's fingerprint.
Status RestartDdlIntent(Connection* connection, const WagonHeader& header, const DdlIntent& intent);
// The target refused the statement.
Status FailDdlIntent(Connection* connection, const WagonHeader& header, const DdlIntent& intent);
// The statement that notes that a begun one has run; in any session context and character set.
std::string DdlMarkStatement(const WagonHeader& header, unsigned number);
// Marks all intents of the wagon as done.
Status FinishDdlIntents(Connection* connection, const WagonHeader& header);

}  // namespace srdf::engine_mariadb
