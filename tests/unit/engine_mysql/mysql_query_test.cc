#include "engine_mysql/mysql_query.h"

#include <gtest/gtest.h>

#include "support/mysql_file.h"

namespace srdf::engine_mysql {
namespace {

using test::Le;

Result<MysqlQuery> Decode(const std::string& status_vars) {
  static std::string body;
  body = test::QueryBody("CREATE TABLE t (a INT)", "shop", status_vars);
  engine_mariadb::EventView event;
  event.header.type = 2;
  event.header.timestamp = 100;
  event.body = body;
  return DecodeMysqlQuery(event);
}

TEST(MysqlQuery, EveryStatusVariableOfMySqlIsWalked) {
  const std::string zero(1, '\0');
  const auto query =
      Decode(Le(0, 1) + Le(0x04000000, 4) + Le(1, 1) + Le(0x50000020, 8) + Le(6, 1) + Le(3, 1) + "std" +
             Le(3, 1) + Le(2, 2) + Le(1, 2) + Le(4, 1) + Le(255, 2) + Le(255, 2) + Le(8, 2) + Le(5, 1) +
             Le(6, 1) + "SYSTEM" + Le(7, 1) + Le(3, 2) + Le(8, 1) + Le(45, 2) + Le(9, 1) + Le(1, 8) +
             Le(10, 1) + Le(0, 4) + Le(11, 1) + Le(4, 1) + "root" + Le(1, 1) + "h" + Le(12, 1) + Le(2, 1) +
             "shop" + zero + "other" + zero + Le(13, 1) + Le(123456, 3) + Le(16, 1) + Le(1, 1) + Le(17, 1) +
             Le(77, 8) + Le(18, 1) + Le(255, 2) + Le(19, 1) + Le(1, 1) + Le(20, 1) + Le(1, 1));
  ASSERT_TRUE(query.ok()) << query.status().ToString();
  EXPECT_FALSE(query->unknown_variable);
  const Statement& s = query->statement;
  EXPECT_EQ(s.sql, "CREATE TABLE t (a INT)");
  EXPECT_EQ(s.database, "shop");
  EXPECT_EQ(s.timestamp_us, 100'123'456);
  EXPECT_EQ(s.flags2, 0x04000000u);
  EXPECT_EQ(s.sql_mode, 0x50000020u);
  EXPECT_EQ(s.charset_client, 255);
  EXPECT_EQ(s.time_zone, "SYSTEM");
  EXPECT_EQ(s.collation_database, 45);
  EXPECT_EQ(s.invoker_user, "root");
  EXPECT_EQ(s.invoker_host, "h");
  EXPECT_EQ(*query->ddl_xid, 77u);
  EXPECT_EQ(*query->default_collation_for_utf8mb4, 255);
}

TEST(MysqlQuery, TooManyDatabasesHaveNoNames) {
  const auto query = Decode(Le(12, 1) + Le(254, 1) + Le(17, 1) + Le(5, 8));
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(*query->ddl_xid, 5u);
}

TEST(MysqlQuery, AnUnknownVariableIsNamedAndATornOneIsDataLoss) {
  const auto query = Decode(Le(17, 1) + Le(5, 8) + Le(99, 1) + "whatever");
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(*query->unknown_variable, 99);
  EXPECT_EQ(Decode(Le(17, 1) + Le(5, 7)).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(Decode(Le(12, 1) + Le(2, 1) + "no end").status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace srdf::engine_mysql
