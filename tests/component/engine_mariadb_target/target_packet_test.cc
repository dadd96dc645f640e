// Small wagons that go to the target in one packet: applied exactly once, or as the steps would have it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "failpoint/failpoint.h"
#include "target_fixture.h"

namespace srdf::test {
namespace {

const SimpleTable kItem{"d", "item", {"i", "v400"}};

PayloadBuilder OneRow(int id) {
  PayloadBuilder p;
  p.Insert(p.Table(kItem), {{std::to_string(id), "x"}});
  return p;
}

// A target whose flow has had its first wagon, which never goes in one packet.
class TargetPacket : public ::testing::Test {
 protected:
  TargetPacket() {
    t_.Execute({"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(100))"});
    auto p = OneRow(1);
    EXPECT_TRUE(t_.Apply(&p).ok());
  }
  std::string Rows() { return t_.Value("SELECT GROUP_CONCAT(c0 ORDER BY c0) FROM d.item"); }
  std::string Logged() {
    return t_.Value("SELECT GROUP_CONCAT(`sequence`, ':', `rows` ORDER BY `sequence`) FROM srdf.apply_log");
  }
  WagonHeader Next(const PayloadBuilder& p) {
    WagonHeader header = t_.NextHeader();
    header.payload_raw_bytes = p.raw_bytes();
    return header;
  }
  Status Apply(const WagonHeader& header, PayloadBuilder* p) {
    return t_.session().Apply(header, Target::HashOf(header), p).status();
  }

  Target t_;
};

// The failure point is in that way alone.
TEST_F(TargetPacket, AProcessThatDiesWithThePacketSentLeavesTheWholeWagonOrNothing) {
  for (const std::string point : {"applier.before_packet", "applier.after_packet"}) {
    auto p = OneRow(point == "applier.before_packet" ? 2 : 3);
    const WagonHeader header = Next(p);
    t_.CloseSession();
    const pid_t child = fork();
    if (child == 0) {
      setenv("SRDF_FAILPOINTS", (point + "=crash").c_str(), 1);
      failpoint::g_enabled = true;
      (void)Apply(header, &p);
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(child, waitpid(child, &status, 0));
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << point << " was not reached";
    // By now the server has committed it, or does so while the next one waits, or never will.
    p.Rewind();
    const Status again = Apply(header, &p);
    EXPECT_TRUE(again.ok() || again.code() == StatusCode::kAborted) << again.ToString();
    t_.Advance(header);
  }
  EXPECT_EQ("1,2,3", Rows());
  EXPECT_EQ("1:1,2:1,3:1", Logged());
}

TEST_F(TargetPacket, AWagonThatDoesNotFollowChangesNothingAndIsRefusedForWhatItIs) {
  const auto refused = [&](WagonHeader header) {
    auto p = OneRow(2);
    header.payload_raw_bytes = p.raw_bytes();
    return Apply(header, &p).code();
  };
  WagonHeader again = t_.NextHeader();
  {
    auto p = OneRow(5);
    ASSERT_TRUE(t_.Apply(&p).ok());
  }
  EXPECT_EQ(StatusCode::kAborted, refused(again));
  WagonHeader gap = t_.NextHeader();
  gap.sequence += 1;
  EXPECT_EQ(StatusCode::kDataLoss, refused(gap));
  WagonHeader other_chain = t_.NextHeader();
  other_chain.previous_hash = std::string(32, 'h');
  EXPECT_EQ(StatusCode::kDataLoss, refused(other_chain));
  WagonHeader unknown = t_.NextHeader();
  unknown.flow = "unknown";
  EXPECT_EQ(StatusCode::kFailedPrecondition, refused(unknown));
  t_.Execute({"UPDATE srdf.checkpoint SET epoch=3"});
  EXPECT_EQ(StatusCode::kFailedPrecondition, refused(t_.NextHeader()));
  EXPECT_EQ("1,5", Rows());
  EXPECT_EQ("1:1,2:1", Logged());
}

TEST_F(TargetPacket, SettingsThatWouldSpoilTheRowsStopItAndAreNamed) {
  t_.Execute({"SET GLOBAL event_scheduler=ON"});
  auto p = OneRow(2);
  const auto refused = t_.Apply(&p);
  t_.Execute({"SET GLOBAL event_scheduler=OFF"});
  EXPECT_EQ(StatusCode::kFailedPrecondition, refused.status().code());
  EXPECT_NE(std::string::npos, refused.status().message().find("event_scheduler"));
  EXPECT_EQ("1", Rows());
  EXPECT_EQ("1:1", Logged());
  p.Rewind();
  EXPECT_TRUE(t_.Apply(&p).ok());
}

TEST_F(TargetPacket, ARowThatIsRefusedIsNamedAndNothingStays) {
  PayloadBuilder p;
  p.Insert(p.Table(kItem), {{"2", "x"}, {"1", "there already"}, {"3", "x"}});
  const auto refused = t_.Apply(&p);
  EXPECT_EQ(StatusCode::kDivergence, refused.status().code()) << refused.status().ToString();
  EXPECT_NE(std::string::npos, refused.status().message().find("there already"))
      << refused.status().ToString();
  EXPECT_EQ("1", Rows());
  EXPECT_EQ("1:1", Logged());
  t_.Execute({"DELETE FROM d.item"});
  p.Rewind();
  ASSERT_TRUE(t_.Apply(&p).ok());
  EXPECT_EQ("1,2,3", Rows());
}

TEST_F(TargetPacket, AConnectionThatIsLostMeanwhileHasAnUnknownOutcome) {
  auto other = t_.server().ConnectOrDie();
  ASSERT_TRUE(other->Execute("START TRANSACTION").ok());
  ASSERT_TRUE(other->Execute("SELECT * FROM srdf.checkpoint FOR UPDATE").ok());
  std::thread killer([&] {
    std::string id;
    do {
      id = other
               ->QueryValue(
                   "SELECT IFNULL((SELECT MAX(id) FROM information_schema.processlist WHERE info "
                   "LIKE 'UPDATE srdf.checkpoint%'),'')")
               .value();
    } while (id.empty());
    EXPECT_TRUE(other->Execute("KILL CONNECTION " + id).ok());
  });
  auto p = OneRow(2);
  const auto lost = t_.Apply(&p);
  killer.join();
  EXPECT_EQ(StatusCode::kOutcomeUnknown, lost.status().code()) << lost.status().ToString();
  ASSERT_TRUE(other->Execute("ROLLBACK").ok());
  t_.CloseSession();
  EXPECT_EQ("1", Rows());
}

TEST_F(TargetPacket, TimesAreTheServersOwnAfterRowsOfAnotherTime) {
  for (int id = 2; id < 5; ++id) {
    auto p = OneRow(id);
    ASSERT_TRUE(t_.Apply(&p).ok());
  }
  EXPECT_EQ("0", t_.Value("SELECT COUNT(*) FROM srdf.apply_log WHERE applied_at < NOW() - INTERVAL 1 HOUR"));
  EXPECT_EQ("0", t_.Value("SELECT COUNT(*) FROM srdf.checkpoint WHERE applied_at < NOW() - INTERVAL 1 HOUR"));
}

// What tells that the packet is in use at all.
TEST_F(TargetPacket, ASmallWagonIsFiveStatementsAndAsksNothing) {
  const auto selects = [&] {
    return t_.Value(
        "SELECT variable_value FROM information_schema.global_status WHERE variable_name='Com_select'");
  };
  auto p = OneRow(2);
  ASSERT_TRUE(t_.Apply(&p).ok());  // learns the table
  const int before = std::stoi(selects());
  for (int id = 3; id < 13; ++id) {
    auto q = OneRow(id);
    ASSERT_TRUE(t_.Apply(&q).ok());
  }
  EXPECT_LE(std::stoi(selects()) - before, 2);
}

}  // namespace
}  // namespace srdf::test
