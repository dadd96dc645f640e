#include "engine_mariadb/target_session.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "engine_mariadb/sql_rows.h"
#include "engine_mariadb/target_rows.h"
#include "engine_mariadb/target_schema.h"
#include "engine_mariadb/target_skips.h"
#include "failpoint/failpoint.h"
#include "model/mark.h"
#include "model/record.h"

namespace srdf::engine_mariadb {

namespace {

std::string WagonName(const WagonHeader& header) {
  return "wagon " + std::to_string(header.sequence) + " (" + header.uid + ") of flow " + header.flow;
}

// A GTID position as a set: the order of its domains does not matter.
std::vector<std::string> GtidSet(const std::string& text) {
  std::vector<std::string> out;
  std::stringstream in(text);
  for (std::string gtid; std::getline(in, gtid, ',');) out.push_back(gtid);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Result<std::unique_ptr<MariaDbTargetSession>> MariaDbTargetSession::Create(
    std::unique_ptr<Connection> connection, const TargetOptions& options) {
  SRDF_ASSIGN_OR_RETURN(const std::string packet, connection->QueryValue("SELECT @@max_allowed_packet"));
  const uint64_t packet_bytes_max = std::strtoull(packet.c_str(), nullptr, 10);
  std::unique_ptr<RowApplier> rows;
  if (options.apply_method == ApplyMethod::kSql) {
    rows = std::make_unique<SqlRows>(connection.get(), packet_bytes_max, options.compare_before_images);
  } else {
    rows = std::make_unique<NativeRows>(connection.get(), packet_bytes_max, options.compare_before_images);
  }
  SRDF_RETURN_IF_ERROR(rows->Prepare());
  return std::unique_ptr<MariaDbTargetSession>(
      new MariaDbTargetSession(std::move(connection), options, packet_bytes_max, std::move(rows)));
}

MariaDbTargetSession::MariaDbTargetSession(std::unique_ptr<Connection> connection,
                                           const TargetOptions& options, uint64_t packet_bytes_max,
                                           std::unique_ptr<RowApplier> rows)
    : connection_(std::move(connection)),
      origin_server_id_(options.origin_server_id),
      packet_bytes_max_(packet_bytes_max),
      rows_(std::move(rows)),
      ddl_(connection_.get(), options.endpoint, options.origin_server_id),
      prepared_(connection_.get(), packet_bytes_max),
      keyed_tables_(connection_.get()),
      copy_(connection_.get(), rows_.get(), &keyed_tables_),
      tolerant_(connection_.get(), rows_.get(), &keyed_tables_, &copy_) {}

Result<std::optional<engine::Checkpoint>> MariaDbTargetSession::ReadCheckpoint(const std::string& flow) {
  SRDF_ASSIGN_OR_RETURN(const auto rows,
                        connection_->Query(SelectCheckpointStatement(*connection_, flow, /*lock=*/false)));
  return CheckpointOf(flow, rows);
}

Status MariaDbTargetSession::InitCheckpoint(const engine::Checkpoint& start) {
  SRDF_ASSIGN_OR_RETURN(auto found, ReadCheckpoint(start.flow));
  if (!found.has_value()) {
    // Numbers begin anew: what an earlier life of the flow left must not be taken for this one's.
    SRDF_RETURN_IF_ERROR(DeleteFlowLogs(connection_.get(), start.flow));
    const Status inserted = InsertCheckpoint(connection_.get(), start);
    if (inserted.ok() || inserted.code() != StatusCode::kDivergence) return inserted;
    // Somebody else was faster: what is there decides.
    SRDF_ASSIGN_OR_RETURN(found, ReadCheckpoint(start.flow));
  }
  if (found.has_value() && found->epoch == start.epoch && found->sequence == start.sequence &&
      found->wagon_uid == start.wagon_uid && GtidSet(found->position.gtid) == GtidSet(start.position.gtid) &&
      found->position.copy == start.position.copy) {
    return {};
  }
  return {StatusCode::kAlreadyExists,
          "flow " + start.flow + " has a checkpoint at the target already: wagon " +
              std::to_string(found->sequence) + " of epoch " + std::to_string(found->epoch) +
              ", source position " + found->position.gtid,
          "start the flow as it is; only after a new initial copy, with the mesh down and its outbox.db and "
          "inbox.db moved away, forget it: DELETE FROM srdf.checkpoint WHERE flow=" +
              connection_->Quote(start.flow)};
}

Result<engine::ApplyStats> MariaDbTargetSession::Apply(const WagonHeader& header,
                                                       const std::string& wagon_hash,
                                                       engine::PayloadReader* payload) {
  if (wagon_hash.size() != 32) {
    return Status(StatusCode::kInvalidArgument, "hash of " + WagonName(header) + " is not 32 bytes");
  }
  if (!MayGoInOnePacket(header)) return ApplyInSteps(header, wagon_hash, payload);
  WholePayload whole(payload, &kept_);
  SRDF_ASSIGN_OR_RETURN(const auto applied, ApplyInOnePacket(header, wagon_hash, &whole));
  if (applied.has_value()) return *applied;
  return ApplyInSteps(header, wagon_hash, &whole);
}

Result<engine::ApplyStats> MariaDbTargetSession::ApplyInSteps(const WagonHeader& header,
                                                              const std::string& wagon_hash,
                                                              engine::PayloadReader* payload) {
  auto stats = ApplyUncommitted(header, wagon_hash, payload);
  if (!stats.ok()) {
    Rollback();
    return stats.status();
  }
  SRDF_FAILPOINT("applier.before_commit");
  SRDF_RETURN_IF_ERROR(Commit(header));
  SRDF_FAILPOINT("applier.after_commit");
  return stats;
}

Status MariaDbTargetSession::Commit(const WagonHeader& header) {
  Status committed = connection_->Execute("COMMIT");
  in_transaction_ = false;
  if (committed.ok()) return committed;
  if (committed.code() != StatusCode::kUnavailable)
    return committed.WithContext("commit of " + WagonName(header));
  return CommitLost(header, committed);
}

Status MariaDbTargetSession::CommitLost(const WagonHeader& header, const Status& lost) {
  return {StatusCode::kOutcomeUnknown,
          "connection lost at the commit of " + WagonName(header) + ": " + lost.message(),
          "the checkpoint at the target tells; read by itself"};
}

Status MariaDbTargetSession::Skip(const WagonHeader& header, const std::string& wagon_hash,
                                  const SkipDecision& decision) {
  if (Status status = SkipUncommitted(header, wagon_hash, decision); !status.ok()) {
    Rollback();
    return status;
  }
  SRDF_FAILPOINT("applier.before_skip_commit");
  SRDF_RETURN_IF_ERROR(Commit(header));
  SRDF_FAILPOINT("applier.after_skip_commit");
  return {};
}

// Nothing of the server's settings matters here: no row is written but our own.
Status MariaDbTargetSession::SkipUncommitted(const WagonHeader& header, const std::string& wagon_hash,
                                             const SkipDecision& decision) {
  if (wagon_hash.size() != 32 || decision.reason.empty()) {
    return {StatusCode::kInvalidArgument,
            WagonName(header) + " cannot be skipped without its hash and a reason"};
  }
  SRDF_RETURN_IF_ERROR(connection_->Execute("START TRANSACTION"));
  in_transaction_ = true;
  SRDF_ASSIGN_OR_RETURN(const auto rows, connection_->Query(SelectCheckpointStatement(
                                             *connection_, header.flow, /*lock=*/true)));
  SRDF_RETURN_IF_ERROR(CheckFollows(header, CheckpointOf(header.flow, rows)));
  SRDF_RETURN_IF_ERROR(RecordSkip(connection_.get(), header, decision));
  return MoveCheckpoint(connection_.get(), header, wagon_hash, ApplyLogEntry{});
}

Result<std::vector<uint64_t>> MariaDbTargetSession::SkippedWagons(const std::string& flow, uint64_t epoch) {
  return SelectSkipped(connection_.get(), flow, epoch, kSkippedToldMax);
}

Result<engine::ApplyStats> MariaDbTargetSession::ApplyUncommitted(const WagonHeader& header,
                                                                  const std::string& wagon_hash,
                                                                  engine::PayloadReader* payload) {
  const auto started = std::chrono::steady_clock::now();
  rows_->BeginWagon(origin_server_id_, static_cast<uint32_t>(header.commit_time_last_ms / 1000));
  keyed_tables_.BeginWagon();
  copied_rows_ = false;
  if (Status state = tolerant_.BeginWagon(header.first.copy); !state.ok())
    return state.WithContext(WagonName(header));
  engine::ApplyStats stats;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const std::string_view records, payload->Next());
    if (records.empty()) break;
    SRDF_RETURN_IF_ERROR(ApplyRecords(records, header, &stats));
  }
  SRDF_RETURN_IF_ERROR(EnsureTransaction(header));
  if (stats.statements > 0) {
    SRDF_FAILPOINT("applier.before_ddl_done");
    SRDF_RETURN_IF_ERROR(FinishDdlIntents(connection_.get(), header));
    SRDF_FAILPOINT("applier.after_ddl_done");
  }
  SRDF_FAILPOINT("applier.before_checkpoint");
  stats.rows = rows_->rows();
  stats.server_statements = rows_->server_statements();
  ApplyLogEntry entry{stats.rows, stats.statements, stats.server_statements, 0};
  entry.duration_us = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started)
          .count());
  SRDF_RETURN_IF_ERROR(MoveCheckpoint(connection_.get(), header, wagon_hash, entry));
  return stats;
}

Status MariaDbTargetSession::ApplyRecords(std::string_view records, const WagonHeader& header,
                                          engine::ApplyStats* stats) {
  copy_.BeginPiece();
  RecordCursor cursor(records);
  Record record;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) break;
    switch (record.type) {
      case RecordType::kTableSchema:
        SRDF_RETURN_IF_ERROR(rows_->AddSchema(record.body));
        break;
      case RecordType::kRowRun:
        SRDF_RETURN_IF_ERROR(EnsureTransaction(header));
        SRDF_RETURN_IF_ERROR(AddRun(record.body));
        break;
      case RecordType::kStatement:
        SRDF_RETURN_IF_ERROR(ApplyStatement(record.body, header, ++stats->statements));
        break;
      case RecordType::kRangeCopy:
        SRDF_RETURN_IF_ERROR(ApplyRange(record, cursor.rest(), header));
        break;
      case RecordType::kMark: {
        SRDF_ASSIGN_OR_RETURN(Mark mark, DecodeMark(record.body));
        stats->marks.push_back(std::move(mark.id));
        break;
      }
      case RecordType::kPreparedPart:
        SRDF_RETURN_IF_ERROR(HoldPrepared(record.body, header));
        break;
      case RecordType::kPreparedOutcome:
        SRDF_RETURN_IF_ERROR(ApplyOutcome(record.body, header));
        break;
      default:
        return {StatusCode::kDataLoss, WagonName(header) + " holds a record of type " +
                                           std::to_string(static_cast<int>(record.type)) +
                                           ", which does not belong into a payload"};
    }
  }
  SRDF_RETURN_IF_ERROR(rows_->Flush());  // the views end with this piece of the payload
  tolerant_.Flushed();
  SRDF_FAILPOINT("applier.inside_rows");
  return {};
}

Status MariaDbTargetSession::AddRun(ByteView body) {
  return copied_rows_ ? copy_.AddRun(body) : tolerant_.AddRun(body);
}

Status MariaDbTargetSession::ApplyRange(const Record& record, std::string_view rest,
                                        const WagonHeader& header) {
  SRDF_RETURN_IF_ERROR(EnsureTransaction(header));
  copied_rows_ = true;
  return copy_.Apply(record, rest);
}

Status MariaDbTargetSession::HoldPrepared(ByteView body, const WagonHeader& header) {
  SRDF_ASSIGN_OR_RETURN(const PreparedPart part, DecodePreparedPart(body));
  SRDF_RETURN_IF_ERROR(EnsureTransaction(header));
  return prepared_.Hold(header.flow, part);
}

Status MariaDbTargetSession::ApplyOutcome(ByteView body, const WagonHeader& header) {
  SRDF_ASSIGN_OR_RETURN(const PreparedOutcome outcome, DecodePreparedOutcome(body));
  SRDF_RETURN_IF_ERROR(EnsureTransaction(header));
  if (!outcome.commit || tolerant_.nothing_counts()) return prepared_.Drop(header.flow, outcome.xid);
  SRDF_RETURN_IF_ERROR(rows_->Flush());
  rows_->EnterOtherSchemas();
  const Status status =
      prepared_.Take(header.flow, outcome.xid, [this](const PreparedTransactions::Part& part) -> Status {
        const Status applied = ApplyHeld(part.records);
        return applied.ok() ? applied : applied.WithContext("XA transaction prepared as " + part.gtid);
      });
  rows_->LeaveOtherSchemas();
  return status;
}

Status MariaDbTargetSession::ApplyHeld(std::string_view records) {
  RecordCursor cursor(records);
  Record record;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) {
      SRDF_RETURN_IF_ERROR(rows_->Flush());
      tolerant_.Flushed();
      return {};
    }
    if (record.type == RecordType::kTableSchema) {
      SRDF_RETURN_IF_ERROR(rows_->AddSchema(record.body));
    } else if (record.type == RecordType::kRowRun) {
      SRDF_RETURN_IF_ERROR(AddRun(record.body));
    } else {
      return {StatusCode::kDataLoss, "a prepared transaction holds a record of type " +
                                         std::to_string(static_cast<int>(record.type))};
    }
  }
}

Status MariaDbTargetSession::ApplyStatement(ByteView body, const WagonHeader& header, uint64_t number) {
  if (in_transaction_) {
    return {StatusCode::kDataLoss, WagonName(header) + " has a DDL statement after rows"};
  }
  SRDF_ASSIGN_OR_RETURN(const Statement statement, DecodeStatement(body));
  SRDF_ASSIGN_OR_RETURN(const auto found, ReadCheckpoint(header.flow));
  SRDF_RETURN_IF_ERROR(CheckFollows(header, found));
  rows_->ForgetTables();
  keyed_tables_.Forget();
  return ddl_.Run(header, static_cast<unsigned>(number), statement);
}

// One round trip: a wagon of a quiet flow has few rows, and each round trip counts.
Status MariaDbTargetSession::EnsureTransaction(const WagonHeader& header) {
  if (in_transaction_) return {};
  in_transaction_ = true;  // whatever of it has run, a rollback is right
  SRDF_ASSIGN_OR_RETURN(
      const auto results,
      connection_->ExecuteAll("START TRANSACTION;SELECT @@GLOBAL.event_scheduler='ON', " +
                              std::string(rows_->settings_expression()) + ";" +
                              SelectCheckpointStatement(*connection_, header.flow, /*lock=*/true)));
  if (results.size() != 3)
    return {StatusCode::kInternal, "the target answered other statements than it was sent"};
  SRDF_RETURN_IF_ERROR(CheckServerSettings(results[1].rows));
  return CheckFollows(header, CheckpointOf(header.flow, results[2].rows));
}

// The wagon must be the one after the checkpoint, byte for byte.
Status MariaDbTargetSession::CheckFollows(const WagonHeader& header,
                                          const std::optional<engine::Checkpoint>& found) const {
  if (!found.has_value()) {
    return {StatusCode::kFailedPrecondition, "flow " + header.flow + " has no checkpoint at the target",
            "record the starting point of the initial copy first (establish)"};
  }
  const engine::Checkpoint& c = *found;
  const std::string at = "the target's checkpoint is wagon " + std::to_string(c.sequence) + " of epoch " +
                         std::to_string(c.epoch);
  if (header.epoch < c.epoch) {
    return {StatusCode::kFailedPrecondition, WagonName(header) + " is of epoch " +
                                                 std::to_string(header.epoch) + ", " + at +
                                                 ": a former primary still sends"};
  }
  if (header.epoch == c.epoch && header.sequence <= c.sequence) {
    // A commit whose reply was lost came through after the checkpoint had been read: read it again.
    return {StatusCode::kAborted, WagonName(header) + " is already applied, " + at};
  }
  if (header.epoch != c.epoch || header.sequence != c.sequence + 1) {
    return {StatusCode::kDataLoss, WagonName(header) + " does not follow: " + at};
  }
  if (header.previous_hash != c.wagon_hash) {
    return {StatusCode::kDataLoss, WagonName(header) +
                                       " does not follow: it names another wagon before it than " +
                                       (c.sequence == 0 ? "none" : c.wagon_uid) + ", the last one applied"};
  }
  // The first wagon has no wagon before it to be tied to, only the place where the initial copy was taken.
  if (c.sequence == 0 && header.first.known() && c.position.known() &&
      GtidSet(header.first.gtid) != GtidSet(c.position.gtid)) {
    return {StatusCode::kDataLoss, WagonName(header) + " does not follow: it begins at source position " +
                                       header.first.gtid + ", the initial copy was taken at " +
                                       c.position.gtid};
  }
  if (header.first.copy != c.position.copy) {
    return {StatusCode::kDataLoss, WagonName(header) +
                                       " does not follow: its copy of tables begins at another place than "
                                       "where the target's stands"};
  }
  return {};
}

// Settings are global, and anybody with the right can change them while we run.
Status MariaDbTargetSession::CheckServerSettings(const std::vector<ResultRow>& found) const {
  if (found.size() != 1 || found[0].size() != 2)
    return {StatusCode::kInternal, "the target does not tell its settings"};
  if (found[0][0] == "1") {
    return {StatusCode::kFailedPrecondition,
            "event_scheduler is ON at the target: events of the source would run there too",
            "SET GLOBAL event_scheduler=OFF at the target (and in its configuration file)"};
  }
  return found[0][1] == "1" ? Status() : rows_->WrongSettings();
}

void MariaDbTargetSession::Rollback() {
  if (!in_transaction_) return;
  in_transaction_ = false;
  // When this fails the connection is gone, and the server rolls back by itself.
  (void)connection_->Execute("ROLLBACK");
}

}  // namespace srdf::engine_mariadb
