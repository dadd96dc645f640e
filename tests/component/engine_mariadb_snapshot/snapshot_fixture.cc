#include "snapshot_fixture.h"

#include "engine_mariadb/row_json.h"
#include "engine_mariadb/row_layout.h"

namespace srdf::test {

Status LoggedInserts::Consume(std::string_view records, bool) {
  RecordCursor cursor(records);
  Record record;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) return {};
    if (record.type == RecordType::kTableSchema) {
      SRDF_ASSIGN_OR_RETURN(TableSchema read, DecodeTableSchema(record.body));
      if (read.table == table_) schema = read;
      schemas_[read.table_ref] = std::move(read);
    } else if (record.type == RecordType::kRowRun) {
      SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(record.body));
      if (schemas_.at(run.header().table_ref).table != table_ || run.header().op != RowOp::kInsert) continue;
      Row row;
      for (;;) {
        SRDF_ASSIGN_OR_RETURN(const bool row_there, run.Next(&row));
        if (!row_there) break;
        rows.push_back({std::string(row.key), std::string(row.after)});
      }
    } else if (record.type == RecordType::kTransactionEnd) {
      SRDF_ASSIGN_OR_RETURN(const TransactionEnd end, DecodeTransactionEnd(record.body));
      if (end.position.gtid == end_) return {StatusCode::kCancelled, "all is read"};
    }
  }
}

std::unique_ptr<engine::Snapshot> SnapshotTest::Open() {
  auto snapshot = engine_mariadb::NewSourceEngine(Options())->OpenSnapshot();
  EXPECT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  return snapshot.ok() ? std::move(*snapshot) : nullptr;
}

std::vector<ReadRow> SnapshotTest::Read(engine::Snapshot* snapshot, const TableSchema& schema,
                                        const engine::KeyRange& range, const engine::ReadLimits& limits) {
  RowList list;
  const auto end = snapshot->ReadRange(schema, range, limits, &list);
  EXPECT_TRUE(end.ok()) << end.status().ToString();
  if (end.ok()) {
    EXPECT_EQ(end->rows, list.rows.size());
  }
  return std::move(list.rows);
}

std::vector<std::string> SnapshotTest::Json(const TableSchema& schema, const std::vector<ReadRow>& rows) {
  std::vector<std::string> out;
  for (const ReadRow& row : rows) {
    const Status status =
        engine_mariadb::AppendRowJson(schema, SnapshotColumns(schema), row.image, &out.emplace_back());
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  return out;
}

LoggedInserts SnapshotTest::Logged() {
  LoggedInserts inserts("x", LogEnd());
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const Status status = engine->NewReader()->Run({"", "", 0}, &inserts);
  EXPECT_EQ(status.code(), StatusCode::kCancelled) << status.ToString();
  return inserts;
}

void SnapshotTest::ExpectAsLogged() {
  const LoggedInserts logged = Logged();
  const auto snapshot = Open();
  ASSERT_NE(snapshot, nullptr);
  auto schema = snapshot->Describe("t", "x");
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_EQ(schema->engine_meta, logged.schema.engine_meta);
  // Capture is not certain here of what else the catalogue says: all of the log is from before it was asked.
  EXPECT_EQ(schema->key_columns, logged.schema.key_columns);
  ASSERT_EQ(schema->columns.size(), logged.schema.columns.size());
  for (size_t i = 0; i < schema->columns.size(); ++i) {
    Column column = schema->columns[i];
    column.generated = false;
    EXPECT_EQ(column, logged.schema.columns[i]) << column.name;
  }
  const std::vector<ReadRow> rows = Read(snapshot.get(), *schema);
  ASSERT_EQ(rows.size(), logged.rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].key, logged.rows[i].key) << i;
    EXPECT_EQ(rows[i].image, Without(*schema, SnapshotColumns(*schema), logged.rows[i].image))
        << i << ": " << Json(*schema, {rows[i]})[0];
  }
}

std::string Without(const TableSchema& schema, const std::string& bitmap, const std::string& image) {
  const auto layout = engine_mariadb::RowLayout::Build(schema.columns);
  EXPECT_TRUE(layout.ok());
  engine_mariadb::PresentColumns all;
  all.Set(std::string(bitmap.size(), '\xff'), schema.columns.size());
  engine_mariadb::RowSlices slices;
  ByteView in = image, whole;
  EXPECT_TRUE(layout->Take(&in, all, &whole, &slices));
  std::string values, nulls;
  size_t count = 0;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    if (!engine_mariadb::BitmapHas(bitmap, i)) continue;
    if (count % 8 == 0) nulls.push_back('\0');
    if (slices.columns[i].state == engine_mariadb::RowSlices::kNull) {
      nulls.back() = static_cast<char>(nulls.back() | 1 << (count % 8));
    } else {
      values += slices.columns[i].view();
    }
    ++count;
  }
  return nulls + values;
}

}  // namespace srdf::test
