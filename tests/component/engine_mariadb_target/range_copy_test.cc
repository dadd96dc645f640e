// Ranges of keys of every type: what comes between two keys at the source is what is replaced at the target.
//
// A table has a key of some type and `n`, the row's place in the key's order. The target has a row for every
// n, the source for the even ones; a range is copied, so that one look tells which rows were replaced.
#include <gtest/gtest.h>

#include "applying_sink.h"

namespace srdf::test {
namespace {

struct KeyCase {
  std::string columns;              // of the key, in the table's order
  std::string key;                  // its clause
  std::string order;                // its columns, in the index's order
  std::vector<std::string> values;  // in any order
};

std::vector<KeyCase> Cases() {
  const auto one = [](const std::string& type, const std::vector<std::string>& values) {
    return KeyCase{"k " + type + " NOT NULL", "PRIMARY KEY(k)", "k", values};
  };
  return {
      one("INT", {"-2147483648", "-1", "0", "1", "7", "2147483647"}),
      one("BIGINT UNSIGNED",
          {"0", "1", "9223372036854775807", "9223372036854775808", "18446744073709551615"}),
      one("VARCHAR(30) COLLATE utf8mb4_general_ci",
          {"'a'", "'B'", "'c'", "'a\\t'", "'a!'", "''", "'ab '", "'ÿ'", "'z\\\\'", "'it''s'", "'Ab!'"}),
      one("VARCHAR(30) COLLATE utf8mb4_uca1400_nopad_as_ci",
          {"'a'", "'a '", "'B'", "'é'", "'e'", "'z'", "''"}),
      one("CHAR(20) CHARACTER SET latin1", {"'a'", "'\\t'", "'B'", "'z'", "'Z!'", "'0'"}),
      one("VARBINARY(20)", {"''", "x'00'", "x'0000'", "x'61'", "x'ff'", "x'5c27'", "'A'"}),
      one("BINARY(4)", {"x'00000000'", "x'00000001'", "x'61000000'", "x'61620000'", "x'ffffffff'"}),
      one("DECIMAL(20,5)",
          {"-99999.99999", "-0.00001", "0", "0.00001", "12345678.5", "999999999999999.99999"}),
      one("DOUBLE", {"-1e300", "-0.1", "0", "0.1", "0.30000000000000004", "0.3", "1e-300"}),
      one("FLOAT", {"-1.1", "0.1", "0.2", "16777216", "3.4e38"}),
      one("DATE", {"'0000-00-00'", "'1000-01-01'", "'2024-02-29'", "'2024-02-31'", "'9999-12-31'"}),
      one("DATETIME(3)", {"'0000-00-00'", "'2024-01-01 00:00:00.001'", "'2024-01-01 00:00:00.010'",
                          "'9999-12-31 23:59:59.999'"}),
      one("TIMESTAMP(6)", {"'1970-01-01 00:00:01'", "'2024-03-31 01:30:00.000001'", "'2024-03-31 01:30:00'",
                           "'2038-01-19 03:14:07.999999'"}),
      one("TIME(2)", {"'-838:59:59.99'", "'-00:00:00.01'", "'00:00:00'", "'00:00:00.01'", "'838:59:59'"}),
      one("YEAR", {"0", "1901", "2024", "2155"}),
      one("ENUM('z','a','m','')", {"'z'", "'a'", "'m'", "''"}),
      one("SET('z','a','m')", {"''", "'z'", "'a'", "'a,z'", "'m'", "'z,a,m'"}),
      one("BIT(10)", {"b'0'", "b'1'", "b'100000000'", "b'1111111111'"}),
      one("UUID", {"'00000000-0000-0000-0000-000000000001'", "'00000001-0000-0000-0000-000000000000'",
                   "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'"}),
      one("INET6", {"'::'", "'::1'", "'1::'", "'ffff::'"}),
      KeyCase{"k INT NOT NULL", "UNIQUE KEY u(k)", "k", {"1", "2", "3", "4", "5"}},
      KeyCase{"a INT NOT NULL, b VARCHAR(10) NOT NULL, c DATE NOT NULL",
              "PRIMARY KEY(b,c,a)",
              "b,c,a",
              {"1,'x','2024-01-01'", "2,'x','2024-01-01'", "1,'x','2024-01-02'", "-5,'y','2020-01-01'",
               "9,'A','2030-01-01'", "0,'y','2020-01-01'", "7,'y','2019-01-01'"}},
  };
}

// The first table's schema, and its inserted rows with their keys, as the log has them.
class LoggedRows : public engine::ChangeSink {
 public:
  explicit LoggedRows(std::string end_gtid) : end_gtid_(std::move(end_gtid)) {}
  Status Consume(std::string_view records, bool) override {
    RecordCursor cursor(records);
    Record record;
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
      if (!more) return {};
      if (record.type == RecordType::kTableSchema) {
        schema = record.whole;
      } else if (record.type == RecordType::kRowRun) {
        SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(record.body));
        table_ref = run.header().table_ref;
        bitmap = run.header().bitmap_after;
        Row row;
        while (run.Next(&row).value()) {
          keys.emplace_back(row.key);
          images.emplace_back(row.after);
        }
      } else if (record.type == RecordType::kTransactionEnd) {
        SRDF_ASSIGN_OR_RETURN(const TransactionEnd end, DecodeTransactionEnd(record.body));
        if (end.position.gtid == end_gtid_) return {StatusCode::kCancelled, "all is read"};
      }
    }
  }
  void Idle(const engine::SourceLag&) override {}

  std::string schema, bitmap;
  uint32_t table_ref = 0;
  std::vector<std::string> keys, images;

 private:
  const std::string end_gtid_;
};

class OnePayload : public engine::PayloadReader {
 public:
  Result<std::string_view> Next() override { return std::exchange(read, true) ? std::string_view() : bytes; }
  std::string bytes;
  bool read = false;
};

class RangeCopyTest : public ::testing::Test {
 protected:
  RangeCopyTest() {
    engine_mariadb::SourceOptions from;
    from.endpoint = pair_.source().Endpoint();
    from.server_id = 998;
    engine_ = engine_mariadb::NewSourceEngine(from);
  }

  // Makes the table at both sides; what the source has is in the result, in the key's order.
  LoggedRows Make(const KeyCase& c) {
    const std::string mode = "SET sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00'";
    const std::string table = "(" + c.columns + ", n INT, v INT, " + c.key + ")";
    pair_.AtBoth({"CREATE OR REPLACE DATABASE d", "CREATE TABLE d.t" + table, "CREATE TABLE d.seed" + table});
    pair_.target().CloseSession();  // it knows the table of the case before
    const std::string select = "SELECT " + c.order + ",ROW_NUMBER() OVER (ORDER BY " + c.order + ") n,";
    for (const auto& value : c.values) {
      pair_.AtBoth({mode, "INSERT INTO d.seed VALUES (" + value + ",0,0)"});
    }
    const std::string into = "INSERT INTO d.t(" + c.order + ",n,v) ";
    pair_.AtTarget({mode, into + select + "-1 FROM d.seed"});
    const SourcePosition before = engine_->CurrentPosition().value();
    pair_.AtSource({mode, into + "SELECT * FROM (" + select + "1 FROM d.seed) s WHERE n%2=0 ORDER BY n"});
    LoggedRows rows(engine_->CurrentPosition()->gtid);
    const Status read = engine_->NewReader()->Run(before, &rows);
    EXPECT_EQ(StatusCode::kCancelled, read.code()) << read.ToString();
    return rows;
  }

  // Copies the rows from number `from` on, up to, not including, number `to`.
  Status CopyRange(const LoggedRows& rows, size_t from, size_t to) {
    OnePayload payload;
    payload.bytes = rows.schema;
    RangeCopy copy{rows.table_ref, RangeCopyKind::kRange, from == 0 ? "" : rows.keys[from - 1],
                   to == rows.keys.size() ? "" : rows.keys[to - 1], 0};
    std::string body;
    EncodeRangeCopy(copy, &body);
    AppendRecord(RecordType::kRangeCopy, body, &payload.bytes);
    RowRunWriter run(&payload.bytes);
    RowRunHeader header;
    header.table_ref = rows.table_ref;
    header.op = RowOp::kInsert;
    header.bitmap_after = rows.bitmap;
    run.Begin(header);
    for (size_t i = from; i < to; ++i) {
      Row row;
      row.after = rows.images[i];
      run.Add(row);
    }
    run.End();
    return pair_.target().Apply(&payload).status();
  }

  SourceAndTarget pair_;
  std::unique_ptr<engine::SourceEngine> engine_;
};

TEST_F(RangeCopyTest, HoldsExactlyTheRowsBetweenItsKeysWhateverTheirType) {
  for (const KeyCase& c : Cases()) {
    SCOPED_TRACE(c.columns);
    const LoggedRows rows = Make(c);
    const size_t count = c.values.size();
    ASSERT_EQ(count / 2, rows.keys.size());
    for (size_t from = 0; from < rows.keys.size(); ++from) {
      const size_t to = std::min(from + 1 + from % 2, rows.keys.size());
      pair_.AtTarget({"UPDATE d.t SET v=-1"});
      std::string expected;
      // Row i of the log has n = 2 (i + 1).
      const size_t first = 2 * from, last = to == rows.keys.size() ? count : 2 * to;
      const std::string before = pair_.target().Value("SELECT GROUP_CONCAT(n ORDER BY n) FROM d.t");
      for (size_t n = 1; n <= count; ++n) {
        const bool inside = n > first && n <= last;
        if (!inside && ("," + before + ",").find("," + std::to_string(n) + ",") == std::string::npos)
          continue;
        if (inside && n % 2 == 1) continue;
        expected += (expected.empty() ? "" : ",") + std::to_string(n) + (inside ? ":1" : ":-1");
      }
      const Status copied = CopyRange(rows, from, to);
      ASSERT_TRUE(copied.ok()) << copied.ToString();
      EXPECT_EQ(expected, pair_.target().Value("SELECT GROUP_CONCAT(n,':',v ORDER BY n) FROM d.t"))
          << "rows " << from << " to " << to;
    }
    EXPECT_EQ(pair_.source().Value("SELECT GROUP_CONCAT(n ORDER BY n) FROM d.t").value(),
              pair_.target().Value("SELECT GROUP_CONCAT(n ORDER BY n) FROM d.t"));
  }
}

// The source's images have what an index needs of a virtual column.
TEST_F(RangeCopyTest, RowsBehindARangeGiveUpUniqueValuesOfVirtualColumns) {
  pair_.AtBoth(
      {"CREATE OR REPLACE DATABASE d",
       "CREATE TABLE d.t(k INT PRIMARY KEY, c VARCHAR(20), u VARCHAR(20) AS (UPPER(c)) VIRTUAL, UNIQUE(u))"});
  pair_.AtTarget({"INSERT INTO d.t(k,c) VALUES (1,'a'),(5,'x'),(9,'z')"});
  const SourcePosition before = engine_->CurrentPosition().value();
  pair_.AtSource({"INSERT INTO d.t(k,c) VALUES (1,'X'),(2,'y'),(7,'w')"});
  LoggedRows rows(engine_->CurrentPosition()->gtid);
  EXPECT_EQ(StatusCode::kCancelled, engine_->NewReader()->Run(before, &rows).code());
  ASSERT_EQ(3u, rows.keys.size());
  const Status copied = CopyRange(rows, 0, 2);
  ASSERT_TRUE(copied.ok()) << copied.ToString();
  EXPECT_EQ("1X,2y,9z", pair_.target().Value("SELECT GROUP_CONCAT(k,c ORDER BY k) FROM d.t"));
  EXPECT_EQ("1", pair_.target().Value("SELECT k FROM d.t FORCE INDEX(u) WHERE u='X'"));
}

// A chunk of a large table must not read the table.
TEST_F(RangeCopyTest, ReadsTheIndexOfTheKeyAndNotTheTable) {
  const std::string table = "(a INT NOT NULL, b INT NOT NULL, n INT, v INT, PRIMARY KEY(b,a))";
  pair_.AtBoth({"CREATE OR REPLACE DATABASE d", "CREATE TABLE d.t" + table, "CREATE TABLE d.seed" + table,
                "USE d", "INSERT INTO d.seed SELECT seq, seq%100, 0, 0 FROM seq_1_to_40000"});
  pair_.AtTarget({"INSERT INTO d.t SELECT * FROM d.seed"});
  const SourcePosition before = engine_->CurrentPosition().value();
  pair_.AtSource({"INSERT INTO d.t SELECT * FROM d.seed ORDER BY b,a"});
  LoggedRows rows(engine_->CurrentPosition()->gtid);
  EXPECT_EQ(StatusCode::kCancelled, engine_->NewReader()->Run(before, &rows).code());
  ASSERT_EQ(40000u, rows.keys.size());
  const auto read = [&] {
    return std::stoull(pair_.target().Value(
        "SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN "
        "('HANDLER_READ_NEXT','HANDLER_READ_RND_NEXT','HANDLER_READ_PREV')"));
  };
  const uint64_t read_before = read();
  for (size_t from : {20000, 20300, 39900}) {
    const Status copied = CopyRange(rows, from, from + 100);
    ASSERT_TRUE(copied.ok()) << copied.ToString();
  }
  EXPECT_LT(read() - read_before, 5000u);
  EXPECT_EQ("40000", pair_.target().Value("SELECT COUNT(*) FROM d.t"));
}

}  // namespace
}  // namespace srdf::test
