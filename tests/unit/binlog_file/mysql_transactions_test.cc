// Events of MySQL logs: what begins and ends a transaction, and what is shown of each event.
#include <gtest/gtest.h>

#include "codec/codec.h"
#include "support/mysql_file.h"
#include "unit/binlog_file/dump_fixture.h"

namespace srdf::test {
namespace {

using binlog_file::DumpOptions;

const std::string kUuid(kUuidText);
constexpr uint64_t kTable = 90;

// A table of one INT, and one inserted row.
std::string IntTable(const std::string& name = "t") {
  return TableMapBody(kTable, "db", name, {{"a", 3, "", false}}, MetadataField(1, std::string(1, '\0')));
}
std::string IntRow(uint32_t value) {
  return RowsBody(kTable, 1, "\x01", std::string(1, '\0') + Le(value, 4));
}

void AddInsert(MySqlFile* file, uint64_t sequence, uint32_t value, const std::string& table = "t") {
  file->AddGtid(sequence);
  file->AddQuery("BEGIN");
  file->Add(19, IntTable(table));
  file->Add(30, IntRow(value));
  file->AddXid(sequence + 1000);
}

TEST(MySqlDump, ATransactionIsOneLine) {
  MySqlFile file;
  AddInsert(&file, 7, 42);
  file.AddRotate();
  const DumpResult result = DumpBytes(file.bytes());
  ASSERT_TRUE(result.status.ok()) << result.status.ToString();
  ASSERT_EQ(result.lines.size(), 1u);
  const auto expected =
      nlohmann::json::parse(R"({"server_id":7,"time":"2023-11-14T22:13:20Z","gtid":")" + kUuid +
                            R"(:7","commit_time":"2023-11-14T22:13:20.123456Z","changes":[
      {"table":"db.t","op":"insert","after":{"a":42}}],"end":"commit","xid":1007,"rows":1})");
  auto got = result.lines[0];
  EXPECT_EQ(got["offset"], 127);
  EXPECT_EQ(got["end_offset"], result.summary.end_offset - 44);
  got.erase("offset");
  got.erase("end_offset");
  EXPECT_EQ(got, expected);
  EXPECT_EQ(result.summary.end, "closed by ROTATE to binlog.000002");
}

TEST(MySqlDump, StatementsEndTransactionsOnlyWithoutBegin) {
  MySqlFile file;
  file.AddGtid(1);
  file.AddQuery("CREATE TABLE t (a INT)");
  file.AddGtid(2);
  file.AddQuery("BEGIN");
  file.AddQuery("SAVEPOINT `s`");
  file.Add(19, IntTable());
  file.Add(30, IntRow(1));
  file.AddQuery("ROLLBACK TO `s`");
  file.AddQuery("COMMIT");
  file.Add(34, std::string(25, '\0'));
  file.AddQuery("begin");
  file.AddQuery("ROLLBACK");
  const DumpResult result = DumpBytes(file.bytes());
  ASSERT_TRUE(result.status.ok()) << result.status.ToString();
  ASSERT_EQ(result.lines.size(), 3u) << result.text;
  EXPECT_EQ(result.lines[0]["changes"][0]["statement"], "CREATE TABLE t (a INT)");
  EXPECT_EQ(result.lines[0]["changes"][0]["database"], "db");
  EXPECT_EQ(result.lines[1]["changes"].size(), 3u);
  EXPECT_EQ(result.lines[1]["changes"][2]["statement"], "ROLLBACK TO `s`");
  EXPECT_EQ(result.lines[2]["gtid"], nullptr);
  EXPECT_EQ(result.lines[2]["end"], "rollback");
}

TEST(MySqlDump, XaTransactionsEndAtTheirPrepare) {
  MySqlFile file;
  file.AddGtid(1);
  file.AddQuery("XA START X'61',X'',1");
  file.Add(19, IntTable());
  file.Add(30, IntRow(5));
  file.AddQuery("XA END X'61',X'',1");
  file.Add(38, Le(0, 1) + Le(1, 4) + Le(1, 4) + Le(0, 4) + "a");
  file.AddGtid(2);
  file.AddQuery("XA COMMIT X'61',X'',1");
  const DumpResult result = DumpBytes(file.bytes());
  ASSERT_EQ(result.lines.size(), 2u) << result.text;
  EXPECT_EQ(result.lines[0]["end"], "xa prepare");
  EXPECT_EQ(result.lines[0]["xa_xid"], "X'61',X'',1");
  EXPECT_EQ(result.lines[0]["rows"], 1);
  EXPECT_EQ(result.lines[1]["changes"][0]["statement"], "XA COMMIT X'61',X'',1");
}

TEST(MySqlDump, Trap17CompressedTransactionsAreUnpacked) {
  const std::string events = Event(2, QueryBody("BEGIN", "db")) +
                             Event(29,
                                   "\x05"
                                   "INSERT … a long statement") +
                             Event(19, IntTable()) + Event(30, IntRow(9)) + Event(16, Le(3, 8));
  std::string packed;
  auto compressor = codec::NewCompressor(Codec::kZstd, 3);
  ASSERT_TRUE((*compressor)->Append(events, &packed).ok() && (*compressor)->Finish(&packed).ok());
  MySqlFile file;
  file.AddGtid(1);
  file.Add(40, Packed(2) + PackedText(Packed(0)) + Packed(3) + PackedText(Packed(events.size())) + Packed(1) +
                   PackedText(Packed(packed.size())) + Packed(0) + packed);
  const DumpResult result = DumpBytes(file.bytes());
  const auto changes = OnlyChanges(result);
  EXPECT_EQ(changes, nlohmann::json::parse(R"([{"rows_query":"INSERT … a long statement"},
      {"table":"db.t","op":"insert","after":{"a":9}}])"));
  EXPECT_EQ(result.lines[0]["compressed"], true);
  EXPECT_EQ(result.lines[0]["xid"], 3);
  DumpOptions events_form;
  events_form.events = true;
  const DumpResult list = DumpBytes(file.bytes(), events_form);
  ASSERT_EQ(list.lines.size(), 8u) << list.text;
  EXPECT_EQ(list.lines[2]["compression"], "ZSTD");
  EXPECT_EQ(list.lines[6]["in_payload"], true);
  EXPECT_EQ(list.lines[6]["rows"][0]["after"]["a"], 9);
}

TEST(MySqlDump, Trap16UnknownEventsAreFatalUnlessMarkedIgnorable) {
  MySqlFile file;
  AddInsert(&file, 1, 1);
  const uint64_t at = file.Add(99, "whatever", 0x80);
  AddInsert(&file, 2, 2);
  DumpResult result = DumpBytes(file.bytes());
  EXPECT_TRUE(result.status.ok()) << result.status.ToString();
  EXPECT_EQ(result.lines.size(), 2u);
  EXPECT_EQ(result.summary.ignored_events, 1u);
  MySqlFile fatal;
  AddInsert(&fatal, 1, 1);
  fatal.Add(99, "whatever");
  AddInsert(&fatal, 2, 2);
  result = DumpBytes(fatal.bytes());
  EXPECT_EQ(result.status.code(), StatusCode::kUnimplemented);
  EXPECT_NE(result.status.message().find("type 99) at"), std::string::npos) << result.status.message();
  EXPECT_NE(result.status.message().find(":" + std::to_string(at)), std::string::npos)
      << result.status.message();
  EXPECT_EQ(result.lines.size(), 1u);
  // What MariaDB writes is as unknown in a log of MySQL, and the other way round.
  MySqlFile foreign;
  foreign.Add(162, Le(1, 8) + Le(0, 4) + Le(0, 7));
  EXPECT_EQ(DumpBytes(foreign.bytes()).status.code(), StatusCode::kUnimplemented);
  MySqlFile mariadb("10.11.6-MariaDB");
  mariadb.AddGtid(1);
  EXPECT_EQ(DumpBytes(mariadb.bytes()).status.code(), StatusCode::kUnimplemented);
}

TEST(MySqlDump, PreviousGtidsAndTheOtherEventsOfTheLog) {
  MySqlFile file;
  file.Add(35, Le(1, 8) + UuidBytes() + Le(1, 8) + Le(1, 8) + Le(6, 8));
  std::string view = "17000:3";
  view.resize(52, '\0');
  file.AddGtid(6);
  file.AddQuery("BEGIN");
  file.Add(37, view);
  file.AddQuery("COMMIT");
  file.AddGtid(7);
  file.Add(26, Le(1, 2) + Le(4, 1) + "lost");
  file.Add(41, Packed(1) + PackedText("binlog.000001") + Packed(0));
  file.Add(36, std::string(30, '\0'), 0x80);
  file.Add(3, "");
  const DumpResult result = DumpBytes(file.bytes());
  ASSERT_TRUE(result.status.ok()) << result.status.ToString();
  EXPECT_EQ(result.summary.previous_gtids, kUuid + ":1-5");
  ASSERT_EQ(result.lines.size(), 2u);
  EXPECT_EQ(result.lines[0]["changes"][0]["view_change"], "17000:3");
  EXPECT_EQ(result.lines[1]["changes"][0]["incident"], "incident 1: lost");
  EXPECT_EQ(result.summary.end, "closed by STOP: the server was shut down");
  DumpOptions events_form;
  events_form.events = true;
  const DumpResult list = DumpBytes(file.bytes(), events_form);
  ASSERT_EQ(list.lines.size(), 11u) << list.text;
  EXPECT_EQ(list.lines[1]["type"], "PREVIOUS_GTIDS");
  EXPECT_EQ(list.lines[1]["gtid_set"], kUuid + ":1-5");
  EXPECT_EQ(list.lines[2]["last_committed"], 5);
  EXPECT_EQ(list.lines[2]["transaction_bytes"], 300);
  EXPECT_EQ(list.lines[8]["file"], "binlog.000001");
  EXPECT_EQ(list.lines[9]["ignorable"], true);
}

TEST(MySqlDump, StatementsInStatementFormatComeWithTheirContext) {
  MySqlFile file;
  file.AddGtid(1);
  file.AddQuery("BEGIN");
  file.Add(5, Le(2, 1) + Le(17, 8));
  file.Add(13, Le(5, 8) + Le(6, 8));
  file.Add(14, Le(1, 4) + "x" + Le(0, 1) + Le(2, 1) + Le(63, 4) + Le(8, 4) +
                   Le(static_cast<uint64_t>(-3), 8) + Le(0, 1));
  file.Add(14, Le(1, 4) + "n" + Le(1, 1));
  file.Add(17, Le(4, 4) + "1,2\n");
  file.Add(18, Le(3, 4) + Le(0, 4) + Le(2, 1) + Le(0, 2) + Le(0, 2) + Le(4, 4) + Le(0, 4) + Le(9, 4) +
                   Le(0, 1) + "db" + std::string(1, '\0') + "LOAD DATA …");
  file.AddXid(9);
  EXPECT_EQ(OnlyChanges(DumpBytes(file.bytes())), nlohmann::json::parse(R"([{"insert_id":17},
      {"rand_seed1":5,"rand_seed2":6},{"user_variable":"x","value":-3},{"user_variable":"n","value":null},
      {"load_data":"begin","file_id":4,"bytes":4},
      {"statement":"LOAD DATA …","database":"db","load_data":"execute","file_id":4}])"));
}

TEST(MySqlDump, FiltersLeaveOutTransactionsAndRows) {
  MySqlFile file;
  AddInsert(&file, 1, 10, "t");
  AddInsert(&file, 2, 20, "u");
  AddInsert(&file, 3, 30, "t");
  file.AddGtid(4);
  file.AddQuery("DROP TABLE t");
  DumpOptions options;
  options.table = "db.t";
  DumpResult result = DumpBytes(file.bytes(), options);
  ASSERT_EQ(result.lines.size(), 2u) << result.text;
  EXPECT_EQ(result.lines[1]["changes"][0]["after"]["a"], 30);
  options.events = true;
  EXPECT_EQ(DumpBytes(file.bytes(), options).lines.size(), 4u);
  options = {};
  options.gtids = kUuid + ":2-3";
  result = DumpBytes(file.bytes(), options);
  ASSERT_EQ(result.lines.size(), 2u);
  EXPECT_EQ(result.lines[0]["changes"][0]["table"], "db.u");
  options.limit = 1;
  result = DumpBytes(file.bytes(), options);
  EXPECT_EQ(result.lines.size(), 1u);
  EXPECT_EQ(result.summary.end, "stopped at the limit");
  options = {};
  options.gtids = "0-1-5";
  EXPECT_EQ(DumpBytes(file.bytes(), options).status.code(), StatusCode::kInvalidArgument);
  options.gtids = "rubbish:";
  EXPECT_EQ(DumpBytes(file.bytes(), options).status.code(), StatusCode::kInvalidArgument);
  options = {};
  options.table = "t";
  EXPECT_EQ(DumpBytes(file.bytes(), options).status.code(), StatusCode::kInvalidArgument);
}

TEST(MySqlDump, RowsWithoutTheirTableMapSayWhereToBegin) {
  MySqlFile file;
  file.AddGtid(1);
  file.AddQuery("BEGIN");
  file.Add(19, IntTable());
  const uint64_t rows = file.Add(30, IntRow(1));
  file.AddXid(1);
  DumpOptions options;
  options.from = rows;
  const DumpResult result = DumpBytes(file.bytes(), options);
  EXPECT_EQ(result.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(result.status.message().find("table id 90"), std::string::npos);
  EXPECT_NE(result.status.remedy().find("offset of a transaction"), std::string::npos);
}

TEST(MySqlDump, AnErrorOfTheOutputEndsTheDump) {
  MySqlFile file;
  AddInsert(&file, 1, 1);
  DumpOptions options;
  options.path = TestPath();
  WriteFile(options.path, file.bytes());
  binlog_file::DumpSummary summary;
  const Status status = binlog_file::Dump(
      options, [](std::string_view) { return Status(StatusCode::kUnavailable, "pipe closed"); }, &summary);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  std::remove(options.path.c_str());
}

}  // namespace
}  // namespace srdf::test
