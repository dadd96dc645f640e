// RowApplier: how the row runs of one wagon are executed at the target, inside the transaction that the
// session has opened. Two ways: NativeRows (target_rows.h: row events, BINLOG) and SqlRows (sql_rows.h: SQL
// statements).
//
// Driven by one thread. The views handed to AddRun are referred to until Flush (or an error) returns: the
// session flushes before it lets them die. When the server refuses a statement, the applier finds the row,
// still inside the transaction (when there is still one), and names it; the session then rolls back.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "model/record.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

class RowApplier {
 public:
  virtual ~RowApplier() = default;

  // "native" or "sql"
  virtual std::string_view method() const = 0;

  // Once per connection, outside any transaction.
  virtual Status Prepare() = 0;
  // Settings at the server that this way relies on and that anybody with the right can change while it runs:
  // an SQL expression that is 1 while they are right, asked at the beginning of each transaction, and what to
  // say when they are not.
  virtual std::string_view settings_expression() const = 0;
  virtual Status WrongSettings() const = 0;

  // Forgets tables and counts of the wagon before. The time stamp is that of the rows' source transaction.
  virtual void BeginWagon(uint32_t origin_server_id, uint32_t when_seconds) = 0;
  // A DDL statement has run: what is known of the target's tables no longer holds.
  virtual void ForgetTables() = 0;
  virtual Status AddSchema(ByteView schema_record_body) = 0;
  // The run is applied as if it had `more_flags` too.
  virtual Status AddRun(ByteView run_record_body, uint8_t more_flags) = 0;
  virtual Status Flush() = 0;
  // After BeginWagon: the wagon's rows are not sent from here but given by Held, to be executed in one packet
  // with all that their transaction needs. False when this way cannot. AddRun fails when the rows are more
  // than one statement takes; begin anew then, without.
  virtual bool Hold() { return false; }
  // The statement that writes all rows added since; empty when there are none. Valid until the next call.
  virtual std::string_view Held() { return {}; }
  // The schema that runs with this number have, valid until the next AddSchema or ForgetTables; kDataLoss
  // when there is none. Checked: as the table's first run is, so that errors are those of AddRun.
  virtual Result<const TableSchema*> FindSchema(uint32_t table_ref) const = 0;
  virtual Result<const TableSchema*> CheckedSchema(uint32_t table_ref) = 0;
  // Between them, schemas are those of other records: table_refs have another meaning. Flush before each.
  virtual void EnterOtherSchemas() = 0;
  virtual void LeaveOtherSchemas() = 0;

  virtual uint64_t rows() const = 0;
  virtual uint64_t server_statements() const = 0;  // round trips with rows
};

Status NoSchema(uint32_t table_ref);
// Is it an error after which nothing more can be asked in this transaction?
bool EndsTransaction(const Status& status);
// Some errors roll back the whole transaction, not the statement alone.
Result<bool> InTransaction(Connection* connection);

// The words for a row that the target refuses: table, operation, the row, and what the server's error number
// (0: none) says of the row that the target has instead.
Status DescribeRefusedRow(const TableSchema& table, const RowRunHeader& header, const Row& row,
                          const Status& refused, unsigned error);

}  // namespace srdf::engine_mariadb
