// The checkpoint at a real target: exactly once, in order, whatever dies.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "engine_mariadb/target_schema.h"
#include "failpoint/failpoint.h"
#include "target_fixture.h"

namespace srdf::test {
namespace {

const SimpleTable kItem{"d", "item", {"i", "v400"}};
const SimpleTable kLongItem{"d", "item", {"i", "v1600"}};

std::vector<std::string> MakeItem() {
  return {"CREATE DATABASE d", "CREATE TABLE d.item(c0 INT NOT NULL PRIMARY KEY, c1 VARCHAR(100))"};
}

PayloadBuilder OneRow(int id) {
  PayloadBuilder p;
  p.Insert(p.Table(kItem), {{std::to_string(id), "x"}});
  return p;
}

TEST(TargetCheckpoint, InitIsIdempotentForTheSamePositionOnly) {
  Target t;
  engine::Checkpoint start;
  start.flow = Target::kFlow;
  start.wagon_hash = ZeroHash();
  start.position.gtid = "0-1-100";
  EXPECT_TRUE(t.session().InitCheckpoint(start).ok());
  start.position.gtid = "0-1-101";
  const Status other = t.session().InitCheckpoint(start);
  EXPECT_EQ(StatusCode::kAlreadyExists, other.code());
  start.flow = "another flow";
  start.position.gtid = "5-1-1,0-1-7";
  EXPECT_TRUE(t.session().InitCheckpoint(start).ok());
  start.position.gtid = "0-1-7,5-1-1";
  EXPECT_TRUE(t.session().InitCheckpoint(start).ok());
  EXPECT_FALSE(t.session().ReadCheckpoint("unknown").value().has_value());
  EXPECT_EQ("5-1-1,0-1-7", t.session().ReadCheckpoint("another flow").value()->position.gtid);
}

TEST(TargetCheckpoint, TheStateOfACopyMovesWithTheWagonsInEitherWay) {
  Target t;
  t.Execute(MakeItem());
  const auto state = [](const std::string& plan) {
    CopyState copy;
    copy.plan = plan;
    return EncodeCopyState(copy).value();
  };
  const std::string start = state("start"), bytes = state(std::string("one\0'\\two", 9));
  t.SetStart({"0-1-100", "binlog.000001", 4, start});
  const std::string states[] = {start, bytes, bytes, state(std::string(64u << 10, 'x')), ""};
  const auto apply = [&](int id) {
    WagonHeader header = t.NextHeader();
    header.first.copy = states[header.sequence - 1];
    header.last.copy = states[header.sequence];
    auto p = OneRow(id);
    header.payload_raw_bytes = p.raw_bytes();
    const auto applied = t.session().Apply(header, Target::HashOf(header), &p);
    ASSERT_TRUE(applied.ok()) << applied.status().ToString();
    t.Advance(header);
    EXPECT_EQ(t.Checkpoint().position.copy, header.last.copy);
  };
  EXPECT_EQ(t.Checkpoint().position.copy, start);
  for (int i = 0; i < 4; ++i) apply(i);
}

TEST(TargetCheckpoint, AWagonWhoseCopyBeginsElsewhereDoesNotFollow) {
  Target t;
  t.Execute(MakeItem());
  t.SetStart({"0-1-100", "binlog.000001", 4, "here"});
  WagonHeader header = t.NextHeader();
  header.first.copy = "there";
  auto p = OneRow(1);
  EXPECT_EQ(StatusCode::kDataLoss, t.session().Apply(header, Target::HashOf(header), &p).status().code());
  EXPECT_EQ(t.Checkpoint().sequence, 0u);
}

TEST(TargetCheckpoint, ACheckpointOfAnEarlierProgramGetsTheStateOfACopy) {
  Target t;
  t.Execute({"ALTER TABLE srdf.checkpoint DROP COLUMN copy"});
  t.CloseSession();
  EXPECT_EQ(t.Checkpoint().position.copy, "");
  EXPECT_EQ("1", t.Value("SELECT COUNT(*) FROM information_schema.columns WHERE table_schema='srdf' AND "
                         "table_name='checkpoint' AND column_name='copy'"));
}

TEST(TargetCheckpoint, ARepeatedWagonIsRefusedAndChangesNothing) {
  Target t;
  t.Execute(MakeItem());
  const WagonHeader first = t.NextHeader();
  auto p = OneRow(1);
  ASSERT_TRUE(t.Apply(&p).ok());
  p.Rewind();
  auto again = t.session().Apply(first, Target::HashOf(first), &p);
  EXPECT_EQ(StatusCode::kAborted, again.status().code());
  EXPECT_NE(std::string::npos, again.status().message().find("already applied"));
  EXPECT_EQ("1", t.Value("SELECT COUNT(*) FROM d.item"));
  EXPECT_EQ(1u, t.Checkpoint().sequence);
}

TEST(TargetCheckpoint, AWagonThatDoesNotFollowIsRefused) {
  Target t;
  t.Execute(MakeItem());
  auto p = OneRow(1);
  ASSERT_TRUE(t.Apply(&p).ok());
  const auto refused = [&](const WagonHeader& header) {
    auto q = OneRow(2);
    auto stats = t.session().Apply(header, Target::HashOf(header), &q);
    EXPECT_EQ("1", t.Value("SELECT COUNT(*) FROM d.item"));
    return stats.status();
  };
  WagonHeader gap = t.NextHeader();
  gap.sequence += 1;
  EXPECT_EQ(StatusCode::kDataLoss, refused(gap).code());
  WagonHeader other_chain = t.NextHeader();
  other_chain.previous_hash = std::string(32, 'h');
  EXPECT_EQ(StatusCode::kDataLoss, refused(other_chain).code());
  WagonHeader newer = t.NextHeader();
  newer.epoch = 2;
  EXPECT_EQ(StatusCode::kDataLoss, refused(newer).code());
  WagonHeader unknown = t.NextHeader();
  unknown.flow = "unknown";
  EXPECT_EQ(StatusCode::kFailedPrecondition, refused(unknown).code());
  t.Execute({"UPDATE srdf.checkpoint SET epoch=3"});
  EXPECT_EQ(StatusCode::kFailedPrecondition, refused(t.NextHeader()).code());
}

TEST(TargetCheckpoint, TheFirstWagonMustBeginWhereTheCopyWasTaken) {
  Target t;
  t.Execute(MakeItem());
  WagonHeader header = t.NextHeader();
  header.first.gtid = "0-1-99";
  auto p = OneRow(1);
  EXPECT_EQ(StatusCode::kDataLoss, t.session().Apply(header, Target::HashOf(header), &p).status().code());
}

// A transaction that an error had ended must not leave a checkpoint behind, nor one that moved nothing.
TEST(TargetCheckpoint, ItMovesInAnOpenTransactionOnlyAndOnlyForAFlowThatHasOne) {
  Target t;
  auto connection = t.server().ConnectOrDie();
  WagonHeader header = t.NextHeader();
  const auto update = [&] {
    return engine_mariadb::MoveCheckpoint(connection.get(), header, Target::HashOf(header), {}).code();
  };
  EXPECT_EQ(StatusCode::kInternal, update());
  EXPECT_EQ(0u, t.Checkpoint().sequence);
  EXPECT_EQ("0", t.Value("SELECT COUNT(*) FROM srdf.apply_log"));
  ASSERT_TRUE(connection->Execute("START TRANSACTION").ok());
  EXPECT_EQ(StatusCode::kOk, update());
  ASSERT_TRUE(connection->Execute("DELETE FROM srdf.apply_log").ok());
  EXPECT_EQ(StatusCode::kOk, update());  // matched, though nothing changes
  header.flow = "unknown";
  EXPECT_EQ(StatusCode::kInternal, update());
  ASSERT_TRUE(connection->Execute("COMMIT").ok());
  EXPECT_EQ(1u, t.Checkpoint().sequence);
  EXPECT_EQ("1", t.Value("SELECT COUNT(*) FROM srdf.apply_log"));
}

TEST(TargetCheckpoint, AnEmptyWagonMovesTheCheckpoint) {
  Target t;
  PayloadBuilder p;
  ASSERT_TRUE(t.Apply(&p).ok());
  EXPECT_EQ(1u, t.Checkpoint().sequence);
}

TEST(TargetCheckpoint, ADeadlockOrLockTimeoutIsAbortedAndCanBeRepeated) {
  Target t;
  t.Execute(MakeItem());
  auto p = OneRow(1);
  ASSERT_TRUE(t.Apply(&p).ok());
  // Another session holds the row; the applier's wait is cut short by killing its query.
  auto other = t.server().ConnectOrDie();
  ASSERT_TRUE(other->Execute("START TRANSACTION").ok());
  ASSERT_TRUE(other->Execute("UPDATE d.item SET c1='held' WHERE c0=1").ok());
  std::jthread killer([&](std::stop_token stop) {
    auto admin = t.server().ConnectOrDie();
    while (!stop.stop_requested()) {
      auto ids = admin->Query(
          "SELECT id FROM information_schema.processlist WHERE info LIKE 'BINLOG%' AND time_ms > 200");
      for (const auto& row : ids.value()) (void)admin->Execute("KILL QUERY " + *row[0]);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  PayloadBuilder q;
  q.Update(q.Table(kItem), {{{"1", ""}, {"1", "ours"}}}, true);
  auto aborted = t.Apply(&q);
  EXPECT_EQ(StatusCode::kAborted, aborted.status().code()) << aborted.status().ToString();
  killer.request_stop();
  killer.join();
  ASSERT_TRUE(other->Execute("ROLLBACK").ok());
  q.Rewind();
  ASSERT_TRUE(t.Apply(&q).ok());
  EXPECT_EQ("ours", t.Value("SELECT c1 FROM d.item"));
}

TEST(TargetCheckpoint, AConnectionLostAtCommitHasAnUnknownOutcome) {
  Target t;
  t.Execute(MakeItem());
  (void)t.session();
  auto other = t.server().ConnectOrDie();
  ASSERT_TRUE(other->Execute("BACKUP STAGE START").ok());
  ASSERT_TRUE(other->Execute("BACKUP STAGE BLOCK_COMMIT").ok());
  std::thread killer([&] {
    std::string id;
    do {
      id = other
               ->QueryValue(
                   "SELECT IFNULL((SELECT id FROM information_schema.processlist WHERE info='COMMIT'),'')")
               .value();
    } while (id.empty());
    ASSERT_TRUE(other->Execute("KILL CONNECTION " + id).ok());
  });
  auto p = OneRow(1);
  auto lost = t.Apply(&p);
  killer.join();
  EXPECT_EQ(StatusCode::kOutcomeUnknown, lost.status().code()) << lost.status().ToString();
  ASSERT_TRUE(other->Execute("BACKUP STAGE END").ok());
  t.CloseSession();
  const uint64_t sequence = t.Checkpoint().sequence;
  EXPECT_EQ(std::to_string(sequence), t.Value("SELECT COUNT(*) FROM d.item"));
}

// Runs `body` in a child process in which the failpoint is set, and waits for its death.
void ExpectKilledAt(const char* failpoint, const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("SRDF_FAILPOINTS", (std::string(failpoint) + "=crash").c_str(), 1);
    failpoint::g_enabled = true;
    body();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(child, waitpid(child, &status, 0));
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << failpoint << " was not reached";
}

TEST(TargetCheckpoint, KilledBeforeCommitNothingIsThereKilledAfterAllIs) {
  for (const char* failpoint : {"applier.before_commit", "applier.after_commit"}) {
    Target t;
    t.Execute(MakeItem());
    t.CloseSession();
    const WagonHeader header = t.NextHeader();
    ExpectKilledAt(failpoint, [&] {
      auto p = OneRow(1);
      (void)t.Apply(&p);
    });
    const bool committed = std::string(failpoint) == "applier.after_commit";
    EXPECT_EQ(committed ? 1u : 0u, t.Checkpoint().sequence);
    EXPECT_EQ(committed ? "1" : "0", t.Value("SELECT COUNT(*) FROM d.item"));
    if (committed) t.Advance(header);
    auto p = OneRow(committed ? 2 : 1);
    auto stats = t.Apply(&p);
    ASSERT_TRUE(stats.ok()) << stats.status().ToString();
  }
}

TEST(TargetCheckpoint, AServerKilledAtAnyMomentLeavesWholeWagonsOnly) {
  constexpr int kRowsPerWagon = 300;
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Target t(MariaDbServerOptions{});
  t.Execute(MakeItem());
  int wagons = 0;
  for (int round = 0; round < 4; ++round) {
    std::thread killer([&, delay = std::uniform_int_distribution<int>(1, 120)(random)] {
      std::this_thread::sleep_for(std::chrono::milliseconds(delay));
      kill(t.server().pid(), SIGKILL);
    });
    Status status;
    WagonHeader header;
    while (status.ok()) {
      header = t.NextHeader();
      PayloadBuilder p;
      const auto item = p.Table(kItem);
      for (int piece = 0; piece < 3; ++piece) {
        std::vector<Cells> rows;
        for (int i = 0; i < kRowsPerWagon / 3; ++i) {
          rows.push_back({std::to_string(wagons * kRowsPerWagon + piece * 1000000 + i), "row"});
        }
        p.Insert(item, rows);
        p.EndPiece();
      }
      auto stats = t.Apply(&p);
      status = stats.status();
      if (stats.ok()) ++wagons;
    }
    killer.join();
    EXPECT_TRUE(status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kOutcomeUnknown)
        << status.ToString();
    t.CloseSession();
    t.server().Kill();
    ASSERT_TRUE(t.server().Restart().ok());
    // The checkpoint tells whether the wagon whose reply was lost is there.
    const auto checkpoint = t.Checkpoint();
    if (checkpoint.sequence == header.sequence) {
      EXPECT_EQ(StatusCode::kOutcomeUnknown, status.code());
      t.Advance(header);
      ++wagons;
    }
    EXPECT_EQ(static_cast<uint64_t>(wagons), checkpoint.sequence);
    EXPECT_EQ(std::to_string(wagons * kRowsPerWagon), t.Value("SELECT COUNT(*) FROM d.item"));
  }
}

long ResidentKilobytes() {
  std::ifstream in("/proc/self/statm");
  long total = 0, resident = 0;
  in >> total >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

TEST(TargetCheckpoint, AHugeWagonIsOneTransactionInBoundedMemory) {
  Target t;
  t.Execute(MakeItem());
  // 120 MB in pieces that are made when they are asked for.
  class Huge : public engine::PayloadReader {
   public:
    Result<std::string_view> Next() override {
      piece_ = PayloadBuilder();
      if (made_ == 60) return std::string_view();
      const auto item = piece_.Table(kLongItem);
      std::vector<Cells> rows;
      for (int i = 0; i < 6000; ++i)
        rows.push_back({std::to_string(made_ * 6000 + i), std::string(350, 'x')});
      rows_per_piece_ = static_cast<int>(rows.size());
      piece_.Insert(item, rows);
      ++made_;
      return std::string_view(piece_.bytes());
    }
    int made_ = 0, rows_per_piece_ = 0;
    PayloadBuilder piece_;
  } huge;
  t.Execute({"ALTER TABLE d.item MODIFY c1 VARCHAR(400)"});
  const long before = ResidentKilobytes();
  auto stats = t.Apply(&huge);
  ASSERT_TRUE(stats.ok()) << stats.status().ToString();
  const long grown = ResidentKilobytes() - before;
  printf("120 MB applied, resident memory grew by %ld kB\n", grown);
#if defined(__SANITIZE_ADDRESS__)
  constexpr long kGrownMax = 400 * 1024;  // freed memory stays in quarantine
#else
  constexpr long kGrownMax = 40 * 1024;
#endif
  EXPECT_LT(grown, kGrownMax);
  EXPECT_EQ(360000u, stats->rows);
  EXPECT_GT(stats->server_statements, 60u);
  EXPECT_EQ("360000", t.Value("SELECT COUNT(*) FROM d.item"));
}

// Not an assertion about a machine, but the figure in the test's output.
TEST(TargetCheckpoint, ReportsApplySpeed) {
  Target t;
  t.Execute(MakeItem());
  for (const int per_wagon : {20, 20000}) {
    const int wagons = per_wagon == 20 ? 50 : 10;
    std::chrono::duration<double> took{};
    for (int w = 0; w < wagons; ++w) {
      PayloadBuilder p;
      const auto item = p.Table(kItem);
      std::vector<Cells> rows;
      for (int i = 0; i < per_wagon; ++i) {
        rows.push_back(
            {std::to_string(per_wagon * 1000000 / 20 + w * per_wagon + i), "a value of some length"});
      }
      p.Insert(item, rows);
      const auto start = std::chrono::steady_clock::now();
      ASSERT_TRUE(t.Apply(&p).ok());
      took += std::chrono::steady_clock::now() - start;
    }
    const double rate = wagons * per_wagon / took.count();
    printf("applied %d wagons of %d rows: %.0f rows/s, %.2f ms per wagon\n", wagons, per_wagon, rate,
           took.count() * 1000 / wagons);
    EXPECT_GT(rate, 100);
  }
}

}  // namespace
}  // namespace srdf::test
