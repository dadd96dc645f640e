#include "engine_mariadb/verification_store.h"

#include <gtest/gtest.h>

#include "support/mariadb_server.h"

namespace srdf::engine_mariadb {
namespace {

TEST(VerificationStore, TheLastComparisonOfEachFlowIsKept) {
  auto server = test::MariaDbServer::Start();
  ASSERT_TRUE(server.ok());
  VerificationStore store((*server)->Endpoint());
  const auto none = store.Last("shop");
  ASSERT_TRUE(none.ok()) << none.status().ToString();
  EXPECT_FALSE(none->has_value());

  Verification v;
  v.scope = "shop.o'brien";
  v.gtid = "0-1-7";
  v.started_at_ms = 5;
  v.completed_at_ms = 6;
  v.tables = 3;
  v.tables_differing = 1;
  v.tables_not_compared = 2;
  v.rows_source = UINT64_MAX;
  v.rows_target = 8;
  v.missing = 9;
  v.extra = 10;
  v.different = 11;
  v.actor = "alice (role operator)";
  ASSERT_TRUE(store.Record("other", v).ok());
  Verification first = v;
  first.scope = "all tables";
  ASSERT_TRUE(store.Record("shop", first).ok());
  const Status again = store.Record("shop", v);
  ASSERT_TRUE(again.ok()) << again.ToString();
  const auto last = VerificationStore((*server)->Endpoint()).Last("shop");
  ASSERT_TRUE(last.ok());
  ASSERT_TRUE(last->has_value());
  EXPECT_EQ(**last, v);
}

TEST(VerificationStore, ATableOfBeforeGetsTheColumnThatItLacks) {
  auto server = test::MariaDbServer::Start();
  ASSERT_TRUE(server.ok());
  VerificationStore store((*server)->Endpoint());
  ASSERT_TRUE(store.Record("shop", {}).ok());
  ASSERT_TRUE((*server)->Execute({"ALTER TABLE srdf.verification DROP COLUMN tables_not_compared"}).ok());
  const auto before = store.Last("shop");
  ASSERT_TRUE(before.ok()) << before.status().ToString();
  EXPECT_FALSE(before->has_value());
  Verification v;
  v.tables_not_compared = 3;
  const Status again = store.Record("shop", v);
  ASSERT_TRUE(again.ok()) << again.ToString();
  const auto last = store.Last("shop");
  ASSERT_TRUE(last.ok() && last->has_value());
  EXPECT_EQ(**last, v);
}

}  // namespace
}  // namespace srdf::engine_mariadb
