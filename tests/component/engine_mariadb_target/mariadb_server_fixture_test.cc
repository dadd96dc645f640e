// The fixtures themselves: a server that survives its own death, a comparison that can tell a difference.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "support/database_compare.h"
#include "support/mariadb_server.h"

namespace srdf::test {
namespace {

TEST(MariaDbServer, CommittedRowsSurviveKillAndThePortStays) {
  std::unique_ptr<MariaDbServer> server;
  // Started from a thread that ends at once: the server must not die with it.
  std::thread([&] { server = MariaDbServer::Start().value(); }).join();
  const uint16_t port = server->port();
  ASSERT_TRUE(
      server->Execute({"CREATE DATABASE a", "CREATE TABLE a.t(x INT)", "INSERT INTO a.t VALUES(7)"}).ok());
  server->Kill();
  EXPECT_FALSE(server->Connect().ok());
  const Status restarted = server->Restart();
  ASSERT_TRUE(restarted.ok()) << restarted.ToString();
  EXPECT_EQ(port, server->port());
  EXPECT_EQ("7", server->Value("SELECT x FROM a.t").value());
  ASSERT_TRUE(server->Stop().ok());
  EXPECT_FALSE(server->running());
}

TEST(DatabaseCompare, FindsDifferingRowsAndDefinitionsAndNothingElse) {
  auto a = MariaDbServer::Start().value();
  auto b = MariaDbServer::Start().value();
  const std::vector<std::string> make = {
      "CREATE DATABASE d",
      "CREATE TABLE d.k(id INT PRIMARY KEY, f FLOAT, b BLOB)",
      "CREATE TABLE d.n(x INT, s VARCHAR(10))",
      "CREATE VIEW d.v AS SELECT id FROM d.k",
      "CREATE TRIGGER d.tr BEFORE INSERT ON d.n FOR EACH ROW SET NEW.x=NEW.x",
      "INSERT INTO d.k VALUES(1,1.1,x'00ff'),(2,NULL,'')",
  };
  ASSERT_TRUE(a->Execute(make).ok());
  ASSERT_TRUE(b->Execute(make).ok());
  ASSERT_TRUE(a->Execute({"INSERT INTO d.n VALUES(1,'a'),(1,'A'),(2,NULL)"}).ok());
  ASSERT_TRUE(b->Execute({"INSERT INTO d.n VALUES(2,NULL),(1,'A'),(1,'a')"}).ok());
  EXPECT_EQ("", Differences(*a, *b).value());

  ASSERT_TRUE(b->Execute({"UPDATE d.k SET f=1.1000001 WHERE id=1"}).ok());
  EXPECT_NE(std::string::npos, Differences(*a, *b).value().find("`d`.`k` row 0"));
  ASSERT_TRUE(
      b->Execute({"UPDATE d.k SET f=1.1 WHERE id=1", "UPDATE d.n SET s='a' WHERE s='A' LIMIT 1"}).ok());
  ASSERT_TRUE(a->Execute({"CREATE DATABASE other"}).ok());
  EXPECT_EQ("database `other` exists only on the first server", Differences(*a, *b, {{"other"}}).value());
  ASSERT_TRUE(b->Execute({"CREATE DATABASE other"}).ok());
  EXPECT_EQ("", Differences(*a, *b, {{"other"}}).value());
  EXPECT_EQ(StatusCode::kNotFound, Differences(*a, *b, {{"other", "nowhere"}}).status().code());
  EXPECT_NE(std::string::npos, Differences(*a, *b).value().find("`d`.`n` (3 and 3 rows)"));
  ASSERT_TRUE(b->Execute({"ALTER TABLE d.n ADD y INT"}).ok());
  EXPECT_NE(std::string::npos, Differences(*a, *b).value().find("TABLE `d`.`n` differs"));
}

}  // namespace
}  // namespace srdf::test
