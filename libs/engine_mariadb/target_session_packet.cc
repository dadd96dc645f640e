// A small wagon in one packet: START TRANSACTION; checkpoint, if the wagon follows it; rows; COMMIT.
//
// The server runs the statements one after the other and stops at the first that fails. What can have come of
// it is then told by the order: nothing is committed unless everything before the COMMIT has succeeded, and
// the statement that moves the checkpoint fails unless the wagon follows it. When this process dies in
// between, the server may still commit: whoever comes next waits for the checkpoint's lock, and finds the
// wagon applied.
#include <chrono>

#include "engine_mariadb/target_schema.h"
#include "engine_mariadb/target_session.h"
#include "failpoint/failpoint.h"

namespace srdf::engine_mariadb {

namespace {

// Above, a round trip is little beside the rows.
constexpr uint64_t kSmallBytesMax = 64u << 10;
// Of the packet, beside the rows: positions of many domains may be long, but not as long as this.
constexpr uint64_t kOtherBytesMax = 16u << 10;

}  // namespace

// The first wagon of a flow is checked against more than the UPDATE can see, pruning takes statements of its
// own, and while tables are copied rows are asked for.
bool MariaDbTargetSession::MayGoInOnePacket(const WagonHeader& header) {
  return header.statements == 0 && header.sequence > 1 && header.first.copy.empty() && !IsPruneDue(header);
}

Result<std::optional<engine::ApplyStats>> MariaDbTargetSession::ApplyInOnePacket(
    const WagonHeader& header, const std::string& wagon_hash, WholePayload* payload) {
  const auto started = std::chrono::steady_clock::now();
  SRDF_ASSIGN_OR_RETURN(const bool whole, payload->ReadWhole(header.payload_raw_bytes, kSmallBytesMax));
  if (!whole) return std::optional<engine::ApplyStats>();
  rows_->BeginWagon(origin_server_id_, static_cast<uint32_t>(header.commit_time_last_ms / 1000));
  // What is wrong with it is said by the other way, in the order in which it checks.
  if (!rows_->Hold() || !HoldRows(payload->whole()).ok()) return std::optional<engine::ApplyStats>();
  const std::string_view rows = rows_->Held();
  const engine::ApplyStats stats{rows_->rows(), 0, rows_->server_statements(), {}};
  ApplyLogEntry entry{stats.rows, 0, stats.server_statements, 0};
  entry.duration_us = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started)
          .count());
  const std::string settings =
      "@@GLOBAL.event_scheduler<>'ON' AND " + std::string(rows_->settings_expression());
  packet_.assign("START TRANSACTION;");
  packet_.append(FollowCheckpointStatements(*connection_, header, wagon_hash, entry, settings));
  if (packet_.size() > kOtherBytesMax || rows.size() + kOtherBytesMax > packet_bytes_max_)
    return std::optional<engine::ApplyStats>();
  packet_.push_back(';');
  if (!rows.empty()) packet_.append(rows).push_back(';');
  packet_.append("COMMIT");
  const size_t statements = 1 + kFollowStatements + (rows.empty() ? 0 : 1) + 1;

  SRDF_FAILPOINT("applier.before_packet");
  in_transaction_ = true;
  Status status = connection_->SendAll(packet_);
  if (status.ok()) {
    SRDF_FAILPOINT("applier.after_packet");
    status = connection_->ReadAll(statements).status();
  }
  if (status.ok()) {
    in_transaction_ = false;
    SRDF_FAILPOINT("applier.after_commit");
    return std::optional<engine::ApplyStats>(stats);
  }
  if (status.code() == StatusCode::kUnavailable) {
    in_transaction_ = false;
    return CommitLost(header, status);
  }
  Rollback();
  if (EndsTransaction(status)) return status;
  return std::optional<engine::ApplyStats>();
}

Status MariaDbTargetSession::HoldRows(std::string_view records) {
  RecordCursor cursor(records);
  Record record;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) return {};
    if (record.type == RecordType::kTableSchema) {
      SRDF_RETURN_IF_ERROR(rows_->AddSchema(record.body));
    } else if (record.type == RecordType::kRowRun) {
      SRDF_RETURN_IF_ERROR(rows_->AddRun(record.body, 0));
    } else {
      return {StatusCode::kUnimplemented, "not of rows alone"};
    }
  }
}

}  // namespace srdf::engine_mariadb
