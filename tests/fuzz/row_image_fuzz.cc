// Row images of a table that its table map describes: walked, shown as JSON, written as SQL literals.
//
// Input: a length (u16, little-endian), a table map's description, then row images of all columns.
#include "base/bytes.h"
#include "engine_mariadb/binlog_event.h"
#include "engine_mariadb/row_json.h"
#include "engine_mariadb/row_layout.h"
#include "engine_mariadb/rows_event.h"
#include "engine_mariadb/sql_literal.h"
#include "engine_mariadb/table_map.h"
#include "fuzz/fuzz_target.h"
#include "unit/engine_mariadb_source/sample_events.h"

namespace srdf::fuzz {

namespace mariadb = engine_mariadb;

namespace {

constexpr int kRowsMax = 50;

void WriteLiterals(const TableSchema& schema, const mariadb::RowSlices& slices) {
  std::string sql;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const auto& slice = slices.columns[i];
    if (slice.state == mariadb::RowSlices::kAbsent) continue;
    const mariadb::SqlColumn target{schema.columns[i].name, "varchar", "utf8mb4", false};
    for (const mariadb::SqlUse use : {mariadb::SqlUse::kStore, mariadb::SqlUse::kMatch}) {
      sql.clear();
      [[maybe_unused]] const Status status =
          mariadb::AppendSqlLiteral(schema.columns[i], target, slice, use, &sql);
    }
    sql.clear();
    [[maybe_unused]] const Status status =
        mariadb::AppendSqlExactMatch(schema.columns[i], target, slice, &sql);
  }
}

}  // namespace

void FuzzOne(std::string_view input) {
  ByteReader reader(input);
  const ByteView description = reader.Raw(reader.U16());
  if (!reader.ok()) return;
  auto map = mariadb::DecodeTableMap(description);
  if (!map.ok()) return;
  TableSchema schema;
  schema.database = map->database;
  schema.table = map->table;
  schema.columns = std::move(map->columns);
  const auto layout = mariadb::RowLayout::Build(schema.columns);
  if (!layout.ok()) return;
  const std::string bitmap((schema.columns.size() + 7) / 8, '\xff');
  mariadb::PresentColumns present;
  present.Set(bitmap, schema.columns.size());
  mariadb::RowSlices slices;
  ByteView rows = reader.Rest();
  for (int row = 0; row < kRowsMax && !rows.empty(); ++row) {
    const size_t before = rows.size();
    ByteView image;
    if (!layout->Take(&rows, present, &image, &slices)) break;
    Require(image.size() + rows.size() == before, "an image is not what was taken");
    std::string json;
    Require(mariadb::AppendRowJson(schema, bitmap, image, &json).ok() || json.empty(),
            "a row that cannot be shown leaves text behind");
    WriteLiterals(schema, slices);
    if (image.empty()) break;  // a table without columns has no end of rows
  }
}

std::vector<std::string> Seeds() {
  const std::string map = test::FromHex(test::kTableMapEvent);
  const std::string description =
      map.substr(mariadb::kEventHeaderBytes + 8, map.size() - mariadb::kEventHeaderBytes - 8 - 4);
  const std::string rows = test::FromHex(test::kWriteRowsEvent);
  // Behind the header: table id, flags, length of extra data (none), column count, bitmap.
  const size_t at = mariadb::kEventHeaderBytes + 6 + 2 + 2 + 1 + 3;
  std::string seed;
  ByteWriter(&seed).U16(static_cast<uint16_t>(description.size()));
  seed += description + rows.substr(at, rows.size() - at - 4);
  return {seed};
}

}  // namespace srdf::fuzz
