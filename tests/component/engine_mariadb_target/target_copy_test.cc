// Marks, ranges, keys and copies at a real target: what a RangeCopy asks for is so, nothing else is touched.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "failpoint/failpoint.h"
#include "target_fixture.h"

namespace srdf::test {
namespace {

const SimpleTable kItem{"d", "item", {"i", "v80"}};
const SimpleTable kLog{"d", "log", {"i", "v80"}, false};
const Cell kNone = std::nullopt;

class TargetCopy : public ::testing::Test {
 protected:
  TargetCopy() {
    t_.Execute({"CREATE DATABASE d",
                "CREATE TABLE d.item(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20), UNIQUE(c1))",
                "CREATE TABLE d.log(c0 INT, c1 VARCHAR(20))",
                "INSERT INTO d.item VALUES (1,'a'),(2,'b'),(3,'c'),(4,'d'),(5,'e')",
                "INSERT INTO d.log VALUES (1,'x'),(1,'x'),(1,'X'),(2,NULL),(2,NULL)"});
  }
  std::string Items() {
    return t_.Value("SELECT GROUP_CONCAT(c0,IFNULL(c1,'NULL') ORDER BY c0) FROM d.item");
  }
  std::string Logs() {
    return t_.Value("SELECT GROUP_CONCAT(c0,IFNULL(c1,'NULL') ORDER BY c0,BINARY c1) FROM d.log");
  }

  Target t_;
};

#define ASSERT_APPLIED(result)                                  \
  do {                                                          \
    const auto& applied_ = (result);                            \
    ASSERT_TRUE(applied_.ok()) << applied_.status().ToString(); \
  } while (false)

TEST_F(TargetCopy, ARangeIsReplacedAndNothingBesideIt) {
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Range(item, "1", "4");
  p.Insert(item, {{"3", "C"}, {"4", "D"}});
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("1a,3C,4D,5e", Items());
}

TEST_F(TargetCopy, RangesWithoutABoundReachTheEndsOfTheTable) {
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Range(item, kNone, "2");
  p.Insert(item, {{"0", "new"}});
  p.Range(item, "4", kNone);
  p.Insert(item, {{"9", "last"}});
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("0new,3c,4d,9last", Items());
}

TEST_F(TargetCopy, ATableWithoutAKeyIsReplacedAsAWholeAndComesInSeveralWagons) {
  PayloadBuilder p;
  const auto log = p.Table(kLog);
  p.Range(log, kNone, kNone);
  p.Insert(log, {{"7", "first"}});
  ASSERT_APPLIED(t_.Apply(&p));
  PayloadBuilder more;
  const auto again = more.Table(kLog);
  more.More(again);
  more.Insert(again, {{"7", "first"}, {"8", "second"}});
  ASSERT_APPLIED(t_.Apply(&more));
  EXPECT_EQ("7first,7first,8second", Logs());
}

TEST_F(TargetCopy, KeysOfOneWagonMayExchangeUniqueValues) {
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Key(item, "1");
  p.Insert(item, {{"1", "b"}});
  p.Key(item, "2");
  p.Insert(item, {{"2", "a"}});
  p.Key(item, "4");  // is gone at the source
  p.Key(item, "6");
  p.Insert(item, {{"6", "d"}});
  p.EndPiece();
  p.Key(item, "5");
  p.Insert(item, {{"5", "E"}});
  p.Key(item, "5");  // once more: the last word counts
  p.Insert(item, {{"5", "F"}});
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("1b,2a,3c,5F,6d", Items());
}

// Keys over prefixes and kept by a hash: the server finds no row by them.
class TargetCopyOfOddKeys : public TargetCopy {
 protected:
  TargetCopyOfOddKeys() {
    t_.Execute(
        {"CREATE TABLE d.page(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(20) COLLATE utf8mb4_general_ci, c2 "
         "LONGBLOB, UNIQUE(c1(2)), UNIQUE(c2), UNIQUE(c1(3),c0), UNIQUE(c2(2),c0))",
         "INSERT INTO d.page VALUES "
         "(1,'aa','one'),(2,'bb','two'),(3,'cc','three'),(4,'dd','four'),(5,'ee','five'),(6,NULL,NULL)"});
  }
  std::string Pages() {
    return t_.Value(
        "SELECT GROUP_CONCAT(c0,IFNULL(c1,'NULL'),IFNULL(c2,'NULL') ORDER BY c0 SEPARATOR ' ') FROM d.page");
  }
  const SimpleTable page_{"d", "page", {"i", "v80", "b"}};
};

TEST_F(TargetCopyOfOddKeys, RowsBehindARangeGiveUpTheirUniqueValues) {
  PayloadBuilder p;
  const auto page = p.Table(page_);
  p.Range(page, kNone, "2");
  p.Insert(page, {{"1", "CCx", "five"}, {"2", kNone, kNone}});
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("1CCxfive 2NULLNULL 4ddfour 6NULLNULL", Pages());
}

TEST_F(TargetCopyOfOddKeys, RowsBesideSingleKeysGiveUpTheirUniqueValues) {
  PayloadBuilder p;
  const auto page = p.Table(page_);
  p.Key(page, "4");
  p.Insert(page, {{"4", "Aä", "two"}});
  p.Key(page, "5");
  p.Insert(page, {{"5", "dDz", "x"}});
  p.EndPiece();
  p.Key(page, "9");
  p.Insert(page, {{"9", "ccc", "four"}});
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("4Aätwo 5dDzx 6NULLNULL 9cccfour", Pages());
}

TEST_F(TargetCopy, OfARowWithoutAKeyThereAreAsManyAsWereAskedFor) {
  PayloadBuilder p;
  const auto log = p.Table(kLog);
  p.Copies(log, {"1", "x"}, 1);  // the other case stays
  p.Copies(log, {"2", kNone}, 4);
  p.Copies(log, {"3", "n"}, 2);
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("1X,1x,2NULL,2NULL,2NULL,2NULL,3n,3n", Logs());
  PayloadBuilder none;
  none.Copies(none.Table(kLog), {"2", kNone}, 0);
  ASSERT_APPLIED(t_.Apply(&none));
  EXPECT_EQ("1X,1x,3n,3n", Logs());
}

// A unique key over NULLs, or over prefixes, is no key, and is unique all the same.
TEST_F(TargetCopy, RowsWithoutAKeyThatAreTooManyGoBeforeOthersHaveTheirUniqueValues) {
  t_.Execute({"CREATE TABLE d.loose(c0 INT, c1 VARCHAR(20), UNIQUE(c0), UNIQUE(c1(2)))",
              "INSERT INTO d.loose VALUES (1,'aa'),(2,'bb'),(NULL,'cc')"});
  PayloadBuilder p;
  const auto loose = p.Table({"d", "loose", {"i", "v80"}, false});
  p.Copies(loose, {"1", "bbb"}, 1);
  p.Copies(loose, {"1", "aa"}, 0);
  p.Copies(loose, {"2", "bb"}, 0);
  p.Copies(loose, {kNone, "cc"}, 0);
  p.Copies(loose, {kNone, "ccc"}, 1);
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("NULLccc,1bbb",
            t_.Value("SELECT GROUP_CONCAT(IFNULL(c0,'NULL'),c1 ORDER BY d.loose.c0) FROM d.loose"));
}

TEST_F(TargetCopy, ManyRowsWithoutAKeyAreCountedInOnePass) {
  t_.Execute({"TRUNCATE d.log", "INSERT INTO d.log SELECT seq, 'x' FROM d.seq_1_to_1000"});
  const auto rows_read = [&] {
    return std::stol(
        t_.Value("SELECT variable_value FROM information_schema.global_status WHERE "
                 "variable_name='handler_read_rnd_next'"));
  };
  PayloadBuilder p;
  const auto log = p.Table(kLog);
  for (int i = 1; i <= 90; ++i) p.Copies(log, {std::to_string(i), "x"}, 1);
  p.Copies(log, {"7", "x"}, 3);  // the last word counts
  const long before = rows_read();
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_LT(rows_read() - before, 20'000);
  EXPECT_EQ("1002", t_.Value("SELECT COUNT(*) FROM d.log"));
}

TEST_F(TargetCopy, MarksAreToldWhenTheirWagonIsApplied) {
  PayloadBuilder p;
  p.Mark("here");
  p.Mark("and here");
  const auto stats = t_.Apply(&p);
  ASSERT_APPLIED(stats);
  EXPECT_EQ((std::vector<std::string>{"here", "and here"}), stats->marks);
  EXPECT_EQ(1u, t_.Checkpoint().sequence);
  PayloadBuilder rows;
  rows.Insert(rows.Table(kItem), {{"6", "f"}});
  EXPECT_TRUE(t_.Apply(&rows)->marks.empty());
}

// A table that had rows is copied again: those behind the range are of another time.
TEST_F(TargetCopy, RowsBehindARangeGiveUpTheUniqueValuesOfRowsThatCome) {
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Range(item, kNone, "3");
  p.Insert(item, {{"1", "E"}, {"2", kNone}, {"3", "a"}});
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("1E,2NULL,3a,4d", Items());
}

TEST_F(TargetCopy, ARangeThatIsRefusedLeavesWhatWasThere) {
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Range(item, kNone, "3");
  p.Insert(item, {{"1", "A"}, {"2", "A"}});
  EXPECT_EQ(StatusCode::kDivergence, t_.Apply(&p).status().code());
  EXPECT_EQ("1a,2b,3c,4d,5e", Items());
  EXPECT_EQ(0u, t_.Checkpoint().sequence);
}

TEST_F(TargetCopy, AProcessThatDiesBetweenDeleteAndRowsLeavesWhatWasThere) {
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Range(item, kNone, "3");
  p.Insert(item, {{"1", "A"}});
  t_.CloseSession();
  const pid_t child = fork();
  if (child == 0) {
    setenv("SRDF_FAILPOINTS", "applier.copy_after_delete=crash", 1);
    failpoint::g_enabled = true;
    (void)t_.Apply(&p);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(child, waitpid(child, &status, 0));
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the failure point was not reached";
  EXPECT_EQ("1a,2b,3c,4d,5e", Items());
  p.Rewind();
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("1A,4d,5e", Items());
}

// A cascade would take the children of rows that come back at once.
TEST_F(TargetCopy, RowsThatReferToReplacedOnesStay) {
  t_.Execute(
      {"CREATE TABLE d.child(c0 INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES d.item(c0) ON "
       "DELETE CASCADE)",
       "INSERT INTO d.child VALUES (1,1),(2,2)"});
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Range(item, kNone, "4");
  p.Insert(item, {{"1", "A"}, {"2", "B"}});
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("1A,2B,5e", Items());
  EXPECT_EQ("2", t_.Value("SELECT COUNT(*) FROM d.child"));
}

// Triggers that write down what is deleted: nothing is, as they see it.
class CopyOverTriggers : public TargetCopy {
 protected:
  CopyOverTriggers() {
    t_.Execute(
        {"CREATE TABLE d.fired(c0 INT)",
         "CREATE TRIGGER d.gone AFTER DELETE ON d.item FOR EACH ROW INSERT INTO d.fired VALUES (OLD.c0)",
         "CREATE TRIGGER d.lost BEFORE DELETE ON d.log FOR EACH ROW INSERT INTO d.fired VALUES (OLD.c0)"});
  }
  std::string Fired() { return t_.Value("SELECT COUNT(*) FROM d.fired"); }
  // Applied; by SQL statements, which fire triggers, refused with the trigger's name instead. False: refused.
  bool AppliedOrRefused(PayloadBuilder* p, const std::string& trigger) {
    const auto applied = t_.Apply(p);
    if (!kSqlApply) {
      EXPECT_TRUE(applied.ok()) << applied.status().ToString();
    } else {
      EXPECT_EQ(StatusCode::kFailedPrecondition, applied.status().code());
      EXPECT_NE(std::string::npos, applied.status().message().find(trigger)) << applied.status().ToString();
    }
    EXPECT_EQ("0", Fired());
    return applied.ok();
  }
};

TEST_F(CopyOverTriggers, RowsOfARangeAndRowsThatClashAreReplaced) {
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Range(item, "1", "4");
  p.Insert(item, {{"3", "e"}});  // "e" has the row behind the range
  if (!AppliedOrRefused(&p, "gone")) {
    EXPECT_EQ("1a,2b,3c,4d,5e", Items());
    return;
  }
  EXPECT_EQ("1a,3e", Items());
}

TEST_F(CopyOverTriggers, SoAreMoreRowsThanAreReadAtOnce) {
  t_.Execute({"INSERT INTO d.item SELECT seq, CONCAT('r', seq) FROM d.seq_10_to_10010"});
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Range(item, "1", "10000");
  p.Insert(item, {{"10000", "r11"}});
  if (!AppliedOrRefused(&p, "gone")) {
    EXPECT_EQ("10006", t_.Value("SELECT COUNT(*) FROM d.item"));
    return;
  }
  EXPECT_EQ("12", t_.Value("SELECT COUNT(*) FROM d.item"));
  EXPECT_EQ("r11", t_.Value("SELECT c1 FROM d.item WHERE c0 = 10000"));
}

TEST_F(CopyOverTriggers, ATableWithoutAKeyIsReplacedUnlessItHasManyRows) {
  PayloadBuilder p;
  const auto log = p.Table(kLog);
  p.Range(log, kNone, kNone);
  p.Insert(log, {{"7", "first"}});
  if (!AppliedOrRefused(&p, "lost")) {
    EXPECT_EQ("5", t_.Value("SELECT COUNT(*) FROM d.log"));
    return;
  }
  EXPECT_EQ("7first", Logs());

  t_.Execute({"INSERT INTO d.log SELECT seq, 'many' FROM d.seq_1_to_12288"});
  PayloadBuilder again;
  const auto many = again.Table(kLog);
  again.Range(many, kNone, kNone);
  again.Insert(many, {{"8", "second"}});
  const auto refused = t_.Apply(&again);
  EXPECT_EQ(StatusCode::kFailedPrecondition, refused.status().code());
  EXPECT_NE(std::string::npos, refused.status().message().find("lost")) << refused.status().ToString();
  EXPECT_EQ("12289", t_.Value("SELECT COUNT(*) FROM d.log"));
}

TEST_F(CopyOverTriggers, LargeRowsAreReplacedInPiecesOfSomeMegabytes) {
  t_.Execute({"CREATE TABLE d.large(c0 INT, c1 LONGBLOB)",
              "CREATE TRIGGER d.larger AFTER DELETE ON d.large FOR EACH ROW INSERT INTO d.fired VALUES (1)",
              "INSERT INTO d.large SELECT seq, REPEAT(CHAR(64 + seq), 3 << 20) FROM d.seq_1_to_14"});
  PayloadBuilder p;
  const auto large = p.Table({"d", "large", {"i", "b"}, false});
  p.Range(large, kNone, kNone);
  p.Insert(large, {{"1", "new"}});
  if (!AppliedOrRefused(&p, "larger")) {
    EXPECT_EQ("14", t_.Value("SELECT COUNT(*) FROM d.large"));
    return;
  }
  EXPECT_EQ("1new", t_.Value("SELECT GROUP_CONCAT(c0,c1) FROM d.large"));
}

TEST_F(CopyOverTriggers, NothingToReplaceIsNothingToRefuse) {
  PayloadBuilder p;
  const auto item = p.Table(kItem);
  p.Range(item, "6", "9");
  p.Insert(item, {{"7", "g"}});
  ASSERT_APPLIED(t_.Apply(&p));
  EXPECT_EQ("1a,2b,3c,4d,5e,7g", Items());
  EXPECT_EQ("0", Fired());
}

}  // namespace
}  // namespace srdf::test
