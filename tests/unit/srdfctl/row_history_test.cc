// The changes of one row, in payloads of every kind.
#include "srdfctl/row_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine_mariadb/column_type.h"
#include "model/prepared.h"
#include "model/schema.h"

namespace srdf::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// shop.prices (id INT, region VARCHAR(20), price INT, PRIMARY KEY (id, region)).
TableSchema Prices(uint32_t table_ref, const std::string& table = "prices") {
  TableSchema schema;
  schema.table_ref = table_ref;
  schema.database = "shop";
  schema.table = table;
  schema.columns.resize(3);
  schema.columns[0].name = "id";
  schema.columns[0].type = static_cast<uint8_t>(engine_mariadb::FieldType::kLong);
  schema.columns[1].name = "region";
  schema.columns[1].type = static_cast<uint8_t>(engine_mariadb::FieldType::kVarchar);
  schema.columns[1].type_meta = 80;
  schema.columns[1].collation = 45;
  schema.columns[2] = schema.columns[0];
  schema.columns[2].name = "price";
  schema.key_kind = KeyKind::kPrimary;
  schema.key_columns = {0, 1};
  return schema;
}

std::string Int(uint32_t value) {
  std::string out;
  ByteWriter(&out).U32(value);
  return out;
}
std::string Text(const std::string& text) { return static_cast<char>(text.size()) + text; }
std::string KeyBytes(uint32_t id, const std::string& region) { return Int(id) + Text(region); }
std::string KeyImage(uint32_t id, const std::string& region) {
  return std::string(1, '\0') + KeyBytes(id, region);
}
std::string Image(uint32_t id, const std::string& region, uint32_t price) {
  return KeyImage(id, region) + Int(price);
}

class Payload {
 public:
  Payload& Schema(const TableSchema& schema) {
    std::string body;
    EncodeTableSchema(schema, &body);
    AppendRecord(RecordType::kTableSchema, body, &bytes_);
    return *this;
  }
  Payload& Run(RowOp op, const std::string& bitmap_before, const std::string& before,
               const std::string& bitmap_after, const std::string& after, uint32_t table_ref = 1) {
    RowRunWriter writer(&bytes_);
    writer.Begin({.table_ref = table_ref,
                  .op = op,
                  .flags = 0,
                  .bitmap_before = bitmap_before,
                  .bitmap_after = bitmap_after});
    writer.Add({.flags = 0, .key = {}, .new_key = {}, .before = before, .after = after});
    writer.End();
    return *this;
  }
  Payload& Insert(uint32_t id, const std::string& region, uint32_t price) {
    return Run(RowOp::kInsert, {}, {}, "\x07", Image(id, region, price));
  }
  Payload& Copy(RangeCopyKind kind, const std::string& until) {
    std::string body;
    EncodeRangeCopy({.table_ref = 1, .kind = kind, .after = {}, .until = until, .copies = 0}, &body);
    AppendRecord(RecordType::kRangeCopy, body, &bytes_);
    return *this;
  }
  Payload& Sql(const std::string& database, const std::string& sql) {
    Statement statement;
    statement.database = database;
    statement.sql = sql;
    std::string body;
    EncodeStatement(statement, &body);
    AppendRecord(RecordType::kStatement, body, &bytes_);
    return *this;
  }
  Payload& Part(const std::string& xid, const Payload& records) {
    PreparedPart part;
    part.xid = xid;
    part.rows = 1;
    std::string body;
    EncodePreparedPartFront(part, &body);
    AppendRecord(RecordType::kPreparedPart, body + records.bytes_, &bytes_);
    return *this;
  }
  Payload& Outcome(const std::string& xid, bool commit) {
    std::string body;
    EncodePreparedOutcome({xid, commit}, &body);
    AppendRecord(RecordType::kPreparedOutcome, body, &bytes_);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::vector<RowChange> Changes(const std::string& name, const Payload& payload) {
  const auto parsed = RowName::Parse(name);
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  RowHistory history(*parsed);
  const Status added = history.Add(payload.bytes());
  EXPECT_TRUE(added.ok()) << added.ToString();
  history.Finish();
  return history.changes();
}

std::vector<std::string> Words(const std::vector<RowChange>& changes) {
  std::vector<std::string> words;
  for (const RowChange& change : changes) words.push_back(change.what);
  return words;
}

TEST(RowNameText, DatabaseTableAndKeyMayBeQuoted) {
  const auto name = RowName::Parse("`my.db`.`a``b:c`:1,'x'");
  ASSERT_TRUE(name.ok()) << name.status().ToString();
  EXPECT_EQ(name->database, "my.db");
  EXPECT_EQ(name->table, "a`b:c");
  EXPECT_EQ(name->key.size(), 2u);
  for (const char* bad :
       {"", "shop", "shop.orders", "shop.orders:", ".orders:1", "shop.:1", "`shop.orders:1"})
    EXPECT_EQ(RowName::Parse(bad).status().code(), StatusCode::kInvalidArgument) << bad;
}

TEST(RowHistory, ChangesOfTheRowAloneAreFoundInTheirOrder) {
  Payload payload;
  payload.Schema(Prices(1)).Schema(Prices(2, "other"));
  payload.Run(RowOp::kDelete, "\x03", KeyImage(7, "eu"), {}, {});
  payload.Insert(7, "EU", 1).Insert(8, "eu", 2).Insert(7, "eu", 3);
  payload.Run(RowOp::kInsert, {}, {}, "\x07", Image(7, "eu", 4), 2);
  payload.Run(RowOp::kUpdate, "\x03", KeyImage(7, "eu"), "\x04", std::string(1, '\0') + Int(5));
  const auto changes = Changes("shop.prices:7,'eu'", payload);
  ASSERT_THAT(Words(changes), ElementsAre("delete", "insert", "update"));
  EXPECT_EQ(changes[1].row.after, R"({"id":7,"region":"eu","price":3})");
  EXPECT_THAT(changes[2].row.columns, ElementsAre("price"));
  EXPECT_EQ(changes[2].row.before, R"({"id":7,"region":"eu"})");
  EXPECT_EQ(changes[2].row.after, R"({"price":5})");
}

TEST(RowHistory, ColumnsThatAnUpdateRepeatsAreNotChanged) {
  Payload payload;
  payload.Schema(Prices(1));
  payload.Run(RowOp::kUpdate, "\x07", Image(7, "eu", 3), "\x07", Image(7, "eu", 4));
  EXPECT_THAT(Changes("shop.prices:7,eu", payload).at(0).row.columns, ElementsAre("price"));
}

TEST(RowHistory, ARowThatMovesToAnotherKeyIsFoundUnderBoth) {
  Payload payload;
  payload.Schema(Prices(1));
  // Of the new key only the part that differs is in the image after.
  payload.Run(RowOp::kUpdate, "\x03", KeyImage(7, "eu"), "\x01", std::string(1, '\0') + Int(9));
  const auto left = Changes("shop.prices:7,eu", payload);
  ASSERT_THAT(Words(left), ElementsAre("update"));
  EXPECT_EQ(left[0].row.new_key, R"({"id":9,"region":"eu"})");
  EXPECT_TRUE(left[0].row.is_before && !left[0].row.is_after);
  const auto came = Changes("shop.prices:9,eu", payload);
  ASSERT_THAT(Words(came), ElementsAre("update"));
  EXPECT_EQ(came[0].row.old_key, R"({"id":7,"region":"eu"})");
  EXPECT_THAT(Changes("shop.prices:9,us", payload), IsEmpty());
}

TEST(RowHistory, RowsOfACopyAreCopiedAndThoseOfARepairRepairedOrRemoved) {
  Payload payload;
  payload.Schema(Prices(1));
  payload.Copy(RangeCopyKind::kRange, KeyBytes(9, "eu")).Insert(7, "eu", 1);
  EXPECT_THAT(Words(Changes("shop.prices:7,eu", payload)), ElementsAre("copied"));
  Payload more;
  more.Schema(Prices(1)).Copy(RangeCopyKind::kMore, "").Insert(7, "eu", 1);
  EXPECT_THAT(Words(Changes("shop.prices:7,eu", more)), ElementsAre("copied"));
  payload.Copy(RangeCopyKind::kKey, KeyBytes(7, "eu")).Insert(7, "eu", 2);
  payload.Copy(RangeCopyKind::kKey, KeyBytes(8, "eu"));
  EXPECT_THAT(Words(Changes("shop.prices:7,eu", payload)), ElementsAre("copied", "repaired"));
  EXPECT_THAT(Words(Changes("shop.prices:8,eu", payload)), ElementsAre("removed"));
  payload.Copy(RangeCopyKind::kKey, KeyBytes(10, "eu"));
  EXPECT_THAT(Words(Changes("shop.prices:8,eu", payload)), ElementsAre("removed"));
}

TEST(RowHistory, PreparedChangesNameTheirTransactionAndOutcomesAreTold) {
  Payload held;
  held.Schema(Prices(1)).Insert(7, "eu", 1);
  Payload payload;
  payload.Schema(Prices(1, "other"))
      .Part("X'61',X'',1", held)
      .Outcome("X'61',X'',1", true)
      .Insert(7, "eu", 2);
  const auto changes = Changes("shop.prices:7,eu", payload);
  ASSERT_THAT(Words(changes), ElementsAre("insert", "xa_commit")) << "a part's schemas count inside it alone";
  EXPECT_EQ(changes[0].xid, "X'61',X'',1");
}

TEST(RowHistory, StatementsThatNameTheTableAreTold) {
  Payload payload;
  payload.Sql("shop", "TRUNCATE prices")
      .Sql("other", "TRUNCATE prices")
      .Sql("other", "ALTER TABLE shop.Prices FORCE");
  payload.Sql("", "DROP DATABASE `shop`").Sql("shop", "TRUNCATE prices_old");
  payload.Sql("", "CREATE DATABASE shop");
  const auto changes = Changes("shop.prices:7,eu", payload);
  ASSERT_THAT(Words(changes), ElementsAre("statement", "statement", "statement"));
  EXPECT_EQ(changes[2].sql, "DROP DATABASE `shop`");
}

TEST(RowHistory, AKeyThatIsNotTheTablesIsRefusedWithItsColumns) {
  Payload payload;
  payload.Schema(Prices(1)).Insert(7, "eu", 1);
  RowHistory history(*RowName::Parse("shop.prices:7"));
  const Status status = history.Add(payload.bytes());
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("(id, region)"), std::string::npos) << status.message();

  TableSchema keyless = Prices(1);
  keyless.key_columns.clear();
  keyless.key_kind = KeyKind::kNone;
  Payload without;
  without.Schema(keyless).Insert(7, "eu", 1);
  RowHistory none(*RowName::Parse("shop.prices:7"));
  EXPECT_EQ(none.Add(without.bytes()).code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace srdf::ctl
