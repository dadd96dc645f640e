// Trap: "keys must be encoded injectively". Rows are built here by the documented layout of a row image (null
// bitmap, then packed values); what the real RunBuilder makes of them are the keys that compaction folds by.
// Two rows of a table have the same key exactly when every key column holds the same stored bytes.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <optional>

#include "base/bytes.h"
#include "engine_mariadb/row_key.h"
#include "engine_mariadb/run_builder.h"

namespace srdf::engine_mariadb {
namespace {

using Numbers = std::vector<uint16_t>;
using Stored = std::optional<std::string>;  // a value's bytes without length prefix; nothing: NULL
using StoredRow = std::vector<Stored>;

const int kConfigured = setenv("RC_PARAMS", "max_success=2000 max_size=100", 0);

struct Kind {
  FieldType type;
  uint16_t meta;
  size_t length_bytes;  // 0: always `size` bytes
  size_t size;
};
constexpr Kind kKinds[] = {
    {FieldType::kTiny, 0, 0, 1},         {FieldType::kLong, 0, 0, 4},
    {FieldType::kLongLong, 0, 0, 8},     {FieldType::kDateTime2, 0, 0, 5},
    {FieldType::kVarchar, 40, 1, 40},    {FieldType::kVarchar, 255, 1, 255},
    {FieldType::kVarchar, 256, 2, 256},  {FieldType::kVarchar, 900, 2, 900},
    {FieldType::kString, 0x20fe, 1, 32}, {FieldType::kBlob, 1, 1, 200},
    {FieldType::kBlob, 2, 2, 900},
};

// Texts whose parts and length prefixes look like each other.
std::string SomeText(uint16_t number) {
  static const std::string kTexts[] = {"a",
                                       "b",
                                       "a.1",
                                       "1.b",
                                       "",
                                       "null",
                                       "NULL",
                                       std::string("\0", 1),
                                       std::string("\1a", 2),
                                       "ab",
                                       std::string("\0a", 2),
                                       "a.1b",
                                       "a.",
                                       "1.",
                                       ".b",
                                       std::string("\1\0a", 3),
                                       std::string("\1b", 2),
                                       "1"};
  return kTexts[number % (sizeof(kTexts) / sizeof(kTexts[0]))];
}

struct Shape {
  std::vector<Kind> kinds;
  std::vector<uint16_t> key;
};

Shape MakeShape(const Numbers& tape) {
  Shape shape;
  const size_t columns = 1 + tape[0] % 5;
  for (size_t i = 0; i < columns; ++i) shape.kinds.push_back(kKinds[tape[1 + i] % std::size(kKinds)]);
  for (size_t i = 0; i < columns; ++i) {
    if (tape[6 + i] % 3 != 0 || (i + 1 == columns && shape.key.empty())) {
      shape.key.push_back(static_cast<uint16_t>(i));  // side by side or with gaps: both ways of the encoder
    }
  }
  return shape;
}

StoredRow MakeRow(const Shape& shape, const Numbers& tape, size_t at) {
  StoredRow row;
  for (size_t i = 0; i < shape.kinds.size(); ++i) {
    const uint16_t number = tape[at + i];
    if (number % 11 == 10) {
      row.emplace_back(std::nullopt);
    } else if (shape.kinds[i].length_bytes > 0) {
      row.emplace_back(SomeText(number));
    } else {
      std::string bytes(shape.kinds[i].size, '\0');
      bytes[number % bytes.size()] = static_cast<char>(number / 7 % 3);
      row.emplace_back(bytes);
    }
  }
  return row;
}

std::string Bits(size_t columns, const std::vector<uint16_t>& present) {
  std::string bits((columns + 7) / 8, '\0');
  for (const uint16_t c : present) bits[c / 8] = static_cast<char>(bits[c / 8] | 1 << (c % 8));
  return bits;
}

std::vector<uint16_t> All(const Shape& shape) {
  std::vector<uint16_t> all;
  for (size_t i = 0; i < shape.kinds.size(); ++i) all.push_back(static_cast<uint16_t>(i));
  return all;
}

std::string Image(const Shape& shape, const StoredRow& row, const std::vector<uint16_t>& present) {
  std::string nulls((present.size() + 7) / 8, '\0'), values;
  for (size_t i = 0; i < present.size(); ++i) {
    const Stored& value = row[present[i]];
    if (!value.has_value()) {
      nulls[i / 8] = static_cast<char>(nulls[i / 8] | 1 << (i % 8));
      continue;
    }
    for (size_t b = 0; b < shape.kinds[present[i]].length_bytes; ++b) {
      values += static_cast<char>(value->size() >> (8 * b) & 0xff);
    }
    values += *value;
  }
  return nulls + values;
}

// A wagon carries no keys: what a reader finds in its images is what capture had found.
void CheckReadAgain(const TableSchema& schema, const RowRunHeader& header, const Row& row) {
  const auto reader = NewKeyReader(schema);
  RC_ASSERT(reader != nullptr);
  Row again = row;
  again.key = again.new_key = {};
  RC_ASSERT(reader->Read(header, &again));
  RC_ASSERT(again.key == row.key);
  RC_ASSERT(again.new_key == row.new_key);
}

// One change through the real builder.
struct Built {
  std::string key, new_key, before;
  RowRunHeader header;
  std::string bitmap_before;
};

Built Build(const Shape& shape, RowOp op, const StoredRow& before, const StoredRow& after,
            const std::vector<uint16_t>& present_before, bool full_before) {
  TableUse use;
  for (size_t i = 0; i < shape.kinds.size(); ++i) {
    Column column;
    column.name = "c" + std::to_string(i);
    column.type = static_cast<uint8_t>(shape.kinds[i].type);
    column.type_meta = shape.kinds[i].meta;
    use.schema.columns.push_back(column);
  }
  use.schema.table_ref = 1;
  use.schema.key_kind = KeyKind::kPrimary;
  use.schema.key_columns = shape.key;
  auto layout = RowLayout::Build(use.schema.columns);
  RC_ASSERT(layout.ok());
  use.layout = *layout;
  use.in_place = false;
  use.key_only = true;
  use.announced = true;

  const std::string bits_before = Bits(shape.kinds.size(), present_before);
  const std::string bits_after = Bits(shape.kinds.size(), All(shape));
  std::string rows;
  RowsEvent event;
  event.op = op;
  event.column_count = shape.kinds.size();
  if (op != RowOp::kInsert) {
    event.bitmap_before = bits_before;
    rows += Image(shape, before, present_before);
  }
  if (op != RowOp::kDelete) {
    event.bitmap_after = bits_after;
    rows += Image(shape, after, All(shape));
  }
  event.rows = rows;
  std::string out;
  RunBuilder builder(&out, full_before);
  const Status status = builder.Add(event, &use, false);
  if (!status.ok()) RC_FAIL(status.ToString());
  builder.Close();

  RecordCursor cursor(out);
  Record record;
  RC_ASSERT(*cursor.Next(&record));
  auto run = RowRunReader::Open(record.body);
  RC_ASSERT(run.ok());
  Row row;
  RC_ASSERT(*run->Next(&row));
  CheckReadAgain(use.schema, run->header(), row);
  Built built{std::string(row.key), std::string(row.new_key), std::string(row.before), run->header(), {}};
  built.bitmap_before = std::string(run->header().bitmap_before);
  return built;
}

bool HasNull(const Shape& shape, const StoredRow& row) {
  for (const uint16_t c : shape.key) {
    if (!row[c].has_value()) return true;
  }
  return false;
}

bool SameKey(const Shape& shape, const StoredRow& a, const StoredRow& b) {
  for (const uint16_t c : shape.key) {
    if (a[c] != b[c]) return false;
  }
  return true;
}

rc::Gen<Numbers> Tape() { return rc::gen::container<Numbers>(40, rc::gen::inRange<uint16_t>(0, 65535)); }

TEST(KeyEncoding, IsInjectiveForEveryShapeOfKey) {
  size_t equal = 0, different = 0;
  ASSERT_TRUE(rc::check("key(a) == key(b) exactly when the columns are", [&] {
    const Numbers tape = *Tape();
    const Shape shape = MakeShape(tape);
    const StoredRow a = MakeRow(shape, tape, 12);
    StoredRow b = MakeRow(shape, tape, 18);
    // Often equal in all but one key column, sometimes in all.
    if (tape[30] % 3 != 0) {
      const size_t other = shape.key[tape[31] % shape.key.size()];
      for (size_t c = 0; c < b.size(); ++c) {
        if (c != other || tape[30] % 3 == 1) b[c] = a[c];
      }
    }
    RC_PRE(!HasNull(shape, a) && !HasNull(shape, b));
    const bool same = SameKey(shape, a, b);
    ++(same ? equal : different);
    const std::string key_a = Build(shape, RowOp::kInsert, {}, a, {}, true).key;
    const std::string key_b = Build(shape, RowOp::kInsert, {}, b, {}, true).key;
    RC_ASSERT(!key_a.empty());
    RC_ASSERT((key_a == key_b) == same);
    // An update from one to the other says so.
    const Built update = Build(shape, RowOp::kUpdate, a, b, All(shape), true);
    RC_ASSERT(update.key == key_a);
    RC_ASSERT(update.new_key == (same ? "" : key_b));
  }));
  EXPECT_GT(equal, 100u);
  EXPECT_GT(different, 100u);
}

TEST(KeyEncoding, PartsOfACompositeKeyDoNotRunIntoEachOther) {
  const Shape shape{{kKinds[4], kKinds[4], kKinds[1]}, {0, 1}};
  const std::string number(4, '\0');
  const auto key = [&](const std::string& a, const std::string& b) {
    return Build(shape, RowOp::kInsert, {}, {a, b, number}, {}, true).key;
  };
  EXPECT_NE(key("a.1", "b"), key("a", "1.b"));
  EXPECT_NE(key("a", ""), key("", "a"));
  EXPECT_NE(key("ab", "c"), key("a", "bc"));
}

TEST(KeyEncoding, ANullInTheKeyIsNoKeyAndNeverTheTextNull) {
  ASSERT_TRUE(rc::check("no key, in place", [] {
    const Numbers tape = *Tape();
    const Shape shape = MakeShape(tape);
    StoredRow row = MakeRow(shape, tape, 12);
    row[shape.key[tape[30] % shape.key.size()]] = std::nullopt;
    const Built built = Build(shape, RowOp::kInsert, {}, row, {}, true);
    RC_ASSERT(built.key.empty());
    RC_ASSERT((built.header.flags & kRunInPlace) != 0);
  }));
}

TEST(KeyEncoding, IsTheSameFromAFullAndFromAMinimalBeforeImage) {
  ASSERT_TRUE(rc::check("key(full) == key(minimal)", [] {
    const Numbers tape = *Tape();
    const Shape shape = MakeShape(tape);
    const StoredRow row = MakeRow(shape, tape, 12);
    RC_PRE(!HasNull(shape, row));
    const Built full = Build(shape, RowOp::kDelete, row, {}, All(shape), true);
    const Built minimal = Build(shape, RowOp::kDelete, row, {}, shape.key, true);
    RC_ASSERT(full.key == minimal.key);
    RC_ASSERT(full.key == Build(shape, RowOp::kInsert, {}, row, {}, true).key);
  }));
}

TEST(KeyEncoding, ABeforeImageReducedToTheKeyHoldsTheKeysColumnsAndNoOther) {
  ASSERT_TRUE(rc::check("reduced image", [] {
    const Numbers tape = *Tape();
    const Shape shape = MakeShape(tape);
    const StoredRow row = MakeRow(shape, tape, 12);
    RC_PRE(!HasNull(shape, row));
    const Built built = Build(shape, RowOp::kDelete, row, {}, All(shape), false);
    RC_ASSERT(built.bitmap_before == Bits(shape.kinds.size(), shape.key));
    RC_ASSERT(built.before == Image(shape, row, shape.key));
  }));
}

}  // namespace
}  // namespace srdf::engine_mariadb
