#include "model/schema.h"

#include <gtest/gtest.h>

#include <random>

namespace srdf {
namespace {

TableSchema SomeSchema() {
  TableSchema s;
  s.table_ref = 12;
  s.database = "shop";
  s.table = "bestellung";
  Column id;
  id.name = "id";
  id.type = 3;
  id.is_unsigned = true;
  Column state;
  state.name = "état";
  state.type = 247;
  state.type_meta = 0x1234;
  state.nullable = true;
  state.collation = 45;
  state.labels = {"open", "", "sent"};
  s.columns = {id, state};
  s.key_kind = KeyKind::kUniqueNotNull;
  s.key_columns = {0};
  s.has_secondary_unique = true;
  s.constraint_group = 7;
  s.engine_meta = std::string("\0\x01table map", 11);
  return s;
}

TEST(TableSchema, IsReadBack) {
  std::string out;
  EncodeTableSchema(SomeSchema(), &out);
  const auto read = DecodeTableSchema(out);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(*read, SomeSchema());
}

TEST(TableSchema, ActingForeignKeysNoneAndNotKnownAreThreeThings) {
  using Keys = std::vector<std::string>;
  for (const std::optional<Keys>& keys :
       {std::optional<Keys>(), std::optional(Keys()), std::optional(Keys{"`a`.`b`(c)->(d)", ""})}) {
    TableSchema s = SomeSchema();
    s.acting_foreign_keys = keys;
    std::string out;
    EncodeTableSchema(s, &out);
    const auto read = DecodeTableSchema(out);
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ(s, *read);
  }
}

TEST(TableSchema, EveryTornEncodingIsAnError) {
  std::string out;
  EncodeTableSchema(SomeSchema(), &out);
  for (size_t n = 0; n < out.size(); ++n)
    EXPECT_FALSE(DecodeTableSchema(ByteView(out).substr(0, n)).ok()) << n;
  EXPECT_FALSE(DecodeTableSchema(out + "x").ok());
}

TEST(TableSchema, AKeyColumnThatDoesNotExistIsAnError) {
  TableSchema s = SomeSchema();
  s.key_columns = {2};
  std::string out;
  EncodeTableSchema(s, &out);
  EXPECT_EQ(DecodeTableSchema(out).status().code(), StatusCode::kDataLoss);
}

TEST(TableSchema, MutatedEncodingsNeverCrash) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::string out;
  EncodeTableSchema(SomeSchema(), &out);
  size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = out;
    for (uint64_t k = random() % 3 + 1; k > 0; --k) bad[random() % bad.size()] = static_cast<char>(random());
    const auto read = DecodeTableSchema(bad);
    if (!read.ok()) {
      ++refused;
      continue;
    }
    std::string again;
    EncodeTableSchema(*read, &again);
    EXPECT_TRUE(DecodeTableSchema(again).ok());
  }
  EXPECT_GT(refused, 1'000u);
}

}  // namespace
}  // namespace srdf
