// NativeRows: executes row runs as the row events they were at the source, by BINLOG statements
// (row_applier.h has the contract).
//
// Runs are gathered into statements of a few MiB. A row that is refused is found by bisection. Memory: two
// buffers of one statement's size, kept.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/binlog_writer.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/row_applier.h"
#include "engine_mariadb/target_before_images.h"
#include "engine_mariadb/target_tables.h"
#include "model/record.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

class NativeRows : public RowApplier {
 public:
  // `packet_bytes_max` is the server's max_allowed_packet. With `compare_before_images`, rows at the target
  // that are not what whole before images say are divergences (target_before_images.h).
  NativeRows(Connection* connection, uint64_t packet_bytes_max, bool compare_before_images);

  std::string_view method() const override { return "native"; }
  // Sends the format description event.
  Status Prepare() override;
  std::string_view settings_expression() const override;
  Status WrongSettings() const override;
  void BeginWagon(uint32_t origin_server_id, uint32_t when_seconds) override;
  void ForgetTables() override;
  Status AddSchema(ByteView schema_record_body) override;
  Status AddRun(ByteView run_record_body, uint8_t more_flags) override;
  Result<const TableSchema*> FindSchema(uint32_t table_ref) const override;
  Result<const TableSchema*> CheckedSchema(uint32_t table_ref) override;
  Status Flush() override;
  bool Hold() override;
  std::string_view Held() override;
  void EnterOtherSchemas() override { tables_.swap(outer_tables_); }
  void LeaveOtherSchemas() override;
  uint64_t rows() const override { return rows_; }
  uint64_t server_statements() const override { return server_statements_; }

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

  Status Send(bool savepoint);
  Status SendInFragments();
  Status RowTooLarge(const Slice& slice, uint64_t bytes) const;

  Result<bool> BeforeImagesAreEqual();
  // Executes the slices row by row, each after its before image was compared.
  Status ApplyOneByOne();

  // What to say of a refused statement: executes its slices again, piece by piece, until one row is left.
  Status Locate(const Status& refused, unsigned error);
  Status ExecuteRows(const Slice& slice, uint32_t rows, RowRunReader* from);
  Status DescribeRow(const Slice& slice, RowRunReader from, const Status& refused, unsigned error) const;
  Result<bool> AllTransactional();

  Connection* const connection_;
  TargetTables target_tables_;
  std::optional<BeforeImages> before_images_;
  const uint64_t packet_bytes_max_;
  const uint64_t event_bytes_max_;
  BinlogWriter writer_;
  std::map<uint32_t, Table> tables_;
  std::map<uint32_t, Table> outer_tables_;  // set aside by EnterOtherSchemas
  std::vector<Slice> slices_;
  bool holding_ = false;
  uint64_t rows_ = 0;
  uint64_t server_statements_ = 0;
};

}  // namespace srdf::engine_mariadb
