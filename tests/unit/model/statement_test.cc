#include "model/statement.h"

#include <gtest/gtest.h>

#include <random>

namespace srdf {
namespace {

Statement SomeStatement() {
  Statement s;
  s.database = "shop";
  s.sql = "CREATE TABLE t (a INT)";
  s.timestamp_us = 1'700'000'000'123'456;
  s.error_code = 1051;
  s.sql_mode = uint64_t{1} << 40;
  s.has_sql_mode = true;
  s.flags2 = 0x04000000;
  s.has_flags2 = true;
  s.charset_client = 33;
  s.collation_connection = 45;
  s.collation_server = 8;
  s.has_charset = true;
  s.collation_database = 8;
  s.auto_increment_increment = 2;
  s.auto_increment_offset = 3;
  s.time_zone = "Europe/Paris";
  s.lc_time_names = 7;
  s.invoker_user = "root";
  s.invoker_host = "localhost";
  return s;
}

TEST(Statement, IsReadBackWithItsWholeContext) {
  for (const Statement& s : {SomeStatement(), Statement{}}) {
    std::string out;
    EncodeStatement(s, &out);
    const auto read = DecodeStatement(out);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, s);
  }
}

TEST(Statement, EveryTornEncodingIsAnError) {
  std::string out;
  EncodeStatement(SomeStatement(), &out);
  for (size_t n = 0; n < out.size(); ++n) EXPECT_FALSE(DecodeStatement(ByteView(out).substr(0, n)).ok()) << n;
  EXPECT_FALSE(DecodeStatement(out + "x").ok());
}

TEST(Statement, MutatedEncodingsNeverCrash) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::string out;
  EncodeStatement(SomeStatement(), &out);
  size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = out;
    for (uint64_t k = random() % 3 + 1; k > 0; --k) bad[random() % bad.size()] = static_cast<char>(random());
    refused += DecodeStatement(bad).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 500u);
}

}  // namespace
}  // namespace srdf
