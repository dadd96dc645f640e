// Every column type: the JSON of a row image against what the server itself says of the row.
#include <cmath>

#include "engine_mariadb/row_json.h"
#include "source_fixture.h"

namespace srdf::test {
namespace {

// A row as the server prints it, in the form of AppendRowJson. `kinds` per column: n number, s string,
// h binary as hex.
std::string ServerJson(const engine_mariadb::ResultRow& row, const std::vector<std::string>& names,
                       const std::string& kinds) {
  std::string out = "{";
  for (size_t i = 0; i < row.size(); ++i) {
    if (i != 0) out += ",";
    engine_mariadb::AppendJsonString(names[i], &out);
    out += ":";
    if (!row[i]) {
      out += "null";
    } else if (kinds[i] == 'n') {
      out += *row[i];
    } else if (kinds[i] == 'h') {
      out += "\"0x" + *row[i] + "\"";
    } else {
      engine_mariadb::AppendJsonString(*row[i], &out);
    }
  }
  return out + "}";
}

struct TypedColumn {
  std::string name;
  std::string type;
  char kind;
};

class TypesTest : public SourceTest {
 protected:
  // Creates t.x, inserts the rows, updates and deletes them all; every image must equal what SELECT said.
  void Check(const std::vector<TypedColumn>& columns, const std::vector<std::string>& rows) {
    Sql("SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'");
    std::string create = "CREATE TABLE x (id INT PRIMARY KEY";
    std::string select = "SELECT id";
    std::vector<std::string> names = {"id"};
    std::string kinds = "n";
    for (const TypedColumn& column : columns) {
      create += ", `" + column.name + "` " + column.type;
      select += column.kind == 'h' ? ", HEX(`" + column.name + "`)" : ", `" + column.name + "`";
      names.push_back(column.name);
      kinds += column.kind;
    }
    Sql(create + ") ENGINE=InnoDB");
    for (size_t i = 0; i < rows.size(); ++i)
      Sql("INSERT INTO x VALUES (" + std::to_string(i) + ", " + rows[i] + ")");
    const auto selected = session_->Query(select + " FROM x ORDER BY id");
    ASSERT_TRUE(selected.ok()) << selected.status().ToString();
    Sql("DELETE FROM x");
    const auto all = ReadAll();
    std::vector<RecordedRow> inserts, deletes;
    for (const auto& t : all) {
      for (const auto& row : t.rows) (row.op == RowOp::kInsert ? inserts : deletes).push_back(row);
    }
    ASSERT_EQ(inserts.size(), rows.size());
    ASSERT_EQ(deletes.size(), rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::string expected = ServerJson((*selected)[i], names, kinds);
      EXPECT_EQ(inserts[i].after, expected) << rows[i];
      EXPECT_EQ(deletes[i].before, expected) << rows[i];
    }
  }
};

TEST_F(TypesTest, Integers) {
  Check({{"a", "TINYINT", 'n'},
         {"au", "TINYINT UNSIGNED", 'n'},
         {"b", "SMALLINT", 'n'},
         {"bu", "SMALLINT UNSIGNED", 'n'},
         {"c", "MEDIUMINT", 'n'},
         {"cu", "MEDIUMINT UNSIGNED", 'n'},
         {"d", "INT", 'n'},
         {"du", "INT UNSIGNED", 'n'},
         {"y", "YEAR", 'n'},
         {"e", "BIGINT", 'n'},
         {"eu", "BIGINT UNSIGNED", 'n'}},
        {"-128, 255, -32768, 65535, -8388608, 16777215, -2147483648, 4294967295, 1901, -9223372036854775808, "
         "18446744073709551615",
         "127, 0, 32767, 0, 8388607, 0, 2147483647, 0, 2155, 9223372036854775807, 0",
         "0, 1, -1, 1, -1, 1, -1, 1, 2000, -1, 1",
         "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"});
}

TEST_F(TypesTest, DecimalsAndFloats) {
  Check({{"a", "DECIMAL(10,2)", 's'},
         {"b", "DECIMAL(65,30)", 's'},
         {"c", "DECIMAL(65,0)", 's'},
         {"d", "DECIMAL(9,9)", 's'},
         {"e", "DECIMAL(1,0) UNSIGNED", 's'},
         {"f", "FLOAT", 'n'},
         {"g", "DOUBLE", 'n'},
         {"h", "DECIMAL(20,10)", 's'}},
        {"-12345678.90, -12345678901234567890123456789012345.123456789012345678901234567890, "
         "99999999999999999999999999999999999999999999999999999999999999999, -0.123456789, 9, 0.5, 0.1, "
         "-0.0000000001",
         "0, 0, 0, 0, 0, 0, 0, 0",
         "-0.01, 0.000000000000000000000000000001, -1, 0.000000001, 1, -1.25, -123456.789, 1",
         "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
         "99999999.99, 1, 1000000000, 0.1, 1, 3, 2.5, 1234567890.0123456789"});
}

TEST_F(TypesTest, TemporalValues) {
  Check({{"d", "DATE", 's'},
         {"t0", "TIME", 's'},
         {"t1", "TIME(1)", 's'},
         {"t3", "TIME(3)", 's'},
         {"t6", "TIME(6)", 's'},
         {"dt0", "DATETIME", 's'},
         {"dt2", "DATETIME(2)", 's'},
         {"dt6", "DATETIME(6)", 's'},
         {"ts0", "TIMESTAMP NULL", 's'},
         {"ts4", "TIMESTAMP(4) NULL", 's'},
         {"ts6", "TIMESTAMP(6) NULL", 's'}},
        {"'2024-02-29', '12:34:56', '12:34:56.7', '12:34:56.789', '12:34:56.789012', '2024-02-29 12:34:56', "
         "'2024-02-29 "
         "12:34:56.78', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56', '2024-02-29 12:34:56.7890', "
         "'2024-02-29 "
         "12:34:56.789012'",
         "'0000-00-00', '-838:59:59', '-00:00:00.1', '-01:02:03.004', '-838:59:59.999999', '0000-00-00 "
         "00:00:00', "
         "'0000-00-00 00:00:00.00', '0000-00-00 00:00:00', 0, 0, 0",
         "'9999-12-31', '838:59:59', '838:59:59.9', '-00:00:00.001', '-00:00:00.000001', '9999-12-31 "
         "23:59:59', '1000-01-01 "
         "00:00:00.01', '9999-12-31 23:59:59.999999', '1970-01-01 00:00:01', '2038-01-19 03:14:07.9999', "
         "'2038-01-19 "
         "03:14:07.999999'",
         "'2024-02-30', '00:00:00', '00:00:00', '00:00:00', '00:00:00', '2024-00-00 00:00:00', '2024-01-00 "
         "00:00:00', "
         "'0001-01-01 00:00:00.000001', NULL, NULL, NULL"});
}

TEST_F(TypesTest, CharacterSets) {
  Check({{"c", "CHAR(10) CHARACTER SET utf8mb4", 's'},
         {"cl", "CHAR(200) CHARACTER SET utf8mb4", 's'},
         {"v", "VARCHAR(20) CHARACTER SET utf8mb3", 's'},
         {"vl", "VARCHAR(300) CHARACTER SET latin1", 's'},
         {"e", "ENUM('a','ü','x,y') CHARACTER SET latin1", 's'},
         {"s", "SET('p','q','ß') CHARACTER SET utf8mb4", 's'},
         {"tt", "TINYTEXT CHARACTER SET latin1", 's'},
         {"tx", "TEXT CHARACTER SET utf8mb4", 's'},
         {"mt", "MEDIUMTEXT CHARACTER SET ascii", 's'},
         {"lt", "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", 's'},
         {"j", "JSON", 's'}},
        {"'kurz', 'lang', 'häß', 'Straße €', 'ü', 'p,ß', 'é', '😀 \"quoted\" \\\\ \\n\\t', 'ascii', 'x', "
         "'{\"a\": [1, \"ü\"]}'",
         "'', '', '', '', 1, '', '', '', '', '', '{}'",
         "'ééééééééé', REPEAT('€', 200), REPEAT('ü', 20), REPEAT('ÿ', 300), 'x,y', 'p,q,ß', REPEAT('x', "
         "255), REPEAT('y', 70000 "
         "MOD 65535), REPEAT('z', 70000), REPEAT('ä', 40000), '[]'",
         "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"});
}

TEST_F(TypesTest, BinaryValues) {
  Check({{"b", "BINARY(8)", 'h'},
         {"v", "VARBINARY(300)", 'h'},
         {"t", "TINYBLOB", 'h'},
         {"bl", "BLOB", 'h'},
         {"m", "MEDIUMBLOB", 'h'},
         {"l", "LONGBLOB", 'h'},
         {"g", "POINT", 'h'},
         {"p", "POLYGON", 'h'}},
        {"x'0001020304000000', x'00ff', x'', x'00', x'ffffff', x'c3', POINT(1, -2), "
         "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')",
         "'', '', '', '', '', '', NULL, NULL",
         "x'ffffffffffffffff', REPEAT(x'fe', 300), REPEAT(x'80', 255), REPEAT(x'81', 60000), "
         "REPEAT(x'82', 70000), REPEAT(x'83', 70000), POINT(0, 0), NULL",
         "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"});
}

TEST_F(TypesTest, CompressedColumns) {
  Sql("SET GLOBAL column_compression_threshold = 20");
  Sql("SET SESSION column_compression_threshold = 20");
  Check({{"v", "VARCHAR(500) COMPRESSED CHARACTER SET utf8mb4", 's'},
         {"vs", "VARCHAR(20) COMPRESSED CHARACTER SET latin1", 's'},
         {"b", "BLOB COMPRESSED", 'h'},
         {"t", "MEDIUMTEXT COMPRESSED CHARACTER SET utf8mb4", 's'}},
        {"'kurz', 'é', x'00ff', 'text'",
         "REPEAT('ü', 500), REPEAT('x', 20), REPEAT('y', 5000), REPEAT('z€', 30000)",
         "NULL, NULL, NULL, NULL", "'', '', '', ''"});
}

TEST_F(TypesTest, CompressedColumnsWithZlibHeader) {
  Sql("SET SESSION column_compression_threshold = 20, column_compression_zlib_wrap = 1");
  Check({{"t", "TEXT COMPRESSED CHARACTER SET utf8mb4", 's'}}, {"REPEAT('wrapped', 200)"});
}

TEST_F(TypesTest, BitsAddressesAndUuids) {
  // The log does not tell an address from a binary string; its bytes are what counts.
  Sql("CREATE TABLE x (id INT PRIMARY KEY, b1 BIT(1), b11 BIT(11), b64 BIT(64), u UUID, i6 INET6, i4 INET4)");
  Sql("INSERT INTO x VALUES (1, b'1', b'10000000001', x'8000000000000001', "
      "'123e4567-e89b-12d3-a456-426655440000', '2001:db8::', "
      "'10.0.0.0')");
  const auto all = ReadAll();
  EXPECT_EQ(
      all.back().rows.at(0).after,
      R"({"id":1,"b1":"0x01","b11":"0x0401","b64":"0x8000000000000001",)"
      R"("u":"0x123E4567E89B12D3A456426655440000","i6":"0x20010DB8000000000000000000000000","i4":"0x0A000000"})");
}

TEST_F(TypesTest, GeneratedAndInvisibleColumnsAreInTheImage) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY, a INT, v INT AS (a + 1) VIRTUAL, s INT AS (a * 2) STORED, i INT "
      "INVISIBLE DEFAULT 7)");
  Sql("INSERT INTO x (id, a) VALUES (1, 5)");
  EXPECT_EQ(ReadAll().back().rows.at(0).after, R"({"id":1,"a":5,"v":6,"s":10,"i":7})");
}

TEST_F(TypesTest, OldTemporalFormatWithoutFractions) {
  Sql("SET GLOBAL mysql56_temporal_format = OFF");
  Check(
      {{"t", "TIME", 's'}, {"d", "DATETIME", 's'}, {"s", "TIMESTAMP NULL", 's'}},
      {"'-12:34:56', '2024-02-29 12:34:56', '2024-02-29 12:34:56'", "'838:59:59', '0000-00-00 00:00:00', 0"});
  Sql("SET GLOBAL mysql56_temporal_format = ON");
}

TEST_F(TypesTest, OldTemporalFormatWithFractionsIsRefusedWithTheRemedy) {
  Sql("SET GLOBAL mysql56_temporal_format = OFF");
  Sql("CREATE TABLE x (id INT PRIMARY KEY, d DATETIME(3))");
  Sql("SET GLOBAL mysql56_temporal_format = ON");
  Sql("INSERT INTO x VALUES (1, '2024-02-29 12:34:56.789')");
  const Status status = ReadUntilError();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.remedy().find("ALTER TABLE `t`.`x` FORCE"), std::string::npos) << status.ToString();
}

TEST_F(TypesTest, ManyColumns) {
  std::string create = "CREATE TABLE x (id INT PRIMARY KEY";
  for (int i = 0; i < 300; ++i) create += ", c" + std::to_string(i) + (i % 3 == 0 ? " INT" : " VARCHAR(5)");
  Sql(create + ")");
  Sql("INSERT INTO x (id, c0, c299) VALUES (1, 7, 'end')");
  const std::string json = ReadAll().back().rows.at(0).after;
  EXPECT_EQ(json.find(R"({"id":1,"c0":7,"c1":null,)"), 0u);
  EXPECT_NE(json.find(R"("c298":null,"c299":"end"})"), std::string::npos);
}

}  // namespace
}  // namespace srdf::test
