// SqlRows: executes row runs as SQL statements, where the user may not replay row events (row_applier.h has
// the contract, sql_run.h the statements, docs/adr/0005-sql-apply.md why they are right).
//
// Statements are gathered into packets of about 1 MiB, each behind a savepoint and with the number of rows
// that each statement has to touch. When a packet is refused, or a count or a warning is not as it must be,
// it is taken back and its rows are tried again in halves, down to the row. A single row whose value the
// strict sql_mode refuses (the empty value of an ENUM, a generated column that the source computed leniently)
// is written without strictness and then compared with what was to be written, bit by bit.
//
// Refused, before anything is written: tables whose triggers would fire (their effects are in the log
// already), system-versioned tables (their history cannot be written), engines that cannot roll back. Memory:
// one packet's text, kept.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine_mariadb/connection.h"
#include "engine_mariadb/row_applier.h"
#include "engine_mariadb/sql_batch.h"
#include "engine_mariadb/sql_run.h"
#include "engine_mariadb/target_before_images.h"
#include "engine_mariadb/target_tables.h"

namespace srdf::engine_mariadb {

class SqlRows : public RowApplier {
 public:
  // `packet_bytes_max` is the server's max_allowed_packet. With `compare_before_images`, rows at the target
  // that are not what whole before images say are divergences (target_before_images.h).
  SqlRows(Connection* connection, uint64_t packet_bytes_max, bool compare_before_images);

  std::string_view method() const override { return "sql"; }
  // Sets what the literals rely on in the session (sql_literal.h).
  Status Prepare() override;
  std::string_view settings_expression() const override { return "1"; }
  Status WrongSettings() const override { return {}; }
  void BeginWagon(uint32_t origin_server_id, uint32_t when_seconds) override;
  void ForgetTables() override;
  Status AddSchema(ByteView schema_record_body) override;
  Status AddRun(ByteView run_record_body, uint8_t more_flags) override;
  Result<const TableSchema*> FindSchema(uint32_t table_ref) const override;
  Result<const TableSchema*> CheckedSchema(uint32_t table_ref) override;
  Status Flush() override;
  void EnterOtherSchemas() override { tables_.swap(outer_tables_); }
  void LeaveOtherSchemas() override;
  uint64_t rows() const override { return rows_; }
  uint64_t server_statements() const override { return server_statements_; }

 private:
  struct Table {
    TableSchema schema;
    std::unique_ptr<SqlTarget> target;  // nothing until it was checked in this wagon
  };
  // Consecutive rows of one run that are in the batch.
  struct Slice {
    const SqlTarget* target = nullptr;
    RowRunHeader header;
    RowRunReader from;  // before the slice's first row
    uint32_t rows = 0;
  };

  Status CheckTable(Table* table);
  Status CheckRun(const SqlTarget& target, const RowRunHeader& header) const;
  // Begins the batch, when it is empty, and makes the session's checks those of the flags.
  void PrepareBatch(uint8_t run_flags, bool lenient = false);
  Status Send(bool warnings_pass = false);
  // Takes back what the last batch has done; nothing when it was never sent.
  Status TakeBack();
  Result<bool> BeforeImagesAreEqual();
  // The batch is taken back, or was not sent: executes its slices again, piece by piece. `row_by_row`: each
  // row by itself, after its before image was compared.
  Status Repeat(bool row_by_row);
  // A divergence, when the target's row is not what the slice's next row was before.
  Status CompareRow(const Slice& slice, RowRunReader from);
  // A batch was refused: takes it back and repeats it.
  Status Locate(const Status& refused);
  Status ExecuteRows(const Slice& slice, uint32_t rows, RowRunReader* from, bool lenient = false);
  // One row, which the strict session refused. Returns `refused` when it cannot be written exactly.
  Status StoreLeniently(const Slice& slice, RowRunReader from, const Status& refused);

  Connection* const connection_;
  TargetTables target_tables_;
  const uint64_t packet_bytes_max_;
  const size_t batch_bytes_max_;
  std::optional<BeforeImages> before_images_;
  SqlBatch batch_;
  bool foreign_key_checks_ = true;  // of the session after the batch
  bool sent_ = false;               // the last batch has reached the server: its savepoint is set
  std::map<std::pair<std::string, std::string>, SqlTable> known_;  // as long as no DDL runs
  std::map<uint32_t, Table> tables_;
  std::map<uint32_t, Table> outer_tables_;  // set aside by EnterOtherSchemas
  std::vector<Slice> slices_;
  uint64_t rows_ = 0;
  uint64_t server_statements_ = 0;
};

}  // namespace srdf::engine_mariadb
