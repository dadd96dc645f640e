// RowApplier: executes the row runs of one wagon at the target, as BINLOG statements inside the transaction
// that its owner has opened.
//
// Runs are gathered into statements of a few MiB. The views handed to AddRun are referred to until Flush (or
// an error) returns: the owner flushes before it lets them die. When the server refuses a statement, the
// applier finds the row by bisection, still inside the transaction (when there is still one), and names it;
// the owner then rolls back. Memory: two buffers of one statement's size, kept. Driven by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/binlog_writer.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/target_tables.h"
#include "model/record.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

class RowApplier {
 public:
  // `packet_bytes_max` is the server's max_allowed_packet.
  RowApplier(Connection* connection, uint64_t packet_bytes_max);

  // Sends the format description event; once per connection, outside any transaction.
  Status Prepare();

  // Forgets tables and counts of the wagon before. The time stamp is that of the rows' source transaction.
  void BeginWagon(uint32_t origin_server_id, uint32_t when_seconds);
  // A DDL statement has run: what is known of the target's tables no longer holds.
  void ForgetTables();
  Status AddSchema(ByteView schema_record_body);
  Status AddRun(ByteView run_record_body);
  Status Flush();
  // Between them, schemas are those of other records: table_refs have another meaning. Flush before each.
  void EnterOtherSchemas() { tables_.swap(outer_tables_); }
  void LeaveOtherSchemas();

  uint64_t rows() const { return rows_; }
  uint64_t server_statements() const { return server_statements_; }

 private:
  struct Table {
    TableSchema schema;
    bool checked = false;  // by target_tables_, in this wagon
  };
  // Consecutive rows of one run that are in the open statement.
  struct Slice {
    const TableSchema* table = nullptr;
    RowRunHeader header;
    RowRunReader from;  // before the slice's first row
    uint32_t rows = 0;
  };

  Status Send();
  Status SendInFragments();
  Status RowTooLarge(const Slice& slice, uint64_t bytes) const;

  // Some errors roll back the whole transaction, not the statement alone.
  Result<bool> InTransaction();

  // What to say of a refused statement: executes its slices again, piece by piece, until one row is left.
  Status Locate(const Status& refused, unsigned error);
  Status ExecuteRows(const Slice& slice, uint32_t rows, RowRunReader* from);
  Status DescribeRow(const Slice& slice, RowRunReader from, const Status& refused, unsigned error) const;
  Result<bool> AllTransactional();

  Connection* const connection_;
  TargetTables target_tables_;
  const uint64_t packet_bytes_max_;
  const uint64_t event_bytes_max_;
  BinlogWriter writer_;
  std::map<uint32_t, Table> tables_;
  std::map<uint32_t, Table> outer_tables_;  // set aside by EnterOtherSchemas
  std::vector<Slice> slices_;
  uint64_t rows_ = 0;
  uint64_t server_statements_ = 0;
};

}  // namespace srdf::engine_mariadb
