#include "engine_mariadb/key_place.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "engine_mariadb/column_type.h"

namespace srdf::engine_mariadb {
namespace {

Column ColumnOf(FieldType type, uint16_t meta = 0, bool is_unsigned = false) {
  Column column;
  column.type = static_cast<uint8_t>(type);
  column.type_meta = meta;
  column.is_unsigned = is_unsigned;
  return column;
}

TableSchema TableOf(std::vector<Column> key) {
  TableSchema schema;
  schema.columns = std::move(key);
  schema.key_kind = KeyKind::kPrimary;
  for (uint16_t i = 0; i < schema.columns.size(); ++i) schema.key_columns.push_back(i);
  return schema;
}

template <typename T>
std::string LittleEndian(T value) {
  std::string out;
  for (size_t i = 0; i < sizeof(T); ++i)
    out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i)));
  return out;
}

std::string Text(const std::string& text) { return static_cast<char>(text.size()) + text; }

void ExpectRising(const compaction::KeyPlacer* placer, const std::vector<std::string>& keys) {
  ASSERT_NE(placer, nullptr);
  for (size_t i = 1; i < keys.size(); ++i) EXPECT_LT(placer->Place(keys[i - 1]), placer->Place(keys[i])) << i;
}

TEST(KeyPlace, WholeNumbersLieByTheirValueAndSign) {
  std::vector<std::string> keys;
  for (const int32_t value : {INT32_MIN, -70000, -256, -1, 0, 1, 255, 256, 65536, INT32_MAX})
    keys.push_back(LittleEndian(value));
  ExpectRising(NewKeyPlacer(TableOf({ColumnOf(FieldType::kLong)})).get(), keys);
  keys.clear();
  for (const uint64_t value : {uint64_t{0}, uint64_t{255}, uint64_t{256}, uint64_t{1} << 40, UINT64_MAX})
    keys.push_back(LittleEndian(value));
  ExpectRising(NewKeyPlacer(TableOf({ColumnOf(FieldType::kLongLong, 0, true)})).get(), keys);
}

TEST(KeyPlace, AKeyOfSeveralColumnsLiesByTheFirstThenByTheNext) {
  const auto placer = NewKeyPlacer(
      TableOf({ColumnOf(FieldType::kShort), ColumnOf(FieldType::kTiny), ColumnOf(FieldType::kLong)}));
  const auto key = [](int16_t a, int8_t b, int32_t c) {
    return LittleEndian(a) + LittleEndian(b) + LittleEndian(c);
  };
  ExpectRising(placer.get(), {key(-1, 9, 9), key(1, -2, 500), key(1, 3, 70000), key(1, 3, 70001),
                              key(1, 4, 0), key(300, 0, 0)});
}

TEST(KeyPlace, TextsLieByTheirFirstBytes) {
  const auto placer = NewKeyPlacer(TableOf({ColumnOf(FieldType::kVarchar, 40), ColumnOf(FieldType::kLong)}));
  const std::string number = LittleEndian(7);
  ExpectRising(placer.get(), {Text("") + number, Text("a") + number, Text("aa") + number, Text("b") + number,
                              Text("b\xc3\xa9") + number});
  EXPECT_EQ(placer->Place(Text("12345678x") + number), placer->Place(Text("12345678y") + number));
}

TEST(KeyPlace, ATableWhoseKeyIsAFloatingPointNumberHasNoPlaces) {
  EXPECT_EQ(NewKeyPlacer(TableOf({ColumnOf(FieldType::kDouble)})), nullptr);
  EXPECT_EQ(NewKeyPlacer(TableOf({})), nullptr);
}

TEST(KeyPlace, AnyBytesHaveAPlace) {
  std::mt19937 random(7);
  const auto placer = NewKeyPlacer(TableOf({ColumnOf(FieldType::kTiny), ColumnOf(FieldType::kVarchar, 300),
                                            ColumnOf(FieldType::kNewDecimal, 0x020a)}));
  for (int i = 0; i < 10000; ++i) {
    std::string key(random() % 12, '\0');
    for (char& c : key) c = static_cast<char>(random());
    placer->Place(key);
  }
}

}  // namespace
}  // namespace srdf::engine_mariadb
