// A server takes the images of a snapshot as row events, and makes the columns that they leave out itself.
#include "engine_mariadb/binlog_writer.h"
#include "snapshot_fixture.h"

namespace srdf::test {
namespace {

class SnapshotApplyTest : public SnapshotTest {
 protected:
  // Reads t.x, empties it, writes the images as row events; returns a Status of the last.
  Status EmptyAndWrite() {
    auto snapshot = Open();
    SRDF_ASSIGN_OR_RETURN(schema_, snapshot->Describe("t", "x"));
    rows_ = Read(snapshot.get(), schema_);
    snapshot.reset();
    Sql("DELETE FROM x");
    const auto writer_session = server().ConnectOrDie();
    engine_mariadb::BinlogWriter writer;
    writer.SetOrigin(99, 1'700'000'000);
    writer.AddFormatDescription();
    SRDF_RETURN_IF_ERROR(writer_session->Execute(writer.Statement()));
    writer.Clear();
    RowRunHeader header;
    header.op = RowOp::kInsert;
    const std::string columns = SnapshotColumns(schema_);
    header.bitmap_after = columns;
    writer.Begin(header, schema_.columns.size(), schema_.engine_meta);
    for (const ReadRow& read : rows_) {
      Row row;
      row.after = read.image;
      writer.AddRow(row);
    }
    writer.End();
    SRDF_RETURN_IF_ERROR(writer_session->Execute(writer.Statement()));
    const auto again = Open();
    EXPECT_EQ(Read(again.get(), schema_), rows_);
    EXPECT_EQ(Value("SELECT COUNT(*) FROM x"), std::to_string(rows_.size()));
    return {};
  }
  std::string All(const std::string& expressions) {
    return Value("SELECT GROUP_CONCAT(CONCAT_WS('/', " + expressions + ") ORDER BY id SEPARATOR ' ') FROM x");
  }

  TableSchema schema_;
  std::vector<ReadRow> rows_;
};

TEST_F(SnapshotApplyTest, VirtualColumnsAreMadeByTheServerThatWrites) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY, v INT AS (a + 1) VIRTUAL, a INT, s VARCHAR(20) AS (CONCAT('s', "
      "a)) STORED, i "
      "INT INVISIBLE DEFAULT 7, n INT AS (a * 3) STORED, KEY (v), KEY (s))");
  Sql("INSERT INTO x (id, a, i) VALUES (1, 5, 8), (2, 6, NULL), (3, 0, 1)");
  const std::string before = All("id, v, a, s, IFNULL(i, 'NULL'), n");
  const Status status = EmptyAndWrite();
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(All("id, v, a, s, IFNULL(i, 'NULL'), n"), before);
  EXPECT_EQ(Value("SELECT id FROM x FORCE INDEX (v) WHERE v = 7"), "2");
  EXPECT_EQ(Value("SELECT id FROM x FORCE INDEX (s) WHERE s = 's5'"), "1");
}

TEST_F(SnapshotApplyTest, AUniqueKeyThatIsKeptByAHashHolds) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY, t TEXT UNIQUE)");
  Sql("INSERT INTO x VALUES (1, 'one'), (2, 'two'), (3, NULL)");
  const Status status = EmptyAndWrite();
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(Value("SELECT id FROM x WHERE t = 'two'"), "2");
  EXPECT_FALSE(session_->Execute("INSERT INTO x VALUES (4, 'two')").ok());
}

TEST_F(SnapshotApplyTest, ValuesOfEveryTypeComeBackAsTheyWere) {
  Sql("CREATE TABLE x (id INT PRIMARY KEY, a BIGINT UNSIGNED, d DECIMAL(30,10), f FLOAT, g DOUBLE, t "
      "TIME(3), dt "
      "DATETIME(6), ts TIMESTAMP(2) NULL, y YEAR, e ENUM('a','ü') CHARACTER SET latin1, s SET('p','q'), c "
      "CHAR(10) "
      "CHARACTER SET utf16, v VARCHAR(300), b BINARY(5), bl MEDIUMBLOB, j JSON, p POINT, u UUID, i6 INET6, "
      "bi BIT(11), co "
      "TEXT COMPRESSED, cb TINYBLOB COMPRESSED)");
  Sql("INSERT INTO x VALUES (1, 18446744073709551615, -12345678901234567890.0123456789, 0.1, 1e-300, "
      "'-01:02:03.004', "
      "'2024-02-29 01:02:03.000004', '2024-03-31 02:30:00.5', 2024, 'ü', 'p,q', 'ä€', 'text', x'0102', "
      "REPEAT('x', 70000), "
      "'{\"a\":1}', POINT(1, 2), '123e4567-e89b-12d3-a456-426655440000', '2001:db8::', b'10000000001', "
      "REPEAT('co', 1000), "
      "REPEAT('z', 255)), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
      "NULL, NULL, "
      "NULL, NULL, NULL, NULL, NULL, NULL)");
  const std::string all =
      "SELECT MD5(CONCAT_WS('/', a, d, f, g, t, dt, ts, y, HEX(e), HEX(s), HEX(c), HEX(v), HEX(b), HEX(bl), "
      "HEX(j), HEX(p), u, i6, bi + 0, HEX(co), HEX(cb))) FROM x WHERE id = 1";
  const std::string checksum = Value(all);
  const Status status = EmptyAndWrite();
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(Value(all), checksum);
}

}  // namespace
}  // namespace srdf::test
