#include "engine_mariadb/image_merger.h"

#include <gtest/gtest.h>

#include "engine_mariadb/column_type.h"
#include "engine_mariadb/row_json.h"

namespace srdf::engine_mariadb {
namespace {

// id INT, v VARCHAR(20), and eight more INT columns, so that null bits take two bytes.
TableSchema Schema() {
  TableSchema schema;
  schema.database = "d";
  schema.table = "t";
  for (int i = 0; i < 10; ++i) {
    Column column;
    column.name = "c" + std::to_string(i);
    column.type = static_cast<uint8_t>(i == 1 ? FieldType::kVarchar : FieldType::kLong);
    column.type_meta = i == 1 ? 20 : 0;
    schema.columns.push_back(column);
  }
  return schema;
}

std::string Int(char value) { return {value, 0, 0, 0}; }

std::string Json(const std::string& bitmap, const std::string& image) {
  std::string json;
  const Status status = AppendRowJson(Schema(), bitmap, image, &json);
  return status.ok() ? json : status.ToString();
}

TEST(ImageMerger, TakesEachColumnFromTheLaterImageThatHasIt) {
  const auto merger = NewImageMerger(Schema());
  ASSERT_NE(merger, nullptr);
  const std::string base_bitmap("\x07\x02", 2);  // c0, c1, c2, c9
  const std::string base = std::string("\x04", 1) + Int(1) + std::string("\x02hi", 3) + Int(9);  // c2 is NULL
  const std::string over_bitmap("\x0e\x00", 2);                                                  // c1, c2, c3
  const std::string over = std::string("\x01", 1) + Int(2) + Int(3);                             // c1 is NULL
  EXPECT_EQ(Json(base_bitmap, base), R"({"c0":1,"c1":"hi","c2":null,"c9":9})");
  std::string out = "rubbish";
  ASSERT_TRUE(merger->Merge(base, base_bitmap, over, over_bitmap, &out));
  EXPECT_EQ(Json(std::string("\x0f\x02", 2), out), R"({"c0":1,"c1":null,"c2":2,"c3":3,"c9":9})");
  // And once more over the result, into another string.
  std::string again;
  ASSERT_TRUE(merger->Merge(out, std::string("\x0f\x02", 2), std::string("\x00", 1) + Int(7),
                            std::string("\x00\x01", 2), &again));
  EXPECT_EQ(Json(std::string("\x0f\x03", 2), again), R"({"c0":1,"c1":null,"c2":2,"c3":3,"c8":7,"c9":9})");
  std::string whole;
  const std::string nulls = "\xff\x03";
  ASSERT_TRUE(merger->Merge(nulls, std::string("\xff\x03", 2), again, std::string("\x0f\x03", 2), &whole));
  EXPECT_EQ(Json(std::string("\xff\x03", 2), whole),
            R"({"c0":1,"c1":null,"c2":2,"c3":3,"c4":null,"c5":null,"c6":null,"c7":null,"c8":7,"c9":9})");
}

TEST(ImageMerger, ImagesThatDoNotFitTheirBitmapsAreRefused) {
  const auto merger = NewImageMerger(Schema());
  const std::string bitmap("\x01\x00", 2);
  const std::string good = std::string("\x00", 1) + Int(1);
  std::string out;
  EXPECT_TRUE(merger->Merge(good, bitmap, good, bitmap, &out));
  EXPECT_FALSE(merger->Merge(good + "x", bitmap, good, bitmap, &out));
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_FALSE(merger->Merge(good, bitmap, good.substr(0, n), bitmap, &out)) << n;
  }
}

TEST(ImageMerger, ATableWithAColumnOfUnknownLengthHasNone) {
  TableSchema schema = Schema();
  schema.columns[3].type = 99;
  EXPECT_EQ(NewImageMerger(schema), nullptr);
}

}  // namespace
}  // namespace srdf::engine_mariadb
