// Trap 23: DDL that writes into rows gives them the same values at the target, or is not run there.
#include <gtest/gtest.h>

#include "applying_sink.h"
#include "support/database_compare.h"

namespace srdf::test {
namespace {

// A native replica of the source, from its present position on.
class NativeReplica {
 public:
  explicit NativeReplica(MariaDbServer& source) : source_(source) {
    MariaDbServerOptions options;
    options.server_id = 3;
    server_ = MariaDbServer::Start(options).value();
  }
  MariaDbServer& server() { return *server_; }
  void StartHere() {
    const std::string position = source_.Value("SELECT @@gtid_binlog_pos").value();
    const Status status = server_->Execute(
        {"STOP SLAVE", "RESET MASTER", "SET GLOBAL gtid_slave_pos='" + position + "'",
         "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_USER='root', MASTER_USE_GTID=slave_pos, "
         "MASTER_PORT=" +
             std::to_string(source_.port()),
         "START SLAVE"});
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  void WaitForSource() {
    const std::string position = source_.Value("SELECT @@gtid_binlog_pos").value();
    ASSERT_EQ("0", server_->Value("SELECT MASTER_GTID_WAIT('" + position + "', 30)").value());
  }

 private:
  MariaDbServer& source_;
  std::unique_ptr<MariaDbServer> server_;
};

struct Doubtful {
  const char* create;
  const char* at_source;  // rows in the order of one site
  const char* at_target;  // the same rows in that of the other, as a sorted dump loads them
  const char* alter;
  const char* what;
};

TEST(DdlRepeat, AnAlterThatGivesRowsOtherValuesAtEveryRunIsRefusedWhereANativeReplicaDiffersSilently) {
  const char* kKeyed = "CREATE OR REPLACE TABLE d.t(id INT PRIMARY KEY, v INT)";
  const char* kKeyless = "CREATE OR REPLACE TABLE d.t(v INT)";
  const char* kRows = "INSERT INTO d.t(id) VALUES(1),(2),(3)";
  const Doubtful kDoubtful[] = {
      {kKeyed, kRows, kRows, "ALTER TABLE d.t ADD u VARCHAR(40) DEFAULT (UUID())", "DEFAULT UUID()"},
      {kKeyed, kRows, kRows, "ALTER TABLE d.t ADD u DOUBLE DEFAULT (RAND())", "DEFAULT RAND()"},
      {kKeyed, kRows, kRows, "ALTER TABLE d.t ADD u BIGINT DEFAULT (UUID_SHORT())", "DEFAULT UUID_SHORT()"},
      {kKeyed, kRows, kRows, "ALTER TABLE d.t ADD u VARBINARY(9) DEFAULT (RANDOM_BYTES(9))",
       "DEFAULT RANDOM_BYTES()"},
      {kKeyed, kRows, kRows, "ALTER TABLE d.t ADD u VARCHAR(90) DEFAULT (@@port)", "DEFAULT a variable"},
      {kKeyless, "INSERT INTO d.t VALUES(3),(1),(2)", "INSERT INTO d.t VALUES(1),(2),(3)",
       "ALTER TABLE d.t ADD id INT AUTO_INCREMENT PRIMARY KEY", "AUTO_INCREMENT"},
      {kKeyless, "INSERT INTO d.t VALUES(3),(1),(2)", "INSERT INTO d.t VALUES(1),(2),(3)",
       "ALTER TABLE d.t ADD n BIGINT DEFAULT NEXTVAL(d.sq)", "DEFAULT NEXTVAL()"},
  };
  SourceAndTarget pair;
  NativeReplica native(pair.source());
  for (MariaDbServer* server : {&pair.source(), &pair.target().server(), &native.server()}) {
    ASSERT_TRUE(
        server->Execute({"SET SESSION sql_log_bin=0", "CREATE DATABASE d", "CREATE SEQUENCE d.sq"}).ok());
  }
  for (const Doubtful& d : kDoubtful) {
    SCOPED_TRACE(d.alter);
    pair.AtSource({d.create, d.at_source});
    pair.AtTarget({d.create, d.at_target});
    ASSERT_TRUE(native.server().Execute({"STOP SLAVE", d.create, d.at_target}).ok());
    pair.StartHere();
    native.StartHere();
    pair.AtSource({d.alter});

    native.WaitForSource();
    EXPECT_NE("", Differences(pair.source(), native.server()).value()) << "natively";

    const Status refused = pair.Replicate();
    ASSERT_EQ(StatusCode::kFailedPrecondition, refused.code()) << refused.ToString();
    EXPECT_NE(std::string::npos, refused.message().find("the rows of `d`.`t`")) << refused.ToString();
    EXPECT_NE(std::string::npos, refused.message().find(d.what)) << refused.ToString();
    EXPECT_EQ("0", pair.target().Value("SELECT COUNT(*) FROM information_schema.columns WHERE "
                                       "table_schema='d' AND column_name IN ('u','n')"));
    // It stays refused, and nothing after it is applied.
    pair.AtSource({"CREATE TABLE d.after(x INT)", "DROP TABLE d.after"});
    EXPECT_EQ(StatusCode::kFailedPrecondition, pair.Replicate().code());
  }
}

TEST(DdlRepeat, TheRemedyMadeByHandLetsTheFlowGoOn) {
  SourceAndTarget pair;
  pair.AtBoth({"CREATE DATABASE d", "CREATE TABLE d.t(id INT PRIMARY KEY)", "INSERT INTO d.t VALUES(1),(2)"});
  pair.StartHere();
  const std::string alter = "ALTER TABLE d.t ADD u VARCHAR(40) DEFAULT (UUID())";
  pair.AtSource({alter});
  ASSERT_EQ(StatusCode::kFailedPrecondition, pair.Replicate().code());
  pair.AtTarget({alter});
  for (const char* id : {"1", "2"}) {
    const std::string value = pair.source().Value(std::string("SELECT u FROM d.t WHERE id=") + id).value();
    pair.AtTarget({"UPDATE d.t SET u='" + value + "' WHERE id=" + id});
  }
  pair.AtTarget({"UPDATE srdf.ddl_intent SET state='done'"});
  pair.AtSource({"INSERT INTO d.t(id) VALUES(3)"});
  const Status mended = pair.Replicate();
  ASSERT_TRUE(mended.ok()) << mended.ToString();
  EXPECT_EQ("", pair.Difference());
}

TEST(DdlRepeat, EmptyTablesOrderedRowsAndKnownFunctionsRepeatExactly) {
  SourceAndTarget pair;
  pair.AtSource({"CREATE DATABASE d", "USE d", "CREATE TABLE d.empty(id INT PRIMARY KEY)",
                 "CREATE TABLE d.t(id INT PRIMARY KEY, v INT)",
                 "INSERT INTO d.t SELECT seq, 100 - seq FROM seq_1_to_50", "CREATE TABLE d.keyless(v INT)",
                 "INSERT INTO d.keyless VALUES(3),(1),(2)"});
  ASSERT_TRUE(pair.Replicate().ok());
  for (const char* statement :
       {"ALTER TABLE d.empty ADD u VARCHAR(40) DEFAULT (UUID()), ADD r DOUBLE DEFAULT (RAND())",
        "INSERT INTO d.empty(id) VALUES(1),(2)",
        // The statement's time stamp is restored to the microsecond.
        "ALTER TABLE d.t ADD a TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6), ADD b DATETIME(6) DEFAULT NOW(6)",
        "ALTER TABLE d.t ADD c DATETIME(3) DEFAULT LOCALTIME(3), ADD e DATE DEFAULT "
        "(CURDATE()), ADD f DATETIME(6) DEFAULT (UTC_TIMESTAMP(6)), ADD g DOUBLE DEFAULT "
        "(UNIX_TIMESTAMP(NOW(6)))",
        "ALTER TABLE d.t ADD h VARCHAR(99) DEFAULT (CONCAT('row ', id, ' ', HEX(v)))",
        "ALTER TABLE d.t ADD i TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
        // In the order of the old primary key.
        "ALTER TABLE d.t DROP PRIMARY KEY, ADD nr INT AUTO_INCREMENT PRIMARY KEY FIRST",
        "CREATE TABLE d.made(nr INT AUTO_INCREMENT PRIMARY KEY, u VARCHAR(40) DEFAULT (UUID())) SELECT v "
        "FROM "
        "d.keyless",
        "ALTER TABLE d.t ADD SYSTEM VERSIONING", "CREATE EVENT d.ev ON SCHEDULE EVERY 1 DAY DO SET @a=1",
        "CREATE EVENT d.once ON SCHEDULE AT NOW() + INTERVAL 2 HOUR DO SET @a=1"}) {
    pair.AtSource({"SET timestamp=1700000000.123456, time_zone='+03:30'", statement});
    const Status status = pair.Replicate();
    ASSERT_TRUE(status.ok()) << statement << "\n" << status.ToString();
  }
  EXPECT_EQ("", pair.Difference());
  const std::string periods = "SELECT GROUP_CONCAT(DISTINCT row_start) FROM d.t";
  EXPECT_EQ(pair.source().Value(periods).value(), pair.target().Value(periods));
  EXPECT_NE("0", pair.target().Value("SELECT MICROSECOND(MAX(b)) FROM d.t"));
}

}  // namespace
}  // namespace srdf::test
