#include "engine_mariadb/ddl_applier.h"

#include <mysqld_error.h>

#include "engine_mariadb/ddl_context.h"
#include "engine_mariadb/ddl_fingerprint.h"
#include "engine_mariadb/ddl_mark.h"
#include "engine_mariadb/ddl_repeatability.h"
#include "engine_mariadb/names_in_text.h"
#include "engine_mariadb/text_excerpt.h"
#include "failpoint/failpoint.h"

namespace srdf::engine_mariadb {

namespace {

constexpr size_t kSqlTextBytesMax = 2000;

// "There is nothing to drop".
bool AlreadyGone(unsigned error) {
  switch (error) {
    case ER_DB_DROP_EXISTS:
    case ER_BAD_TABLE_ERROR:
    case ER_SP_DOES_NOT_EXIST:
    case ER_TRG_DOES_NOT_EXIST:
    case ER_EVENT_DOES_NOT_EXIST:
    case ER_CANT_DROP_FIELD_OR_KEY:
    case ER_UNKNOWN_SEQUENCES:
    case ER_UNKNOWN_VIEW:
      return true;
    default:
      return false;
  }
}

Result<std::vector<TableCopy>> TablesBeingCopied(const std::string& copy_state) {
  if (copy_state.empty()) return std::vector<TableCopy>();
  SRDF_ASSIGN_OR_RETURN(CopyState state, DecodeCopyState(copy_state));
  return std::move(state.tables);
}

// What to delete of those that the statement may name: in any other table nothing brings it back. Empty: it
// names none.
std::string RowsInTheWay(const std::vector<TableCopy>& copied, const std::string& sql) {
  constexpr size_t kNamedMax = 5;
  NamesInText names(sql);
  size_t named = 0;
  std::string text;
  for (const TableCopy& table : copied) {
    if (!names.Has(table.table) || ++named > kNamedMax) continue;
    text +=
        (text.empty() ? "" : "; ") + ("in " + table.database + "." + table.table) +
        (table.phase == CopyPhase::kWaiting ? ", whose turn has not come, all rows"
                                            : " of two rows with the same value the one with the higher key");
  }
  return text;
}

bool IsDuplicate(unsigned error) { return error == ER_DUP_ENTRY || error == ER_DUP_ENTRY_WITH_KEY_NAME; }

// By default a server writes the statement behind each row event into its own log, too. Needs BINLOG ADMIN:
// who may not switch it off is told by RefuseAnnotations, where it matters.
Status StopAnnotating(Connection* connection) {
  const Status stopped = connection->Execute("SET SESSION binlog_annotate_row_events=OFF");
  return stopped.code() == StatusCode::kPermissionDenied ? Status::Ok() : stopped;
}

}  // namespace

Status PrepareTargetSession(Connection* connection, uint32_t origin_server_id) {
  SRDF_RETURN_IF_ERROR(connection->Execute(
      "SET SESSION autocommit=1, sql_mode='', time_zone='+00:00', foreign_key_checks=1, unique_checks=1, "
      "innodb_lock_wait_timeout=20, lock_wait_timeout=60, max_statement_time=0, wait_timeout=31536000, "
      "net_read_timeout=600, net_write_timeout=600, tx_isolation='READ-COMMITTED', innodb_strict_mode=0, "
      "system_versioning_alter_history=KEEP"));
  SRDF_RETURN_IF_ERROR(StopAnnotating(connection));
  if (origin_server_id == 0) return {};
  const Status status = connection->Execute("SET SESSION server_id=" + std::to_string(origin_server_id));
  if (status.ok()) return status;
  return {status.code(), "cannot mark the writes with their origin: " + status.message(),
          "GRANT BINLOG REPLAY ON *.* to the user of the target"};
}

// Our statements are MiBs of base64 with thousands of row events each: a backlog of 35 MB was seen to fill a
// disk with 42 GB of log.
Status RefuseAnnotations(Connection* connection) {
  SRDF_ASSIGN_OR_RETURN(const std::string annotates,
                        connection->QueryValue("SELECT @@log_bin AND @@SESSION.binlog_annotate_row_events"));
  if (annotates != "1") return {};
  return {StatusCode::kFailedPrecondition,
          "binlog_annotate_row_events is ON at the target: its own log would hold the statement that brings "
          "rows once more before each row event, and fill the disk",
          "SET GLOBAL binlog_annotate_row_events=OFF at the target (and in its configuration file), or GRANT "
          "BINLOG ADMIN ON *.* to the user of the target"};
}

Result<std::unique_ptr<Connection>> DdlApplier::OpenLocked(const std::string& flow) const {
  SRDF_ASSIGN_OR_RETURN(auto ddl, Connection::Open(endpoint_, {}));
  SRDF_RETURN_IF_ERROR(PrepareTargetSession(ddl.get(), origin_server_id_));
  const std::string name = "srdf.ddl." + flow.substr(0, 40);
  SRDF_ASSIGN_OR_RETURN(const std::string locked,
                        ddl->QueryValue("SELECT GET_LOCK(" + ddl->Quote(name) + ", 10)"));
  if (locked != "1") {
    return Status(StatusCode::kAborted,
                  "another session still runs a DDL statement of flow " + flow + " at the target");
  }
  return ddl;
}

Status DdlApplier::Run(const WagonHeader& header, unsigned number, const Statement& statement) {
  SRDF_ASSIGN_OR_RETURN(const auto copied, TablesBeingCopied(header.first.copy));
  SRDF_ASSIGN_OR_RETURN(auto ddl, OpenLocked(header.flow));
  SRDF_ASSIGN_OR_RETURN(auto found, SelectDdlIntent(connection_, header, number));
  DdlIntent intent;
  bool repeated_drop = false;
  // What failed at the source must fail here too: its success is none.
  const bool markable = statement.error_code == 0 && CanBeMarked(statement.sql);
  if (!found.has_value()) {
    intent.number = number;
    intent.wagon_uid = header.uid;
    intent.sql_digest = Digest(statement.sql);
    intent.sql_text = Excerpt(statement.sql, kSqlTextBytesMax);
    SRDF_ASSIGN_OR_RETURN(intent.fingerprint_before, DdlFingerprint(ddl.get(), statement));
    SRDF_FAILPOINT("applier.before_ddl_intent");
    SRDF_RETURN_IF_ERROR(InsertDdlIntent(connection_, header, intent));
    SRDF_FAILPOINT("applier.after_ddl_intent");
  } else {
    intent = *found;
    if (intent.wagon_uid != header.uid || intent.sql_digest != Digest(statement.sql)) {
      return {StatusCode::kDataLoss,
              "wagon " + header.uid + " has number " + std::to_string(header.sequence) +
                  ", under which the target began another DDL statement (of wagon " + intent.wagon_uid +
                  "): " + intent.sql_text,
              "see srdf.ddl_intent at the target"};
    }
    if (intent.state == DdlIntentState::kDone || intent.has_run) return {};
    SRDF_ASSIGN_OR_RETURN(std::string now, DdlFingerprint(ddl.get(), statement));
    const bool drop = IsDrop(statement.sql);
    const bool unmarked = intent.state == DdlIntentState::kBegun && now != intent.fingerprint_before &&
                          !drop && markable && !intent.server_restarted;
    if (unmarked || (intent.state == DdlIntentState::kFailed && (drop || !markable))) {
      // Known not to have run: whatever has changed since then was changed by whoever mends the target.
      intent.fingerprint_before = std::move(now);
      SRDF_RETURN_IF_ERROR(RestartDdlIntent(connection_, header, intent));
      SRDF_FAILPOINT("applier.after_ddl_intent");
    } else if (intent.state == DdlIntentState::kFailed) {
      // The same, and it stays on record as refused until it is marked: nobody has to ask who changed what.
      intent.fingerprint_before = std::move(now);
      SRDF_FAILPOINT("applier.after_ddl_intent");
    } else if (now != intent.fingerprint_before && !ReplacesItself(statement.sql)) {
      if (!drop) return {};
      repeated_drop = true;
    }
  }
  const std::string mark = markable ? DdlMarkStatement(header, number) : "";
  Status status = Execute(ddl.get(), statement, copied, repeated_drop, mark);
  if (status.code() == StatusCode::kUnavailable) {
    ddl.reset();
    return AfterLostConnection(header, intent, statement, std::move(status));
  }
  if (status.ok()) {
    SRDF_FAILPOINT("applier.after_ddl");
    return status;
  }
  // A DROP that was cut short may have done a part; its intent stays as it is, so that it is finished.
  const bool drop_cut_short = status.code() == StatusCode::kAborted && IsDrop(statement.sql);
  if (drop_cut_short || repeated_drop) return status;
  // Refused: on record, so that the next attempt runs it, whatever has been mended until then.
  SRDF_FAILPOINT("applier.before_ddl_failed");
  const Status recorded = FailDdlIntent(connection_, header, intent);
  SRDF_FAILPOINT("applier.after_ddl_failed");
  if (recorded.ok()) return status;
  return recorded.WithContext("cannot record that the target refused a DDL statement (" + status.message() +
                              ")");
}

Status DdlApplier::AfterLostConnection(const WagonHeader& header, const DdlIntent& intent,
                                       const Statement& statement, Status lost) const {
  // When the server is away, the next round decides.
  auto ddl = OpenLocked(header.flow);
  if (!ddl.ok()) return lost;
  auto found = SelectDdlIntent(ddl->get(), header, intent.number);
  if (!found.ok() || !found->has_value()) return lost;
  if ((*found)->has_run) return {};
  auto now = DdlFingerprint(ddl->get(), statement);
  if (!now.ok() || *now == intent.fingerprint_before) return lost;
  // A half of it would have changed them, too. The next round runs it again.
  if (IsDrop(statement.sql) || ReplacesItself(statement.sql)) return lost;
  SRDF_RETURN_IF_ERROR((*ddl)->Execute(DdlMarkStatement(header, intent.number)));
  return {};
}

Status DdlApplier::Execute(Connection* ddl, const Statement& statement, const std::vector<TableCopy>& copied,
                           bool repeated_drop, const std::string& mark) {
  SRDF_RETURN_IF_ERROR(CheckRepeatable(ddl, statement));
  SRDF_RETURN_IF_ERROR(RestoreContext(ddl, statement, repeated_drop));
  // One that failed at the source may have failed by these checks.
  if (!copied.empty() && statement.error_code == 0)
    SRDF_RETURN_IF_ERROR(ddl->Execute("SET SESSION foreign_key_checks=0"));
  const std::string text = TextToRun(statement);
  const Status status = mark.empty() ? ddl->Execute(text) : ddl->ExecuteThen(text, mark);
  const unsigned error = ddl->last_errno();
  if (status.ok()) {
    if (statement.error_code == 0 || IsDrop(statement.sql)) return status;
    return {StatusCode::kDivergence,
            "DDL statement ended with error " + std::to_string(statement.error_code) +
                " at the source, but succeeded at the target: " + Excerpt(statement.sql, 500)};
  }
  if (status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kAborted) return status;
  if (error == statement.error_code) return {};  // the same partial failure as at the source
  if (repeated_drop && AlreadyGone(error)) return {};
  const std::string in_the_way = IsDuplicate(error) ? RowsInTheWay(copied, statement.sql) : "";
  if (!in_the_way.empty()) {
    return {status.code(),
            "DDL statement failed at the target, where a table that it names is being copied: " +
                status.message() + "; statement: " + Excerpt(statement.sql, 500),
            "rows of before the copy are in the way. Delete at the target " + in_the_way +
                "; then resume the flow: what is deleted there comes with the copy. Nothing else may be "
                "deleted: it would not come back"};
  }
  return {status.code(),
          "DDL statement failed at the target: " + status.message() +
              "; statement: " + Excerpt(statement.sql, 500),
          status.remedy().empty() ? "mend the target so that the statement can run, then resume the flow: it "
                                    "runs again. Only when its whole change was made by hand instead: set "
                                    "state='done' in its row of srdf.ddl_intent"
                                  : status.remedy()};
}

}  // namespace srdf::engine_mariadb
