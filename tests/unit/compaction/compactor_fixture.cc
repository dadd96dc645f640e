#include "unit/compaction/compactor_fixture.h"

#include <map>
#include <utility>

#include "model/mark.h"

namespace srdf::compaction::test {

namespace {

std::string Text(const TableSchema& s, ByteView image, ByteView bitmap) {
  Values values(s.columns.size());
  EXPECT_TRUE(DecodeImage(image, bitmap, &values));
  std::string out;
  for (size_t i = 0; i < values.size(); ++i) {
    out += (i > 0 ? "," : "") + (Present(bitmap, i) ? values[i].value_or("NULL") : std::string("?"));
  }
  return out;
}

}  // namespace

Status CompactorTest::TryRun(const TableSchema& schema, const RunSpec& spec,
                             const std::vector<Change>& changes) {
  feed_.push_back(std::make_unique<std::string>(MakeRun(schema, spec, changes)));
  return compactor_->AddRun(BodyOf(*feed_.back()));
}

void CompactorTest::Run(const TableSchema& schema, const RunSpec& spec, const std::vector<Change>& changes) {
  const Status status = TryRun(schema, spec, changes);
  ASSERT_TRUE(status.ok()) << status.ToString();
}

void CompactorTest::Insert(const TableSchema& s, Values row, uint8_t flags) {
  Run(s, {RowOp::kInsert, flags, {}, {}}, {{RowOp::kInsert, {}, std::move(row), false}});
}

void CompactorTest::Delete(const TableSchema& s, Values row, uint8_t flags) {
  Run(s, {RowOp::kDelete, flags, {}, {}}, {{RowOp::kDelete, std::move(row), {}, false}});
}

void CompactorTest::Update(const TableSchema& s, Values from, Values to, bool unique_changed, uint8_t flags) {
  Run(s, {RowOp::kUpdate, flags, {}, {}}, {{RowOp::kUpdate, std::move(from), std::move(to), unique_changed}});
}

std::vector<std::string> CompactorTest::Emitted() {
  std::string payload;
  auto result = compactor_->Finish([&](std::string_view records) {
    pieces_.push_back(records.size());
    payload.append(records);
    return Status::Ok();
  });
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  if (!result.ok()) return {};
  result_ = *result;
  return Describe(payload);
}

std::vector<std::string> CompactorTest::Describe(const std::string& payload) {
  std::vector<std::string> out;
  std::map<uint32_t, TableSchema> schemas;
  RecordCursor cursor(payload);
  Record record;
  while (*cursor.Next(&record)) {
    if (record.type == RecordType::kTableSchema) {
      const auto schema = DecodeTableSchema(record.body);
      schemas[schema->table_ref] = *schema;
      schemas_emitted_.push_back(schema->table);
      continue;
    }
    if (record.type == RecordType::kMark) {
      out.push_back("mark " + DecodeMark(record.body)->id);
      continue;
    }
    if (record.type == RecordType::kRangeCopy) {
      const auto copy = DecodeRangeCopy(record.body);
      out.push_back(schemas.at(copy->table_ref).table + " range " + copy->after + " to " + copy->until);
      continue;
    }
    if (record.type != RecordType::kRowRun) {
      out.push_back((record.type == RecordType::kPreparedPart ? "part " : "outcome ") +
                    std::string(record.body));
      continue;
    }
    ++runs_;
    auto run = RowRunReader::Open(record.body);
    const TableSchema& s = schemas.at(run->header().table_ref);
    Row row;
    while (*run->Next(&row)) {
      std::string text = s.table + " " + std::string(RowOpName(run->header().op));
      if (run->header().op != RowOp::kInsert) text += " " + Text(s, row.before, run->header().bitmap_before);
      if (run->header().op == RowOp::kUpdate) text += " ->";
      if (run->header().op != RowOp::kDelete) text += " " + Text(s, row.after, run->header().bitmap_after);
      if (run->header().flags != kRunNoForeignKeyChecks)
        text += " flags " + std::to_string(run->header().flags);
      out.push_back(text);
    }
  }
  return out;
}

}  // namespace srdf::compaction::test
