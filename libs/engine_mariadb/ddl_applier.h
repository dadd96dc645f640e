// DdlApplier: runs the DDL statements of wagons at the target, neither twice nor not at all.
//
// DDL commits by itself and cannot share a transaction with the checkpoint. So an intent row with a
// fingerprint of the objects concerned is committed first; then the statement runs, and behind it, in the
// same packet, the mark by which the server notes its success (ddl_mark.h); then its owner marks the intent
// as done in the transaction that moves the checkpoint. Found again after a crash with the intent still open:
//
//   marked                                  it has run
//   not marked, fingerprint unchanged       it has not run, or running it again changes nothing: it runs
//   not marked, changed, the server lives   it has not succeeded, whoever changed what since: it runs
//   not marked, changed, server restarted   it has run: the server died before the mark
//
// A statement that the target refused is recorded as failed, and stays so until it is marked or done: each
// attempt runs it, whatever was changed to mend the target. When the connection is lost while it runs, and
// the server can be reached again, the fingerprint decides at once: a killed session may leave the mark out.
//
// While tables are copied, those that wait lack rows that others refer to: statements then run without
// foreign-key checks, as rows do (target_tolerance.h). What they would check holds when the copy has ended.
//
// A statement that would not repeat exactly on the rows of its table is refused before it runs
// (ddl_repeatability.h).
//
// But some statements are not atomic, and a server or session dead in their middle leaves a half: a DROP of
// several objects; CREATE OR REPLACE, the old object gone and the new one not there; TRUNCATE of several
// partitions. All of these can do no harm once more: not marked, they run again, a DROP with sql_if_exists.
// A lost connection does not end a statement at the server: each statement runs under a named lock
// (GET_LOCK) of its own connection, so that a second attempt waits until the first has ended.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/target_schema.h"
#include "model/copy_state.h"
#include "model/statement.h"
#include "model/wagon.h"

namespace srdf::engine_mariadb {

class DdlApplier {
 public:
  // `connection` keeps the intent rows; each statement opens a further one to `endpoint`.
  DdlApplier(Connection* connection, const engine::ServerEndpoint& endpoint, uint32_t origin_server_id)
      : connection_(connection), endpoint_(endpoint), origin_server_id_(origin_server_id) {}

  // Outside any transaction. When it returns OK the statement has run at the target, now or before a crash.
  // kAborted: another session still runs it, or a lock was not had in time. An error of the statement is
  // recorded in its intent: the next call runs it again.
  Status Run(const WagonHeader& header, unsigned number, const Statement& statement);

 private:
  Result<std::unique_ptr<Connection>> OpenLocked(const std::string& flow) const;
  // `copied`: the tables that are being copied where the statement stands.
  Status Execute(Connection* ddl, const Statement& statement, const std::vector<TableCopy>& copied,
                 bool repeated_drop, const std::string& mark);
  // What became of a statement whose connection was lost: OK when it has run, else `lost`.
  Status AfterLostConnection(const WagonHeader& header, const DdlIntent& intent, const Statement& statement,
                             Status lost) const;

  Connection* const connection_;
  const engine::ServerEndpoint endpoint_;
  const uint32_t origin_server_id_;
};

// Session settings every connection to a target has; origin_server_id 0 leaves the mark out.
Status PrepareTargetSession(Connection* connection, uint32_t origin_server_id);

// For a prepared connection that will replay row events: an error when the server would write the statement
// that brings them into its log again and again. SQL statements stand there once, for as many bytes as their
// rows: they need not ask.
Status RefuseAnnotations(Connection* connection);

}  // namespace srdf::engine_mariadb
