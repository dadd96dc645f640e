// Which columns an update is written with.
#include "engine_mariadb/changed_columns.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "engine_mariadb/column_sets.h"

namespace srdf::engine_mariadb {
namespace {

using Cells = std::vector<std::optional<std::string>>;

RowSlices Slices(const Cells& cells) {
  RowSlices row;
  for (const auto& cell : cells) {
    RowSlices::Slice slice;
    slice.state = cell ? RowSlices::kValue : RowSlices::kNull;
    if (cell) {
      slice.data = cell->data();
      slice.size = static_cast<uint32_t>(cell->size());
    }
    row.columns.push_back(slice);
  }
  return row;
}

TEST(ChangedColumns, NullsAndValuesOverMoreThanEightColumns) {
  const Cells before = {"k", "a", std::nullopt, "c", "d", "e", "f", "g", "h", "i", "j"};
  Cells after = before;
  after[1] = std::nullopt;
  after[2] = "B";
  after[9] = "I";
  after[10] = std::nullopt;
  ChangedColumns changed;
  changed.Clear();
  ASSERT_TRUE(changed.Add(Slices(before), Slices(after)));
  EXPECT_EQ(changed.bitmap(), std::string("\x06\x06", 2));
  // Four columns: the first and the last are NULL.
  EXPECT_EQ(changed.ImageOf(Slices(after), changed.bitmap()), std::string("\x09") + "BI");
}

TEST(ChangedColumns, TheSetGrowsWithinAnEventAndIsForgottenAfterIt) {
  const Cells row = {"k", "a", "b"};
  const Cells a = {"k", "A", "b"};
  const Cells b = {"k", "a", "B"};
  ChangedColumns changed;
  changed.Clear();
  EXPECT_FALSE(changed.Add(Slices(row), Slices(row)));
  ASSERT_TRUE(changed.Add(Slices(row), Slices(a)));
  EXPECT_EQ(changed.bitmap(), "\x02");
  ASSERT_TRUE(changed.Add(Slices(row), Slices(b)));
  EXPECT_EQ(changed.bitmap(), "\x06");
  EXPECT_EQ(changed.ImageOf(Slices(b), changed.bitmap()), std::string("\0aB", 3));
  EXPECT_TRUE(changed.Add(Slices(row), Slices(row)));  // within the event the set stays
  changed.Clear();
  ASSERT_TRUE(changed.Add(Slices(row), Slices(b)));
  EXPECT_EQ(changed.bitmap(), "\x04");
}

TEST(ColumnSets, AreFewAndWhatTheyDoNotCoverIsWrittenWhole) {
  ColumnSets sets;
  for (int i = 0; i < 7; ++i) {
    const std::string one(1, static_cast<char>(1 << i));
    EXPECT_EQ(sets.Cover(one), one);
  }
  EXPECT_EQ(sets.Cover("\x07"), "\x07");
  // No place is left: the smallest that covers, or none.
  EXPECT_EQ(sets.Cover("\x05"), "\x07");
  EXPECT_EQ(sets.Cover("\x02"), "\x02");
  EXPECT_TRUE(sets.Cover("\x18").empty());
}

}  // namespace
}  // namespace srdf::engine_mariadb
