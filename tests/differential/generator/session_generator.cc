#include "differential/generator/session_generator.h"

namespace srdf::differential {

void SessionGenerator::AddAll(uint32_t session, const Statements& statements) {
  for (const auto& sql : statements) Add(session, sql);
}

void SessionGenerator::Fill() {
  for (size_t t = 0; t < schema_->tables.size(); ++t) {
    const int rows = std::min(tracker_->domain() / 2, random_->Between(3, 8));
    AddAll(0, dml_->Insert(t, rows));
  }
}

void SessionGenerator::Unit() {
  const auto session = static_cast<uint32_t>(random_->Chance(60) ? 0 : random_->Below(3));
  if (!prepared_.empty() && random_->Chance(40)) return XaOutcome();
  if (Has(Feature::kXa) && prepared_.empty() && random_->Chance(15)) return XaTransaction();
  if ((Has(Feature::kSessionContext) || Has(Feature::kDomains)) && random_->Chance(10))
    return Settings(session);
  if (Has(Feature::kChecksOff) && random_->Chance(10)) return ChecksOff(session);
  if (Has(Feature::kInterleaved) && random_->Chance(20)) return Interleaved();
  const bool definitions =
      Has(Feature::kDdl) || Has(Feature::kTruncate) || Has(Feature::kRename) || Has(Feature::kPartitions);
  if (definitions && prepared_.empty() && steps_->size() >= first_definition_ && random_->Chance(20))
    return Definition(session);
  if (Has(Feature::kHotKeys) && random_->Chance(15)) return Burst(session);
  if (random_->Chance(40)) return Autocommit(session);
  Transaction(session);
}

void SessionGenerator::Burst(uint32_t session) {
  const auto table = static_cast<size_t>(random_->Below(static_cast<int>(schema_->tables.size())));
  bool open = false;
  for (int i = random_->Between(6, 16); i > 0; --i) {
    if (random_->Chance(25)) Add(session, open ? "COMMIT" : "BEGIN"), open = !open;
    AddAll(session, dml_->Hot(table));
  }
  if (open) Add(session, "COMMIT");
  Note("burst");
}

void SessionGenerator::Definition(uint32_t session) {
  // Else no table with history may be altered; what a replica allows itself.
  if (Has(Feature::kVersioned)) Add(session, "SET SESSION system_versioning_alter_history = KEEP");
  Statements statements;
  for (int i = 0; i < 5 && statements.empty(); ++i) statements = ddl_->Some();
  AddAll(session, statements);
}

void SessionGenerator::Autocommit(uint32_t session) { AddAll(session, dml_->Some()); }

void SessionGenerator::Transaction(uint32_t session) {
  const auto before = tracker_->Snapshot();
  const bool roll_back = Has(Feature::kRollbacks) && random_->Chance(20);
  Add(session, random_->Pick({"BEGIN", "START TRANSACTION"}));
  std::vector<std::pair<std::string, RowTracker::Rows>> savepoints;
  for (int i = random_->Between(1, 7); i > 0; --i) {
    if (Has(Feature::kSavepoints) && random_->Chance(20)) {
      savepoints.emplace_back("sp" + std::to_string(random_->Below(3)), tracker_->Snapshot());
      Add(session, "SAVEPOINT " + savepoints.back().first);
    }
    AddAll(session, dml_->Some());
    if (Has(Feature::kDdl) && steps_->size() >= first_definition_ && random_->Chance(2)) {
      Definition(session);  // which commits what came before
      Note("definition inside a transaction");
    }
    if (!savepoints.empty() && random_->Chance(30)) {
      Add(session, "ROLLBACK TO SAVEPOINT " + savepoints.back().first);
      tracker_->Restore(savepoints.back().second);
      savepoints.pop_back();
      Note("rollback to savepoint");
    }
  }
  if (roll_back) {
    Add(session, "ROLLBACK");
    tracker_->Restore(before);
    Note("rollback");
  } else {
    Add(session, "COMMIT");
    Note("transaction");
  }
}

void SessionGenerator::Interleaved() {
  // Whoever meets a row lock of the other fails at once; the tracker is wrong then until it is hit again.
  const uint32_t sessions[2] = {1, 2};
  for (const uint32_t session : sessions) Add(session, "BEGIN");
  for (int i = random_->Between(3, 7); i > 0; --i) AddAll(sessions[random_->Below(2)], dml_->Some());
  const int first = random_->Below(2);
  Add(sessions[first], "COMMIT");
  if (random_->Chance(30)) AddAll(sessions[1 - first], dml_->Some());
  Add(sessions[1 - first], random_->Chance(85) ? "COMMIT" : "ROLLBACK");
  Note("interleaved");
}

void SessionGenerator::Settings(uint32_t session) {
  Note("settings");
  if (Has(Feature::kDomains) && random_->Chance(40)) {
    return Add(session, "SET SESSION gtid_domain_id = " + random_->Pick({"0", "1", "7"}));
  }
  switch (random_->Below(9)) {
    case 0: {
      // Bent values, for one statement or some, then back.
      Add(session, "SET SESSION sql_mode = ''");
      dml_->text().set_bent(true);
      for (int i = random_->Between(1, 3); i > 0; --i) Autocommit(session);
      dml_->text().set_bent(false);
      return Add(session, "SET SESSION sql_mode = DEFAULT");
    }
    case 1:
      return Add(session,
                 "SET SESSION time_zone = '" + random_->Pick({"+00:00", "-09:30", "+05:45", "SYSTEM"}) + "'");
    case 2:
      return Add(session,
                 "SET SESSION timestamp = " + random_->Pick({"DEFAULT", "1000000000", "1700000000.5", "1"}));
    case 3:
      return Add(session, "SET SESSION auto_increment_increment = " + random_->Pick({"1", "3", "7"}));
    case 4:
      return Add(session,
                 "SET NAMES " +
                     (Has(Feature::kOddNames) ? "utf8mb3" : random_->Pick({"utf8mb4", "latin1", "utf8mb3"})));
    case 5:
      return Add(session,
                 "SET SESSION sql_mode = " + random_->Pick({"DEFAULT", "'TRADITIONAL'",
                                                            "'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'"}));
    case 6:
      return Add(session, "SET SESSION collation_connection = " +
                              random_->Pick({"utf8mb4_bin", "utf8mb4_general_ci"}));
    case 7:
      return Add(session, "SET SESSION TRANSACTION ISOLATION LEVEL " +
                              random_->Pick({"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"}));
    default:
      return Add(session, "USE " + Quote(random_->Pick(schema_->databases)));
  }
}

void SessionGenerator::ChecksOff(uint32_t session) {
  Note("checks off");
  const std::string variable =
      random_->Pick({"foreign_key_checks", "foreign_key_checks", "unique_checks", "check_constraint_checks"});
  Add(session, "SET SESSION " + variable + " = 0");
  dml_->set_foreign_keys_act(variable != "foreign_key_checks");
  for (int i = random_->Between(1, 2); i > 0; --i)
    random_->Chance(50) ? Autocommit(session) : Transaction(session);
  dml_->set_foreign_keys_act(true);
  Add(session, "SET SESSION " + variable + " = 1");
}

void SessionGenerator::XaTransaction() {
  // Session 3 is left to XA: between START and PREPARE a session can do nothing else, and it is the one that
  // disconnecting would take the transaction from.
  const std::string xid = "'x" + std::to_string(++xids_) + "'" + (random_->Chance(30) ? ",'b',7" : "");
  Add(3, "XA START " + xid);
  const auto before = tracker_->Snapshot();
  for (int i = random_->Between(1, 4); i > 0; --i) AddAll(3, dml_->Some());
  Add(3, "XA END " + xid);
  if (random_->Chance(15)) {
    Add(3, "XA COMMIT " + xid + " ONE PHASE");
    return Note("xa one phase");
  }
  if (random_->Chance(10)) {
    Add(3, "XA ROLLBACK " + xid);
    tracker_->Restore(before);
    return Note("xa rollback before prepare");
  }
  Add(3, "XA PREPARE " + xid);
  prepared_.push_back({xid, 3});
  Note("xa prepare");
  if (random_->Chance(40)) {
    Add(3, kReconnect);
    prepared_.back().session = static_cast<uint32_t>(random_->Below(4));
    Note("xa decided elsewhere");
    // The session is free again: another one may be prepared beside it.
    if (random_->Chance(40) && prepared_.size() < 3) return XaTransaction();
  }
  if (random_->Chance(40)) XaOutcome();
}

void SessionGenerator::XaOutcome() {
  const Prepared one = prepared_.back();
  prepared_.pop_back();
  const bool commit = random_->Chance(65);
  Add(one.session, std::string(commit ? "XA COMMIT " : "XA ROLLBACK ") + one.xid);
  Note(commit ? "xa commit" : "xa rollback");
}

void SessionGenerator::Finish() {
  while (!prepared_.empty()) XaOutcome();
}

}  // namespace srdf::differential
