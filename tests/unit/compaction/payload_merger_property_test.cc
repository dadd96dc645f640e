// Merging is invisible: a random history is cut into wagons, each compacted by itself; what they become when
// they are merged does to the target what they do one after the other. Repeat a failure with
// RC_PARAMS="seed=…" as printed.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "compaction/payload_merger.h"
#include "unit/compaction/history_generator.h"

namespace srdf::compaction::test {
namespace {

using Numbers = std::vector<uint16_t>;

const int kConfigured = setenv("RC_PARAMS", "max_success=700 max_size=150", 0);

rc::Gen<Numbers> SomeNumbers(size_t count) {
  return rc::gen::container<Numbers>(count, rc::gen::arbitrary<uint16_t>());
}
rc::Gen<std::vector<Numbers>> Steps() {
  return rc::gen::container<std::vector<Numbers>>(
      rc::gen::container<Numbers>(24, rc::gen::inRange<uint16_t>(0, 65535)));
}

void SetRef(uint32_t ref, std::string* run) {
  for (size_t i = 0; i < 4; ++i) (*run)[kRecordHeaderBytes + i] = static_cast<char>(ref >> (8 * i));
}

// One wagon's payload. Its table_refs are shifted: one number is another table in every wagon.
std::string Wagon(const History& history, size_t first, size_t last, uint32_t shift, bool merge,
                  const ImageMergers& mergers) {
  auto compactor = NewCompactor(merge, mergers, NewScatteringPlacer);
  std::map<uint32_t, uint32_t> shifted;
  for (const TableSchema& schema : history.schemas) shifted[schema.table_ref] = 0;
  auto next = shifted.begin();
  for (uint32_t i = 0; i < shift; ++i)
    next = std::next(next) == shifted.end() ? shifted.begin() : std::next(next);
  for (auto& [ref, other] : shifted) {
    other = next->first;
    next = std::next(next) == shifted.end() ? shifted.begin() : std::next(next);
  }
  for (TableSchema schema : history.schemas) {
    schema.table_ref = shifted.at(schema.table_ref);
    RC_ASSERT(compactor->AddSchema(schema).ok());
  }
  std::vector<std::string> runs(history.runs.begin() + static_cast<ptrdiff_t>(first),
                                history.runs.begin() + static_cast<ptrdiff_t>(last));
  for (std::string& run : runs) {
    SetRef(shifted.at(RowRunReader::Open(BodyOf(run))->header().table_ref), &run);
    const Status added = compactor->AddRun(BodyOf(run));
    if (!added.ok()) RC_FAIL(added.ToString());
  }
  std::string payload;
  const auto result =
      compactor->Finish([&](std::string_view records) { return payload.append(records), Status::Ok(); });
  if (!result.ok()) RC_FAIL(result.status().ToString());
  return payload;
}

struct Merged {
  std::string payload;
  CompactionResult result;
};

Merged Merge(const std::vector<std::string>& wagons, const ImageMergers& mergers) {
  const auto merger = NewPayloadMerger(mergers, NewTestKeyReader, NewScatteringPlacer);
  for (const std::string& wagon : wagons) {
    merger->BeginWagon();
    const Status added = merger->Add(wagon);
    if (!added.ok()) RC_FAIL(added.ToString());
  }
  Merged out;
  auto result =
      merger->Finish([&](std::string_view records) { return out.payload.append(records), Status::Ok(); });
  if (!result.ok()) RC_FAIL(result.status().ToString());
  out.result = *result;
  return out;
}

void Replay(ByteView payload, ModelDatabase* db) {
  std::map<uint32_t, TableSchema> schemas;
  RecordCursor cursor(payload);
  Record record;
  while (*cursor.Next(&record)) {
    if (record.type == RecordType::kTableSchema) {
      const auto schema = DecodeTableSchema(record.body);
      RC_ASSERT(schemas.emplace(schema->table_ref, *schema).second);
      continue;
    }
    auto run = RowRunReader::Open(record.body);
    RC_ASSERT(run.ok());
    Row row;
    while (*run->Next(&row)) {
      RC_ASSERT(row.key.empty() && row.new_key.empty());
      const std::string error = db->Apply(schemas.at(run->header().table_ref).table, run->header(), row);
      if (!error.empty()) RC_FAIL(error);
    }
  }
}

struct Rows {
  uint64_t before = 0, after = 0;
};

void CheckInvisible(const HistoryOptions& options, const ImageMergers& mergers, Rows* rows) {
  const History history = MakeHistory(*SomeNumbers(40), *Steps(), options);
  Tape cuts(*SomeNumbers(30));
  std::vector<std::string> wagons;
  for (size_t first = 0; first < history.runs.size();) {
    const size_t last = std::min(history.runs.size(), first + 1 + cuts.Draw(8));
    // One in six was too large to be merged when it was sealed.
    wagons.push_back(Wagon(history, first, last, cuts.Draw(5), !cuts.OneIn(6), mergers));
    first = last;
  }
  RC_CLASSIFY(wagons.size() > 4);

  ModelDatabase one_by_one = history.before;
  for (const std::string& wagon : wagons) Replay(wagon, &one_by_one);
  RC_ASSERT(one_by_one.Dump() == history.after.Dump());

  const Merged merged = Merge(wagons, mergers);
  ModelDatabase target = history.before;
  Replay(merged.payload, &target);
  RC_ASSERT(target.Dump() == history.after.Dump());
  rows->before += merged.result.rows_before;
  rows->after += merged.result.rows_after;

  // And what was merged is merged again, with what came after it.
  if (wagons.size() < 2) return;
  const auto middle = wagons.begin() + 1 + cuts.Draw(static_cast<uint32_t>(wagons.size() - 1));
  std::vector<std::string> again{Merge({wagons.begin(), middle}, mergers).payload};
  again.insert(again.end(), middle, wagons.end());
  ModelDatabase twice = history.before;
  Replay(Merge(again, mergers).payload, &twice);
  RC_ASSERT(twice.Dump() == history.after.Dump());
}

void CheckTrap(const std::string& trap, const HistoryOptions& options, const ImageMergers& mergers) {
  Rows rows;
  ASSERT_TRUE(rc::check(trap, [&] { CheckInvisible(options, mergers, &rows); }));
  std::cout << rows.before << " rows in wagons, " << rows.after << " when they are merged" << std::endl;
  EXPECT_LT(rows.after, rows.before);
}

TEST(PayloadMergerProperty, MergedWagonsDoWhatTheyDoOneAfterTheOther) {
  CheckTrap("merged == one by one", {}, nullptr);
}

TEST(PayloadMergerProperty, TrapPartialImagesOfSeveralWagonsUniteByColumn) {
  HistoryOptions options;
  options.partial_one_in = 2;
  options.minimal_images = true;
  CheckTrap("minimal images", options, NewTestMerger);
  options.minimal_images = false;
  CheckTrap("partial images", options, NewTestMerger);
}

TEST(PayloadMergerProperty, TrapUniqueValuesThatMoveBetweenRowsOfSeveralWagonsNeverClash) {
  HistoryOptions options;
  options.moving_uniques = true;
  CheckTrap("unique swaps", options, NewTestMerger);
  options.minimal_images = true;
  CheckTrap("unique swaps in minimal images", options, NewTestMerger);
}

TEST(PayloadMergerProperty, TrapCascadesMeetTheRowsThatTheyMetInTheirWagon) {
  HistoryOptions options;
  options.cascades = true;
  CheckTrap("cascades", options, NewTestMerger);
}

// The check can fail: wagons that change places are another history (or the model sees nothing).
TEST(PayloadMergerProperty, WagonsInAnotherOrderAreNoticed) {
  size_t noticed = 0, cases = 0;
  rc::check("swap two wagons", [&] {
    const History history = MakeHistory(*SomeNumbers(40), *Steps(), {});
    RC_PRE(history.runs.size() > 8u);
    const size_t half = history.runs.size() / 2;
    const std::string a = Wagon(history, 0, half, 0, true, nullptr);
    const std::string b = Wagon(history, half, history.runs.size(), 0, true, nullptr);
    ++cases;
    const auto merger = NewPayloadMerger(nullptr, NewTestKeyReader);
    merger->BeginWagon();
    Status added = merger->Add(b);
    merger->BeginWagon();
    if (added.ok()) added = merger->Add(a);
    std::string payload;
    const auto finished =
        added.ok()
            ? merger->Finish([&](std::string_view r) { return payload.append(r), Status::Ok(); }).status()
            : added;
    if (!finished.ok()) {  // an impossible history
      ++noticed;
      return;
    }
    ModelDatabase target = history.before;
    std::map<uint32_t, TableSchema> schemas;
    RecordCursor cursor(payload);
    Record record;
    bool failed = false;
    while (*cursor.Next(&record) && !failed) {
      if (record.type == RecordType::kTableSchema) {
        const auto schema = DecodeTableSchema(record.body);
        schemas[schema->table_ref] = *schema;
        continue;
      }
      auto run = RowRunReader::Open(record.body);
      Row row;
      while (!failed && *run->Next(&row)) {
        failed = !target.Apply(schemas.at(run->header().table_ref).table, run->header(), row).empty();
      }
    }
    if (failed || target.Dump() != history.after.Dump()) ++noticed;
  });
  EXPECT_GT(noticed, cases / 2);
}

}  // namespace
}  // namespace srdf::compaction::test
