// Cases of merging payloads whose outcome is known by hand.
#include "compaction/payload_merger.h"

#include <gtest/gtest.h>

#include "unit/compaction/run_builder.h"

namespace srdf::compaction::test {
namespace {

std::string SchemaRecord(const TableSchema& schema) {
  std::string body, record;
  EncodeTableSchema(schema, &body);
  AppendRecord(RecordType::kTableSchema, body, &record);
  return record;
}

struct Output {
  std::vector<TableSchema> schemas;
  std::vector<std::string> runs;  // "update orders x1", with " in place" when it is
};

Output Finish(PayloadMerger* merger) {
  std::string payload;
  const auto result =
      merger->Finish([&](std::string_view records) { return payload.append(records), Status::Ok(); });
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  Output out;
  RecordCursor cursor(payload);
  Record record;
  while (*cursor.Next(&record)) {
    if (record.type == RecordType::kTableSchema) {
      out.schemas.push_back(*DecodeTableSchema(record.body));
      continue;
    }
    const auto run = RowRunReader::Open(record.body);
    std::string name;
    for (const TableSchema& schema : out.schemas) {
      if (schema.table_ref == run->header().table_ref) name = schema.table;
    }
    out.runs.push_back(std::string(RowOpName(run->header().op)) + " " + name + " x" +
                       std::to_string(run->row_count()) +
                       ((run->header().flags & kRunInPlace) != 0 ? " in place" : ""));
  }
  return out;
}

const RunSpec kUpdates{RowOp::kUpdate, 0, "", ""};

Change Update(const std::string& from, const std::string& to) {
  return {RowOp::kUpdate, {"1", from}, {"1", to}};
}

TEST(PayloadMerger, UpdatesOfOneRowInSeveralWagonsBecomeOne) {
  const TableSchema orders = MakeSchema(1, "orders", 2, {0});
  const auto merger = NewPayloadMerger(nullptr, NewTestKeyReader);
  for (int i = 0; i < 50; ++i) {
    merger->BeginWagon();
    const auto run = MakeRun(orders, kUpdates, {Update(std::to_string(i), std::to_string(i + 1))});
    ASSERT_TRUE(merger->Add(SchemaRecord(orders) + run).ok());
  }
  const Output out = Finish(merger.get());
  EXPECT_EQ(out.runs, std::vector<std::string>{"update orders x1"});
}

TEST(PayloadMerger, TrapTheSameTableRefIsAnotherTableInTheNextWagon) {
  const TableSchema orders = MakeSchema(1, "orders", 2, {0}), items = MakeSchema(1, "items", 2, {0});
  const auto merger = NewPayloadMerger(nullptr, NewTestKeyReader);
  merger->BeginWagon();
  ASSERT_TRUE(merger->Add(SchemaRecord(orders) + MakeRun(orders, kUpdates, {Update("a", "b")})).ok());
  merger->BeginWagon();
  ASSERT_TRUE(merger->Add(SchemaRecord(items) + MakeRun(items, kUpdates, {Update("a", "b")})).ok());
  const Output out = Finish(merger.get());
  EXPECT_EQ(out.runs, (std::vector<std::string>{"update orders x1", "update items x1"}));
}

TEST(PayloadMerger, TrapTwoSchemasOfATableInOneMergedWagonAreNotFoldedTogether) {
  const TableSchema before = MakeSchema(1, "orders", 2, {0}), after = MakeSchema(1, "orders", 2, {0}, true);
  const auto merger = NewPayloadMerger(nullptr, NewTestKeyReader);
  for (const TableSchema& schema : {before, after}) {
    merger->BeginWagon();
    ASSERT_TRUE(merger->Add(SchemaRecord(schema) + MakeRun(schema, kUpdates, {Update("a", "b")})).ok());
  }
  const Output out = Finish(merger.get());
  EXPECT_EQ(out.schemas.size(), 2u);
  EXPECT_EQ(out.runs, (std::vector<std::string>{"update orders x1", "update orders x1"}));
}

TEST(PayloadMerger, WhatWasInPlaceStaysInPlaceAndIsNotOvertaken) {
  const TableSchema orders = MakeSchema(1, "orders", 2, {0});
  const auto merger = NewPayloadMerger(nullptr, NewTestKeyReader);
  for (const uint8_t flags : {uint8_t{0}, kRunInPlace, uint8_t{0}}) {
    merger->BeginWagon();
    const auto run = MakeRun(orders, {RowOp::kUpdate, flags, "", ""}, {Update("a", "b")});
    ASSERT_TRUE(merger->Add(SchemaRecord(orders) + run).ok());
  }
  const Output out = Finish(merger.get());
  EXPECT_EQ(out.runs,
            (std::vector<std::string>{"update orders x1", "update orders x1 in place", "update orders x1"}));
}

TEST(PayloadMerger, RowsWhoseKeyCannotBeReadKeepTheirPlace) {
  const TableSchema orders = MakeSchema(1, "orders", 2, {0});
  const auto merger = NewPayloadMerger(nullptr, [](const TableSchema&) { return nullptr; });
  for (int i = 0; i < 2; ++i) {
    merger->BeginWagon();
    const auto run = MakeRun(orders, kUpdates, {Update("a", "b")});
    ASSERT_TRUE(merger->Add(SchemaRecord(orders) + run).ok());
  }
  EXPECT_EQ(Finish(merger.get()).runs, (std::vector<std::string>{"update orders x2 in place"}));
}

TEST(PayloadMerger, AStatementIsRefused) {
  std::string record;
  AppendRecord(RecordType::kStatement, "ALTER TABLE …", &record);
  const auto merger = NewPayloadMerger(nullptr, NewTestKeyReader);
  merger->BeginWagon();
  EXPECT_EQ(merger->Add(record).code(), StatusCode::kFailedPrecondition);
}

TEST(PayloadMerger, BytesThatAreNoPayloadAreAnError) {
  const TableSchema orders = MakeSchema(1, "orders", 2, {0});
  const std::string run = MakeRun(orders, kUpdates, {Update("a", "b")});
  const auto merger = NewPayloadMerger(nullptr, NewTestKeyReader);
  merger->BeginWagon();
  EXPECT_EQ(merger->Add(run).code(), StatusCode::kDataLoss);  // its schema is missing
  EXPECT_EQ(merger->Add("nonsense").code(), StatusCode::kDataLoss);
  const TableSchema wide = MakeSchema(1, "orders", 20, {0});
  EXPECT_EQ(merger->Add(SchemaRecord(wide) + run).code(), StatusCode::kDataLoss);  // bitmaps of another table
}

}  // namespace
}  // namespace srdf::compaction::test
