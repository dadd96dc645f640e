// The comparison between two databases in memory that change from one pair of snapshots to the next, with
// differences that are planted.
#include "compare/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "support/fake_snapshot.h"

namespace srdf::compare {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void OtherKeyOrder(test::FakeTable* table) {
  table->last_byte_first = true;
  table->schema.engine_meta = "last byte first";
}

// What was done to the target by itself.
struct Corruption {
  std::set<std::string> missing;
  std::set<std::string> different;
  std::map<std::string, std::string> extra;
  bool key_order = false;
};

// One place of the log after the other: the target's snapshot is of the place where the stream has the mark
// first.
struct World {
  test::FakeTables source;
  std::map<TableName, Corruption> corruptions;
  std::set<TableName> target_lacks;
  std::function<void(World*)> moves = [](World*) {};
  uint64_t place = 0;
  std::string mark;
  std::string placed;  // a mark that is in the stream
  uint64_t mark_place = 0;
  test::FakeTables at_mark;
  std::set<std::string> expected;  // at the target, and not taken back

  test::FakeTables Target() const {
    test::FakeTables target = at_mark;
    for (const TableName& name : target_lacks) target.erase({name.database, name.table});
    for (const auto& [name, corruption] : corruptions) {
      const auto table = target.find({name.database, name.table});
      if (table == target.end()) continue;
      decltype(table->second.rows) rows;
      for (auto& [key, image] : table->second.rows) {
        if (corruption.missing.count(key) != 0) continue;
        rows.emplace_back(key, corruption.different.count(key) != 0 ? image + "!" : image);
      }
      for (const auto& [key, image] : corruption.extra) rows.emplace_back(key, image);
      table->second.rows = std::move(rows);
      if (corruption.key_order) OtherKeyOrder(&table->second);
    }
    return target;
  }
};

class FakeSide : public Side {
 public:
  FakeSide(World* world, bool is_source) : world_(world), is_source_(is_source) {}

  Status Expect(const std::string& mark) override {
    world_->mark = mark;
    world_->expected.insert(mark);
    EXPECT_EQ(world_->expected.size(), 1u) << "a mark that is given up is taken back";
    return {};
  }
  Result<SourcePosition> Open(const std::string& mark) override {
    EXPECT_EQ(mark, world_->mark) << "the target is told first";
    if (refuses > 0) {
      --refuses;
      return Status(StatusCode::kFailedPrecondition, "the flow is not streaming");
    }
    if (lags > 0) {
      --lags;
      if (while_it_lags) while_it_lags();
      return Status(StatusCode::kDeadlineExceeded, "not applied yet");
    }
    if (mark == mark_ && snapshot_ != nullptr) return snapshot_->position();
    mark_ = mark;
    if (is_source_) {
      world_->moves(world_);
      ++world_->place;
      if (std::exchange(world_->placed, mark) != mark) {
        world_->mark_place = world_->place;
        world_->at_mark = world_->source;
      }
    }
    const uint64_t place = is_source_ ? world_->place : world_->mark_place;
    const SourcePosition position{"0-1-" + std::to_string(place), "", 0};
    snapshot_ =
        std::make_unique<test::FakeSnapshot>(is_source_ ? world_->source : world_->Target(), position);
    return position;
  }
  // Its service was started again, or gave it up for others.
  void Lose() { snapshot_.reset(); }
  void Close() override {
    snapshot_.reset();
    if (!is_source_) world_->expected.erase(world_->mark);
  }
  Result<std::vector<engine::TableInfo>> ListTables() override {
    SRDF_RETURN_IF_ERROR(Look());
    return snapshot_->ListTables();
  }
  Result<TableSchema> Describe(const TableName& table) override {
    SRDF_RETURN_IF_ERROR(Look());
    auto schema = snapshot_->Describe(table.database, table.table);
    if (!schema.ok()) return Status(StatusCode::kAborted, schema.status().message());
    if (spoil_schema) schema->columns[0].is_unsigned = true;
    return schema;
  }
  Result<verify::StepsResult> Steps(const TableName& table, const engine::KeyRange& range,
                                    uint64_t rows_per_step, uint64_t rows_max) override {
    SRDF_RETURN_IF_ERROR(Look());
    SRDF_ASSIGN_OR_RETURN(const auto schema, snapshot_->Describe(table.database, table.table));
    return verify::DigestSteps(snapshot_.get(), schema, range, rows_per_step, rows_max, {});
  }
  Result<std::vector<verify::Part>> Ranges(const TableName& table,
                                           const std::vector<engine::KeyRange>& ranges) override {
    SRDF_RETURN_IF_ERROR(Look());
    if (never_digests == table.table && !ranges.front().after.empty()) {
      return Status(StatusCode::kNotFound, "the snapshot is gone");
    }
    SRDF_ASSIGN_OR_RETURN(const auto schema, snapshot_->Describe(table.database, table.table));
    return verify::DigestRanges(snapshot_.get(), schema, ranges, {});
  }
  Result<std::vector<verify::RowDigest>> Buckets(const TableName& table, uint32_t buckets) override {
    SRDF_RETURN_IF_ERROR(Look());
    if (never_digests == table.table) return Status(StatusCode::kNotFound, "the snapshot is gone");
    SRDF_ASSIGN_OR_RETURN(const auto schema, snapshot_->Describe(table.database, table.table));
    return verify::DigestBuckets(snapshot_.get(), schema, buckets, {});
  }
  Status ReadRows(const TableName& table, const RowsWanted& wanted,
                  const std::function<Status(ReadRow)>& each) override {
    SRDF_RETURN_IF_ERROR(Look());
    if (wanted.with_images && before_images) before_images();
    SRDF_ASSIGN_OR_RETURN(const auto schema, snapshot_->Describe(table.database, table.table));
    struct Sink : engine::RowSink {
      Status Row(ByteView key, ByteView image) override {
        ReadRow row{std::string(key), hasher.Hash(image), wanted->with_images ? std::string(image) : ""};
        if (wanted->buckets != 0) {
          const uint32_t bucket = verify::BucketOf(row.hash, wanted->buckets);
          if (std::count(wanted->bucket.begin(), wanted->bucket.end(), bucket) == 0) return {};
        }
        return (*each)(std::move(row));
      }
      const RowsWanted* wanted;
      const std::function<Status(ReadRow)>* each;
      verify::RowHasher hasher;
    } sink;
    sink.wanted = &wanted;
    sink.each = &each;
    for (const engine::KeyRange& range : wanted.ranges) {
      SRDF_RETURN_IF_ERROR(snapshot_->ReadRange(schema, range, {}, &sink).status());
    }
    if (!wanted.keys.empty()) SRDF_RETURN_IF_ERROR(snapshot_->ReadKeys(schema, wanted.keys, &sink).status());
    if (wanted.buckets != 0) SRDF_RETURN_IF_ERROR(snapshot_->ReadRange(schema, {}, {}, &sink).status());
    return {};
  }

  // Waits until the side is used `more` times again; false: it was not.
  bool AwaitUses(uint64_t more) {
    std::unique_lock lock(uses_mu_);
    const uint64_t until = uses_ + more;
    return used_.wait_for(lock, std::chrono::seconds(20), [&] { return uses_ >= until; });
  }

  int refuses = 0;  // so many openings
  int lags = 0;     // so many openings
  std::function<void()> while_it_lags;
  unsigned fails_one_in = 0;  // calls
  bool spoil_schema = false;
  std::function<void()> before_images;
  std::string never_digests;  // this table; of one with a key only the beginning

 private:
  // Now and then the snapshot is gone.
  Status Look() {
    EXPECT_FALSE(busy_.test_and_set()) << "two threads use one side";
    busy_.clear();
    {
      std::lock_guard lock(uses_mu_);
      ++uses_;
    }
    used_.notify_all();
    if (fails_one_in != 0 && random_() % fails_one_in == 0) snapshot_.reset();
    if (snapshot_ == nullptr) return {StatusCode::kNotFound, "the snapshot is gone"};
    return {};
  }

  World* const world_;
  const bool is_source_;
  std::unique_ptr<test::FakeSnapshot> snapshot_;
  std::string mark_;  // the last one
  std::minstd_rand random_{7};
  std::atomic_flag busy_;
  std::mutex uses_mu_;
  std::condition_variable used_;
  uint64_t uses_ = 0;
};

std::string Key(uint64_t i) {
  std::string digits = std::to_string(i);
  return std::string(8 - digits.size(), '0') + digits;
}

class Comparison : public ::testing::Test {
 protected:
  Comparison() {
    options_.rows_per_part = 16;
    options_.rows_per_batch = 100;
    options_.patience = std::chrono::seconds(5);
  }
  void AddTable(const std::string& name, int rows, bool with_key = true) {
    test::FakeTable table;
    table.schema = test::FakeSchema("shop", name, with_key);
    for (int i = 0; i < rows; ++i) {
      table.rows.emplace_back(with_key ? Key(10 * i) : "", "row " + std::to_string(i));
    }
    world_.source[{"shop", name}] = std::move(table);
  }
  Findings Run() {
    auto findings = Compare(&source_, &target_, options_);
    EXPECT_TRUE(findings.ok()) << findings.status().ToString();
    return findings.ok() ? *findings : Findings();
  }
  static std::set<std::string> Keys(const TableFindings& table, RowFinding finding) {
    std::set<std::string> keys;
    for (const RowDifference& row : table.rows) {
      if (row.finding != finding) continue;
      EXPECT_TRUE(keys.insert(row.key).second) << "twice: " << row.key;
    }
    return keys;
  }

  World world_;
  FakeSide source_{&world_, true};
  FakeSide target_{&world_, false};
  CompareOptions options_;
};

TEST_F(Comparison, EqualTablesAreEqual) {
  AddTable("item", 1000);
  AddTable("log", 500, false);
  AddTable("nothing", 0);
  const Findings findings = Run();
  ASSERT_EQ(findings.tables.size(), 3u);
  EXPECT_EQ(findings.tables_differing(), 0u);
  EXPECT_EQ(findings.rows_source(), 1500u);
  EXPECT_EQ(findings.rows_target(), 1500u);
  EXPECT_EQ(findings.pairs, 1u);
  EXPECT_EQ(findings.first.gtid, "0-1-1");
}

// Random sizes, differences, limits, restarts and writes: what is found is what was planted.
TEST_F(Comparison, FindsExactlyThePlantedDifferencesWhileRowsChangeAndSnapshotsAreLost) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    world_ = World();
    const int rows = static_cast<int>(random() % 3000);
    AddTable("item", rows);
    Corruption corruption;
    const unsigned planted = random() % 30;
    for (unsigned i = 0; rows > 0 && i < planted; ++i) {
      const uint64_t row = 10 * (random() % static_cast<unsigned>(rows));
      const unsigned what = random() % 3;
      if (what == 2)
        corruption.extra[Key(row + 1 + random() % 3)] = "extra";
      else if (corruption.missing.count(Key(row)) + corruption.different.count(Key(row)) == 0)
        (what == 0 ? corruption.missing : corruption.different).insert(Key(row));
    }
    // Many rows that the source does not have, in one place.
    if (random() % 4 == 0) {
      for (int i = 0; i < 500; ++i) corruption.extra[Key(30'000'000 + i)] = "extra";
    }
    world_.corruptions[{"shop", "item"}] = corruption;
    world_.moves = [&random, &corruption](World* world) {
      auto& table = world->source[{"shop", "item"}].rows;
      for (auto& [key, image] : table) {
        if (random() % 8 == 0) image = "row " + std::to_string(random());
      }
      for (int i = 0; i < 5; ++i) table.emplace_back(Key(40'000'000 + random() % 10'000'000), "new");
      std::sort(table.begin(), table.end());
      table.erase(std::unique(table.begin(), table.end(),
                              [](const auto& a, const auto& b) { return a.first == b.first; }),
                  table.end());
    };
    options_.rows_per_part = 1 + random() % 40;
    options_.rows_per_batch = options_.rows_per_part * (1 + random() % 20);
    options_.pair_age_max = std::chrono::milliseconds(random() % 3 == 0 ? 0 : 60'000);
    source_.fails_one_in = random() % 2 == 0 ? 0 : 30 + random() % 100;
    target_.fails_one_in = random() % 2 == 0 ? 0 : 30 + random() % 100;
    const Findings findings = Run();
    ASSERT_EQ(findings.tables.size(), 1u);
    const TableFindings& table = findings.tables[0];
    std::set<std::string> extra;
    for (const auto& [key, image] : corruption.extra) extra.insert(key);
    EXPECT_EQ(Keys(table, RowFinding::kMissing), corruption.missing);
    EXPECT_EQ(Keys(table, RowFinding::kDifferent), corruption.different);
    EXPECT_EQ(Keys(table, RowFinding::kExtra), extra);
    EXPECT_EQ(table.missing, corruption.missing.size());
    EXPECT_EQ(table.different, corruption.different.size());
    EXPECT_EQ(table.extra, extra.size());
    const bool any = !corruption.missing.empty() || !corruption.different.empty() || !extra.empty();
    EXPECT_EQ(table.state, any ? TableState::kDifferent : TableState::kEqual);
    if (HasFailure()) return;
  }
}

TEST_F(Comparison, RowsOfATableWithoutAKeyAreComparedAsAMultiset) {
  test::FakeTable table;
  table.schema = test::FakeSchema("shop", "log", false);
  for (int i = 0; i < 5000; ++i) table.rows.emplace_back("", "line " + std::to_string(i % 700));
  world_.source[{"shop", "log"}] = table;
  world_.corruptions[{"shop", "log"}].extra = {{"a", "line 3"}, {"b", "line 3"}, {"c", "unknown"}};
  // Swapped rows are no difference.
  world_.moves = [](World* world) {
    auto& rows = world->source[{"shop", "log"}].rows;
    std::swap(rows.front(), rows.back());
  };
  const Findings findings = Run();
  ASSERT_EQ(findings.tables.size(), 1u);
  EXPECT_EQ(findings.tables[0].extra, 3u);
  EXPECT_EQ(findings.tables[0].missing, 0u);
  std::map<std::string, std::pair<uint64_t, uint64_t>> copies;
  for (const RowDifference& row : findings.tables[0].rows) {
    copies[row.image] = {row.copies_source, row.copies_target};
  }
  EXPECT_EQ(copies,
            (std::map<std::string, std::pair<uint64_t, uint64_t>>{{"line 3", {8, 10}}, {"unknown", {0, 1}}}));
}

TEST_F(Comparison, ASideThatWaitsForTheOtherKeepsItsSnapshotInUse) {
  AddTable("log", 500, false);
  world_.corruptions[{"shop", "log"}].missing = {""};  // all of them
  options_.snapshot_use_every = std::chrono::milliseconds(1);
  source_.before_images = [this] { EXPECT_TRUE(target_.AwaitUses(3)) << "it would be closed as idle"; };
  EXPECT_EQ(Run().missing(), 500u);
}

TEST_F(Comparison, ATableThatCannotBeComparedTakesNoOtherWithIt) {
  AddTable("item", 100);
  AddTable("log", 500, false);
  AddTable("other", 100);
  world_.corruptions[{"shop", "other"}].missing = {Key(10)};
  target_.never_digests = "log";
  options_.patience = std::chrono::milliseconds(200);
  const Findings findings = Run();
  ASSERT_EQ(findings.tables.size(), 3u);
  EXPECT_EQ(findings.tables[0].state, TableState::kEqual);
  EXPECT_EQ(findings.tables[1].state, TableState::kNotCompared);
  EXPECT_THAT(findings.tables[1].note, HasSubstr("the snapshot is gone"));
  EXPECT_EQ(findings.tables[2].state, TableState::kDifferent);
}

TEST_F(Comparison, WhatWasFoundOfATableThatCouldNotBeComparedToItsEndIsADifference) {
  AddTable("item", 1000);
  world_.corruptions[{"shop", "item"}].missing = {Key(10), Key(9000)};
  target_.never_digests = "item";
  options_.patience = std::chrono::milliseconds(200);
  const Findings findings = Run();
  EXPECT_EQ(findings.tables[0].state, TableState::kDifferent);
  EXPECT_FALSE(findings.tables[0].counted_all);
  EXPECT_THAT(Keys(findings.tables[0], RowFinding::kMissing), ElementsAre(Key(10)));
  EXPECT_THAT(findings.tables[0].note, HasSubstr("not compared to its end"));
}

TEST_F(Comparison, MoreDifferencesThanAreKeptAreCountedAllTheSame) {
  AddTable("item", 1000);
  Corruption& corruption = world_.corruptions[{"shop", "item"}];
  for (int i = 0; i < 1000; i += 2) corruption.missing.insert(Key(10 * i));
  options_.differences_max = 20;
  const Findings findings = Run();
  EXPECT_EQ(findings.tables[0].missing, 500u);
  EXPECT_EQ(findings.tables[0].rows.size(), 20u);
}

TEST_F(Comparison, ATableWithoutAKeyIsNotEqualBecauseOtherTablesUsedUpWhatIsKept) {
  AddTable("item", 1000);
  AddTable("log", 500, false);
  Corruption& corruption = world_.corruptions[{"shop", "item"}];
  for (int i = 0; i < 1000; i += 2) corruption.missing.insert(Key(10 * i));
  world_.corruptions[{"shop", "log"}].extra = {{"a", "unknown"}};
  options_.differences_max = 20;
  const Findings findings = Run();
  ASSERT_EQ(findings.tables.size(), 2u);
  EXPECT_EQ(findings.tables[1].state, TableState::kDifferent);
  EXPECT_FALSE(findings.tables[1].counted_all);
  EXPECT_EQ(findings.tables_differing(), 2u);
}

TEST_F(Comparison, ATableThatOneSideLacksIsADifferenceOnlyIfItStaysSo) {
  AddTable("item", 10);
  AddTable("gone", 10);
  AddTable("new", 10);
  world_.target_lacks = {{"shop", "gone"}, {"shop", "new"}};
  world_.moves = [](World* world) {
    if (world->place == 1) world->target_lacks.erase({"shop", "new"});  // its CREATE has arrived
  };
  const Findings findings = Run();
  ASSERT_EQ(findings.tables.size(), 3u);
  EXPECT_EQ(findings.tables[0].name.table, "gone");
  EXPECT_EQ(findings.tables[0].state, TableState::kMissing);
  EXPECT_EQ(findings.tables[1].state, TableState::kEqual);
  EXPECT_EQ(findings.tables[2].name.table, "new");
  EXPECT_EQ(findings.tables[2].state, TableState::kEqual);
  EXPECT_EQ(findings.tables[2].rows_source, 10u);
}

TEST_F(Comparison, RowsOfOtherColumnsAreNotCompared) {
  AddTable("item", 10);
  target_.spoil_schema = true;
  const Findings findings = Run();
  EXPECT_EQ(findings.tables[0].state, TableState::kSchema);
  EXPECT_EQ(findings.tables_differing(), 1u);
}

TEST_F(Comparison, ARangeIsComparedAlone) {
  AddTable("item", 100);
  world_.corruptions[{"shop", "item"}].missing = {Key(10), Key(500), Key(900)};
  options_.ranges[{"shop", "item"}] = {Key(300), Key(700)};
  const Findings findings = Run();
  EXPECT_THAT(Keys(findings.tables[0], RowFinding::kMissing), ElementsAre(Key(500)));
  EXPECT_EQ(findings.tables[0].rows_source, 40u);
  EXPECT_TRUE(findings.tables[0].only_part);
}

TEST_F(Comparison, ARangeMayBeginWithAKey) {
  AddTable("item", 100);
  world_.corruptions[{"shop", "item"}].missing = {Key(300), Key(310), Key(900)};
  options_.ranges[{"shop", "item"}] = {Key(300), Key(700)};
  options_.keys[{"shop", "item"}] = {Key(300)};
  options_.pair_age_max = std::chrono::milliseconds(0);  // another pair for each batch
  options_.rows_per_batch = options_.rows_per_part = 7;
  const Findings findings = Run();
  EXPECT_THAT(Keys(findings.tables[0], RowFinding::kMissing), ElementsAre(Key(300), Key(310)));
  EXPECT_EQ(findings.tables[0].rows_source, 41u);
}

TEST_F(Comparison, ARangeWithoutARowSaysSo) {
  AddTable("item", 100);
  options_.ranges[{"shop", "item"}] = {Key(700), Key(300)};
  EXPECT_THAT(Run().tables[0].note, HasSubstr("neither side has a row"));
}

TEST_F(Comparison, KeysAreComparedAlone) {
  AddTable("item", 100);
  world_.corruptions[{"shop", "item"}].missing = {Key(10), Key(500), Key(900)};
  options_.tables = {{"shop", "item"}};
  options_.keys[{"shop", "item"}] = {Key(500), Key(510), Key(511)};
  const Findings findings = Run();
  EXPECT_THAT(Keys(findings.tables[0], RowFinding::kMissing), ElementsAre(Key(500)));
  EXPECT_EQ(findings.tables[0].rows_source, 2u);
}

TEST_F(Comparison, KeysOfATableWithAnotherUniqueKeyAreComparedWithAllOfItWhenThatIsWanted) {
  AddTable("item", 100);
  world_.source[{"shop", "item"}].schema.has_secondary_unique = true;
  world_.corruptions[{"shop", "item"}].missing = {Key(10), Key(500), Key(900)};
  options_.tables = {{"shop", "item"}};
  options_.keys[{"shop", "item"}] = {Key(500)};
  EXPECT_EQ(Run().missing(), 1u);
  options_.keys_alone = false;
  const Findings findings = Run();
  EXPECT_EQ(findings.missing(), 3u);
  EXPECT_TRUE(findings.tables[0].other_unique_keys);
  EXPECT_FALSE(findings.tables[0].only_part);
}

TEST_F(Comparison, AFlowThatStreamsAgainSoonIsWaitedFor) {
  AddTable("item", 10);
  source_.refuses = 2;
  EXPECT_EQ(Run().tables_differing(), 0u);
}

TEST_F(Comparison, ATargetThatLagsIsWaitedForAtTheSameMark) {
  AddTable("item", 10);
  target_.lags = 3;
  const Findings findings = Run();
  EXPECT_EQ(findings.tables_differing(), 0u);
  EXPECT_EQ(findings.pairs, 1u);
  EXPECT_EQ(world_.place, 1u) << "one snapshot of the source";
}

TEST_F(Comparison, ASnapshotOfTheSourceThatIsLostWhileTheTargetLagsIsNotReplacedAtTheSameMark) {
  AddTable("item", 10);
  world_.moves = [](World* world) {
    world->source[{"shop", "item"}].rows.emplace_back(Key(1000 + world->place), "written since");
  };
  target_.lags = 3;
  target_.while_it_lags = [this] {
    if (target_.lags == 1) source_.Lose();
  };
  const Findings findings = Run();
  EXPECT_EQ(findings.tables_differing(), 0u);
  EXPECT_EQ(findings.last.gtid, "0-1-3") << "a pair of its own";
}

TEST_F(Comparison, AKeyWhoseColumnsGetAnotherOrderMeanwhileIsComparedFromItsBeginning) {
  AddTable("item", 1000);
  world_.source[{"shop", "item"}].schema.engine_meta = "first byte first";
  auto& missing = world_.corruptions[{"shop", "item"}].missing;
  for (int i = 0; i < 1000; i += 13) missing.insert(Key(10 * i));
  world_.moves = [](World* world) {
    if (world->place == 4) OtherKeyOrder(&world->source[{"shop", "item"}]);
  };
  options_.pair_age_max = std::chrono::milliseconds(0);  // another pair for each batch
  const Findings findings = Run();
  EXPECT_EQ(Keys(findings.tables[0], RowFinding::kMissing), missing);
  EXPECT_EQ(findings.missing(), missing.size());
  EXPECT_EQ(findings.rows_source(), 1000u);
}

TEST_F(Comparison, AKeyWhoseColumnsGetAnotherOrderAtTheTargetAloneIsAnotherKey) {
  AddTable("item", 1000);
  world_.source[{"shop", "item"}].schema.engine_meta = "first byte first";
  world_.moves = [](World* world) { world->corruptions[{"shop", "item"}].key_order = world->place >= 4; };
  options_.pair_age_max = std::chrono::milliseconds(0);
  EXPECT_EQ(Run().tables[0].state, TableState::kSchema);
}

TEST_F(Comparison, AFlowThatDoesNotStreamIsAnErrorThatSaysSo) {
  AddTable("item", 10);
  source_.refuses = 1'000'000;
  options_.patience = std::chrono::milliseconds(200);
  const auto findings = Compare(&source_, &target_, options_);
  ASSERT_FALSE(findings.ok());
  EXPECT_EQ(findings.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(findings.status().message(), HasSubstr("not streaming"));
  EXPECT_THAT(world_.expected, ::testing::IsEmpty());
}

TEST_F(Comparison, ATableThatNobodyHasIsBadInput) {
  AddTable("item", 10);
  options_.tables = {{"shop", "itme"}};
  const auto findings = Compare(&source_, &target_, options_);
  ASSERT_FALSE(findings.ok());
  EXPECT_EQ(findings.status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace srdf::compare
