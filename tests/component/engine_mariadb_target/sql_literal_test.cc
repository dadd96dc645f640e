// Literals against a real server: a row written from its literals has the same image in the log, byte for
// byte, and is found by them.
#include "engine_mariadb/sql_literal.h"

#include <gtest/gtest.h>

#include <map>

#include "engine_mariadb/row_layout.h"
#include "engine_mariadb/source_engine.h"
#include "engine_mariadb/sql_table.h"
#include "target_fixture.h"

namespace srdf::test {
namespace {

using namespace engine_mariadb;  // NOLINT(google-build-using-namespace)

// The images of all rows inserted into each table.
class ImageSink : public engine::ChangeSink {
 public:
  explicit ImageSink(std::string end_gtid) : end_gtid_(std::move(end_gtid)) {}

  Status Consume(std::string_view records, bool) override {
    RecordCursor cursor(records);
    Record record;
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
      if (!more) return {};
      if (record.type == RecordType::kTableSchema) {
        SRDF_ASSIGN_OR_RETURN(TableSchema schema, DecodeTableSchema(record.body));
        names_[schema.table_ref] = schema.table;
        schemas[schema.table] = std::move(schema);
      } else if (record.type == RecordType::kRowRun) {
        SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(record.body));
        Row row;
        for (;;) {
          SRDF_ASSIGN_OR_RETURN(const bool row_more, run.Next(&row));
          if (!row_more) break;
          if (run.header().op == RowOp::kInsert)
            images[names_[run.header().table_ref]].emplace_back(row.after);
        }
      } else if (record.type == RecordType::kTransactionEnd) {
        SRDF_ASSIGN_OR_RETURN(const TransactionEnd end, DecodeTransactionEnd(record.body));
        if (end.position.gtid == end_gtid_) return {StatusCode::kCancelled, "all is read"};
      }
    }
  }
  void Idle(const engine::SourceLag&) override {}

  std::map<std::string, TableSchema> schemas;
  std::map<std::string, std::vector<std::string>> images;

 private:
  const std::string end_gtid_;
  std::map<uint32_t, std::string> names_;
};

class SqlLiteralTest : public testing::Test {
 protected:
  SqlLiteralTest() : t_(Options()) {
    SourceOptions from;
    from.endpoint = t_.server().Endpoint();
    from.server_id = 999;
    engine_ = NewSourceEngine(from);
    session_ = t_.server().ConnectOrDie();
    Run("CREATE DATABASE d");
    Run("USE d");
  }

  static MariaDbServerOptions Options() { return {}; }

  void Run(const std::string& sql) {
    const Status status = session_->Execute(sql);
    ASSERT_TRUE(status.ok()) << status.ToString() << "\n" << sql.substr(0, 2000);
  }

  ImageSink ReadFrom(const SourcePosition& start) {
    ImageSink sink(engine_->CurrentPosition().value().gtid);
    const Status read = engine_->NewReader()->Run(start, &sink);
    EXPECT_EQ(StatusCode::kCancelled, read.code()) << read.ToString();
    return sink;
  }

  // Writes the rows into table `x`, as an ordinary lenient client, and their literals into `y`, as SQL apply.
  void Check(const std::string& columns, const std::vector<std::string>& rows) {
    Run("CREATE OR REPLACE TABLE x (id INT PRIMARY KEY, " + columns + ")");
    Run("CREATE OR REPLACE TABLE y LIKE x");
    const SourcePosition start = engine_->CurrentPosition().value();
    Run("SET time_zone='+00:00', sql_mode='ALLOW_INVALID_DATES', check_constraint_checks=0");
    for (size_t i = 0; i < rows.size(); ++i)
      Run("INSERT INTO x VALUES (" + std::to_string(i) + ", " + rows[i] + ")");
    const ImageSink wanted = ReadFrom(start);
    const TableSchema& schema = wanted.schemas.at("x");
    TableSchema schema_of_y = schema;
    schema_of_y.table = "y";
    const SqlTable table = LoadSqlTable(session_.get(), schema_of_y).value();
    const SourcePosition middle = engine_->CurrentPosition().value();
    Run("SET sql_mode='STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_BACKSLASH_ESCAPES', "
        "time_zone='+00:00', check_constraint_checks=0");
    ASSERT_EQ(rows.size(), wanted.images.at("x").size());
    for (const std::string& image : wanted.images.at("x")) CheckRow(schema, table, image);
    EXPECT_EQ(wanted.images.at("x"), ReadFrom(middle).images["y"]);
  }

  void CheckRow(const TableSchema& schema, const SqlTable& table, const std::string& image) {
    const RowLayout layout = RowLayout::Build(schema.columns).value();
    PresentColumns present;
    present.Set(std::string(64, '\xff'), schema.columns.size());
    RowSlices slices;
    ByteView in = image, whole;
    ASSERT_TRUE(layout.Take(&in, present, &whole, &slices));
    std::string names, values, exact, match;
    for (size_t i = 0; i < schema.columns.size(); ++i) {
      const auto& slice = slices.columns[i];
      const char* comma = i == 0 ? "" : ",";
      names += comma + table.columns[i].quoted_name;
      values += comma;
      exact += i == 0 ? "" : " AND ";
      match += i == 0 ? "" : " AND ";
      const SqlColumn& sql = table.columns[i].sql;
      Status status = AppendSqlLiteral(schema.columns[i], sql, slice, SqlUse::kStore, &values);
      ASSERT_TRUE(status.ok()) << sql.name << ": " << status.ToString();
      status = AppendSqlExactMatch(schema.columns[i], sql, slice, &exact);
      ASSERT_TRUE(status.ok()) << sql.name << ": " << status.ToString();
      match += table.columns[i].quoted_name + " <=> ";
      status = AppendSqlLiteral(schema.columns[i], sql, slice, SqlUse::kMatch, &match);
      ASSERT_TRUE(status.ok()) << sql.name << ": " << status.ToString();
    }
    Run("INSERT INTO y(" + names + ") VALUES(" + values + ")");
    EXPECT_EQ(0u, mysql_warning_count(session_->handle())) << values;
    // In both tables: what the literals made, and what was there before them.
    for (const char* where : {"x", "y"}) {
      for (const std::string& condition : {exact, match}) {
        const auto found =
            session_->QueryValue("SELECT COUNT(*) FROM " + std::string(where) + " WHERE " + condition);
        ASSERT_TRUE(found.ok()) << found.status().ToString() << "\n" << condition;
        EXPECT_EQ("1", *found) << condition;
      }
    }
  }

  Target t_;
  std::unique_ptr<engine::SourceEngine> engine_;
  std::unique_ptr<Connection> session_;
};

TEST_F(SqlLiteralTest, IntegersBitsAndYearsRoundTrip) {
  Check(
      "a TINYINT, au TINYINT UNSIGNED, b SMALLINT, bu SMALLINT UNSIGNED, c MEDIUMINT, cu MEDIUMINT UNSIGNED, "
      "d INT, du INT UNSIGNED ZEROFILL, y YEAR, e BIGINT, eu BIGINT UNSIGNED, b1 BIT(1), b11 BIT(11), b64 "
      "BIT(64)",
      {"-128, 255, -32768, 65535, -8388608, 16777215, -2147483648, 4294967295, 1901, -9223372036854775808, "
       "18446744073709551615, 1, 1025, x'8000000000000001'",
       "127, 0, 32767, 0, 8388607, 0, 2147483647, 0, 2155, 9223372036854775807, 0, 0, 0, 0",
       "0, 1, -1, 1, -1, 1, -1, 1, 0, -1, 1, 1, 255, x'ffffffffffffffff'",
       "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"});
}

TEST_F(SqlLiteralTest, ASetOfSixtyFourMembersIsFoundByItsValue) {
  std::string members;
  for (int i = 0; i < 64; ++i) members += (i == 0 ? "'s" : ",'s") + std::to_string(i) + "'";
  Check("s SET(" + members + "), t SET('a','b','c','d','e','f','g','h')",
        {"9223372036854775808, 128", "18446744073709551615, 255", "9223372036854775807, 127", "0, 0",
         "NULL, NULL"});
}

TEST_F(SqlLiteralTest, FloatsKeepEveryBitAndAreFoundByThem) {
  Check(
      "f FLOAT, g DOUBLE, fp FLOAT(7,2), gp DOUBLE(20,5), n DECIMAL(65,30), m DECIMAL(9,9), z DECIMAL(1,0) "
      "UNSIGNED",
      {"1.1, 1.1, 1.1, 1.1, -12345678901234567890123456789012345.123456789012345678901234567890, "
       "-0.123456789, "
       "9",
       "3.4028234e38, 1.7976931348623157e308, 99999.99, 123456789012345.12345, 0, 0, 0",
       "-1.17549435e-38, 2.2250738585072014e-308, -0.01, -0.00001, 0.000000000000000000000000000001, "
       "0.000000001, 1",
       "1e-45, 5e-324, 12345.67, 0.1, 1, 0.5, 2", "0.1e0+0.2e0, 0.1e0+0.2e0, 0.3, 0.3, -1, -1, 3",
       "16777217, 9007199254740993, 0, 0, 100, 0.1, 1", "-0e0, -0e0, 0, 0, 0, 0, 0",
       "RAND(1), RAND(2), RAND(3), RAND(4), RAND(5), RAND(6), 0", "1/3e0, 1/3e0, 1/3e0, 1/3e0, 1/3, 1/3, 1",
       "NULL, NULL, NULL, NULL, NULL, NULL, NULL"});
}

TEST_F(SqlLiteralTest, ZerosOfEitherSignAreTwoValues) {
  Run("CREATE TABLE x (f FLOAT)");
  const SourcePosition start = engine_->CurrentPosition().value();
  Run("INSERT INTO x VALUES (0),(-1e-60)");
  const ImageSink logged = ReadFrom(start);
  const TableSchema& schema = logged.schemas.at("x");
  const SqlTable table = LoadSqlTable(session_.get(), schema).value();
  const RowLayout layout = RowLayout::Build(schema.columns).value();
  PresentColumns present;
  present.Set("\1", 1);
  for (const std::string& image : logged.images.at("x")) {
    RowSlices slices;
    ByteView in = image, whole;
    ASSERT_TRUE(layout.Take(&in, present, &whole, &slices));
    std::string is, stored;
    ASSERT_TRUE(AppendSqlExactMatch(schema.columns[0], table.columns[0].sql, slices.columns[0], &is).ok());
    ASSERT_TRUE(
        AppendSqlLiteral(schema.columns[0], table.columns[0].sql, slices.columns[0], SqlUse::kStore, &stored)
            .ok());
    EXPECT_EQ("1", session_->QueryValue("SELECT COUNT(*) FROM x WHERE " + is).value()) << is;
    Run("INSERT INTO x VALUES (" + stored + ")");
    EXPECT_EQ("2", session_->QueryValue("SELECT COUNT(*) FROM x WHERE " + is).value()) << stored;
  }
}

TEST_F(SqlLiteralTest, NegativeTimesZeroAndInvalidDatesRoundTrip) {
  Check(
      "d DATE, t0 TIME, t1 TIME(1), t3 TIME(3), t6 TIME(6), dt0 DATETIME, dt2 DATETIME(2), dt6 DATETIME(6), "
      "ts0 "
      "TIMESTAMP NULL, ts4 TIMESTAMP(4) NULL, ts6 TIMESTAMP(6) NULL",
      {"'2024-02-29', '12:34:56', '12:34:56.7', '12:34:56.789', '12:34:56.789012', '2024-02-29 12:34:56', "
       "'2024-02-29 12:34:56.78', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56', '2024-02-29 "
       "12:34:56.7890', '2024-02-29 12:34:56.789012'",
       "'0000-00-00', '-838:59:59', '-00:00:00.1', '-01:02:03.004', '-838:59:59.999999', '0000-00-00 "
       "00:00:00', "
       "'0000-00-00 00:00:00.00', '0000-00-00 00:00:00', 0, 0, 0",
       "'9999-12-31', '838:59:59', '838:59:59.9', '-00:00:00.001', '-00:00:00.000001', '9999-12-31 "
       "23:59:59', "
       "'1000-01-01 00:00:00.01', '9999-12-31 23:59:59.999999', '1970-01-01 00:00:01', '2038-01-19 "
       "03:14:07.9999', '2038-01-19 03:14:07.999999'",
       "'2024-02-30', '00:00:00', '00:00:00', '00:00:00', '00:00:00', '2024-00-00 00:00:00', '2024-01-00 "
       "00:00:00', '0001-01-01 00:00:00.000001', NULL, NULL, NULL"});
}

TEST_F(SqlLiteralTest, TextIsStoredAndFoundByItsBytesInEveryCharacterSet) {
  Check(
      "c CHAR(10) CHARACTER SET utf8mb4, cl CHAR(200) CHARACTER SET utf8mb4, v VARCHAR(20) CHARACTER SET "
      "utf8mb3, "
      "vl VARCHAR(300) CHARACTER SET latin1, e ENUM('a','ü','x,y') CHARACTER SET latin1, s SET('p','q','ß') "
      "CHARACTER SET utf8mb4, tx TEXT CHARACTER SET latin1, u2 VARCHAR(10) CHARACTER SET ucs2, cu2 CHAR(4) "
      "CHARACTER SET ucs2, u16 TEXT CHARACTER SET utf16, u32 CHAR(3) CHARACTER SET utf32, le VARCHAR(5) "
      "CHARACTER SET utf16le, j JSON, sj VARCHAR(9) CHARACTER SET sjis, big VARCHAR(9) CHARACTER SET big5, "
      "gb "
      "CHAR(3) CHARACTER SET gbk, bin VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
      {"'kurz', 'lang', 'häß', 'Straße €', 'ü', 'p,ß', 'é', 'aé', 'é', '😀b', '😀', 'xy', '{\"a\": [1, "
       "\"ü\\\\n\"]}', "
       "'表', '功', '中', 'It''s'",
       "'', '', '', '', 1, '', '', '', '', '', '', '', '{}', '', '', '', ''",
       "'a', 'b ', 'trail  ', '\\\\', 3, 7, 'q''\\\\\\0\\n\"', 'Ā\\'', '\\\\', '\\'\\'', '\\'', '\\'', '[]', "
       "'\\\\', '\\'', '\\\\', '\\\\'''",
       "'ééééééééé', REPEAT('€', 200), REPEAT('ü', 20), REPEAT('ÿ', 300), 'x,y', 'p,q,ß', REPEAT('x', "
       "60000), 'x', 'y', 'z', 'w', 'v', 'not json''', 'ソ', 'x', 'y', 'z'",
       "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
       "NULL"});
}

TEST_F(SqlLiteralTest, BinaryValuesAddressesUuidsAndGeometryRoundTrip) {
  Check(
      "b BINARY(8), v VARBINARY(300), t TINYBLOB, l LONGBLOB, g POINT, g2 GEOMETRY, u UUID, i6 INET6, i4 "
      "INET4",
      {"x'0001020304000000', x'00ff', x'', x'c3275c', POINT(1, -2), ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 "
       "0))',4326), '6ba7b810-9dad-11d1-80b4-000000000000', '2001:db8::', '10.0.0.0'",
       "'', '', '', '', NULL, NULL, '6ba7b810-9dad-71d1-80b4-00c04fd430c8', '::', '0.0.0.0'",
       "x'ffffffffffffffff', REPEAT(x'fe', 300), REPEAT(x'275c', 100), REPEAT(x'82', 70000), POINT(0, 0), "
       "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,2 2))'), "
       "'00000000-0000-0000-0000-000000000000', '::1', '255.255.255.255'",
       "x'2720275c', x'2027', x'27', x'5c', POINT(1e-300,1e300), POINT(3,4), UUID(), "
       "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '1.2.3.4'",
       "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"});
}

TEST_F(SqlLiteralTest, CompressedColumnsAreWrittenPlainAndCompressedAgain) {
  Run("SET SESSION column_compression_threshold=20");
  Check(
      "v VARCHAR(500) COMPRESSED CHARACTER SET utf8mb4, b BLOB COMPRESSED, t MEDIUMTEXT COMPRESSED CHARACTER "
      "SET "
      "utf8mb4",
      {"'kurz', x'00ff', 'text'", "REPEAT('ü', 500), REPEAT('y', 5000), REPEAT('z€', 30000)",
       "NULL, NULL, NULL", "'', '', ''"});
}

}  // namespace
}  // namespace srdf::test
