// Compaction is invisible: for random schemas and histories, what it emits does to the target what the source
// did, on a database that checks every row at once. Repeat a failure with RC_PARAMS="seed=…" as printed.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include "compaction/compactor.h"
#include "unit/compaction/history_generator.h"

namespace srdf::compaction::test {
namespace {

using Numbers = std::vector<uint16_t>;

// More cases than rapidcheck's 100, unless the environment asks for something else.
const int kConfigured = setenv("RC_PARAMS", "max_success=1500 max_size=150", 0);

rc::Gen<Numbers> SchemaTape() { return rc::gen::container<Numbers>(40, rc::gen::arbitrary<uint16_t>()); }
rc::Gen<std::vector<Numbers>> Steps() {
  return rc::gen::container<std::vector<Numbers>>(
      rc::gen::container<Numbers>(24, rc::gen::inRange<uint16_t>(0, 65535)));
}

struct Compacted {
  std::string payload;
  CompactionResult result;
};

Compacted Compact(const History& history, bool merge, const ImageMergers& mergers = nullptr) {
  auto compactor = NewCompactor(merge, mergers, NewScatteringPlacer);
  for (const TableSchema& schema : history.schemas) RC_ASSERT(compactor->AddSchema(schema).ok());
  for (const std::string& run : history.runs) {
    const Status status = compactor->AddRun(BodyOf(run));
    if (!status.ok()) RC_FAIL(status.ToString());
  }
  Compacted out;
  auto result = compactor->Finish([&](std::string_view records) {
    RC_ASSERT(!records.empty());
    out.payload.append(records);
    return Status::Ok();
  });
  if (!result.ok()) RC_FAIL(result.status().ToString());
  out.result = *result;
  return out;
}

struct Net {
  int inserts = 0, updates = 0, deletes = 0;
};

// Applies the payload to `db`, strictly; per table and key what was done to it.
std::map<std::string, Net> Replay(const Compacted& compacted, ModelDatabase* db) {
  std::map<std::string, Net> net;
  std::map<uint32_t, TableSchema> schemas;
  std::set<uint32_t> used;
  uint64_t rows = 0;
  RecordCursor cursor(compacted.payload);
  Record record;
  for (;;) {
    const auto more = cursor.Next(&record);
    RC_ASSERT(more.ok());
    if (!*more) break;
    if (record.type == RecordType::kTableSchema) {
      const auto schema = DecodeTableSchema(record.body);
      RC_ASSERT(schema.ok());
      RC_ASSERT(used.empty());
      schemas[schema->table_ref] = *schema;
      continue;
    }
    RC_ASSERT(record.type == RecordType::kRowRun);
    auto run = RowRunReader::Open(record.body);
    RC_ASSERT(run.ok());
    RC_ASSERT(run->row_count() > 0u);
    const TableSchema& schema = schemas.at(run->header().table_ref);
    used.insert(schema.table_ref);
    Row row;
    while (*run->Next(&row)) {
      ++rows;
      RC_ASSERT(row.key.empty() && row.new_key.empty());
      const std::string error = db->Apply(schema.table, run->header(), row);
      if (!error.empty()) RC_FAIL(error);
      if (schema.key_kind == KeyKind::kNone) continue;
      const bool insert = run->header().op == RowOp::kInsert;
      Values values(schema.columns.size());
      DecodeImage(insert ? row.after : row.before,
                  insert ? run->header().bitmap_after : run->header().bitmap_before, &values);
      Net& n = net[schema.table + "/" + Key(schema, values)];
      ++(insert ? n.inserts : run->header().op == RowOp::kUpdate ? n.updates : n.deletes);
    }
  }
  RC_ASSERT(used.size() == schemas.size());  // no schema without rows
  RC_ASSERT(rows == compacted.result.rows_after);
  return net;
}

void CheckManifest(const History& history, const Compacted& compacted) {
  RC_ASSERT(compacted.result.rows_before == history.rows);
  uint64_t before = 0, after = 0, bytes_before = 0, bytes_after = 0;
  for (const TableManifest& m : compacted.result.tables) {
    before += m.inserts_before + m.updates_before + m.deletes_before;
    after += m.inserts_after + m.updates_after + m.deletes_after;
    bytes_before += m.bytes_before;
    bytes_after += m.bytes_after;
  }
  RC_ASSERT(before == compacted.result.rows_before);
  RC_ASSERT(after == compacted.result.rows_after);
  RC_ASSERT(bytes_before == compacted.result.bytes_before);
  RC_ASSERT(bytes_after == compacted.result.bytes_after);
}

void CheckInvisible(const History& history, bool merge, const ImageMergers& mergers = nullptr) {
  const Compacted compacted = Compact(history, merge, mergers);
  ModelDatabase target = history.before;
  Replay(compacted, &target);
  RC_ASSERT(target.Dump() == history.after.Dump());
  CheckManifest(history, compacted);
}

TEST(CompactorProperty, CompactionIsInvisible) {
  ASSERT_TRUE(rc::check("compacted == in order", [] {
    const History history = MakeHistory(*SchemaTape(), *Steps(), {});
    RC_CLASSIFY(history.rows > 20);
    CheckInvisible(history, true);
  }));
}

TEST(CompactorProperty, UnitingPartialImagesByColumnIsInvisible) {
  uint64_t rows = 0, in_place = 0, united = 0;
  ASSERT_TRUE(rc::check("partial images, compacted == in order", [&] {
    HistoryOptions options;
    options.partial_one_in = 2;
    const int variant = *rc::gen::inRange(0, 4);
    options.minimal_images = variant > 0;
    options.moving_uniques = variant == 2;
    options.cascades = variant == 3;
    const History history = MakeHistory(*SchemaTape(), *Steps(), options);
    RC_CLASSIFY(history.rows > 20);
    CheckInvisible(history, true, NewTestMerger);
    rows += history.rows;
    in_place += Compact(history, true).result.rows_after;
    united += Compact(history, true, NewTestMerger).result.rows_after;
  }));
  std::cout << rows << " rows, " << in_place << " when partial images stay in place, " << united
            << " when they are united" << std::endl;
  EXPECT_LT(united, in_place);
}

TEST(CompactorProperty, PassingThroughIsInvisibleAndMergesNothing) {
  ASSERT_TRUE(rc::check("passed through == in order", [] {
    const History history = MakeHistory(*SchemaTape(), *Steps(), {});
    CheckInvisible(history, false);
    RC_ASSERT(Compact(history, false).result.rows_after == history.rows);
  }));
}

TEST(CompactorProperty, WithoutBarriersEveryKeyHasOneNetEffect) {
  ASSERT_TRUE(rc::check("one net effect per key", [] {
    HistoryOptions options;
    options.barriers = false;
    const History history = MakeHistory(*SchemaTape(), *Steps(), options);
    const Compacted compacted = Compact(history, true);
    ModelDatabase target = history.before;
    for (const auto& [key, net] : Replay(compacted, &target)) {
      RC_ASSERT(net.inserts <= 1 && net.updates <= 1 && net.deletes <= 1);
      RC_ASSERT(net.updates == 0 || (net.inserts == 0 && net.deletes == 0));
    }
    RC_ASSERT(target.Dump() == history.after.Dump());
  }));
}

// The default draws all of it; these draw one trap each, far more often.
void CheckTrap(const std::string& trap, const HistoryOptions& options) {
  ASSERT_TRUE(rc::check(trap, [&] {
    const History history = MakeHistory(*SchemaTape(), *Steps(), options);
    RC_CLASSIFY(history.rows > 20);
    CheckInvisible(history, true);
    CheckInvisible(history, false);
  }));
}

TEST(CompactorProperty, TrapUniqueValuesThatSwapAndRotateBetweenRowsNeverClash) {
  HistoryOptions options;
  options.moving_uniques = true;
  CheckTrap("unique swaps", options);
}

TEST(CompactorProperty, TrapUniqueValuesMoveInsideOneSegmentToo) {
  HistoryOptions options;
  options.moving_uniques = true;
  options.barriers = false;
  CheckTrap("unique swaps, nothing in between", options);
}

TEST(CompactorProperty, TrapCascadesThatNobodyLoggedMeetTheRowsTheyMetAtTheSource) {
  HistoryOptions options;
  options.cascades = true;
  CheckTrap("cascades on several levels", options);
}

TEST(CompactorProperty, TrapAColumnThatIsAbsentFromAnImageIsNotNull) {
  HistoryOptions options;
  options.minimal_images = true;
  CheckTrap("minimal images", options);
  options.cascades = true;
  CheckTrap("minimal images and cascades", options);
}

// The check above can fail: a history that lost one run is not the same history (or the model sees nothing).
TEST(CompactorProperty, ALostRunIsNoticedByTheModel) {
  size_t noticed = 0, cases = 0;
  rc::check("drop a run", [&] {
    History history = MakeHistory(*SchemaTape(), *Steps(), {});
    RC_PRE(!history.runs.empty());
    const ModelDatabase before = history.before;
    RC_PRE(before.Dump() != history.after.Dump());
    history.runs.pop_back();
    ++cases;
    auto compactor = NewCompactor(true);
    for (const TableSchema& schema : history.schemas) RC_ASSERT(compactor->AddSchema(schema).ok());
    for (const std::string& run : history.runs) RC_ASSERT(compactor->AddRun(BodyOf(run)).ok());
    std::string payload;
    auto result = compactor->Finish([&](std::string_view r) { return payload.append(r), Status::Ok(); });
    RC_ASSERT(result.ok());
    ModelDatabase target = before;
    Replay({payload, *result}, &target);
    if (target.Dump() != history.after.Dump()) ++noticed;
  });
  EXPECT_GT(noticed, cases / 2);
}

}  // namespace
}  // namespace srdf::compaction::test
