// A target session that is ended at every failure point on its way, hundreds of times, by forked processes
// that apply wagons until they die: the applier's part of tests/e2e/crash_points, without the services around
// it.
//
// SRDF_SOAK_CRASHES: until so many crashes (scripts/soak crash); SRDF_E2E_SEED: the choices of another run.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <random>
#include <thread>

#include "failpoint/failpoint.h"
#include "failpoint/failpoint_board.h"
#include "target_fixture.h"

namespace srdf::test {
namespace {

using failpoint::Board;
using failpoint::kCount;
using failpoint::kNames;

constexpr uint64_t kSteps = 10;  // wagons of a cycle
constexpr uint64_t kWagonsPerProcess = 30;
constexpr int kRefused = 3;  // exit codes of the process that applies
constexpr int kLost = 4;

const SimpleTable kLedger{"d", "ledger", {"i"}, /*key=*/false};

uint64_t Number(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The wagon of a number: what doubled or left out would show, and what the catalogue shows no trace of.
void BuildWagon(uint64_t sequence, PayloadBuilder* p) {
  const std::string cycle = std::to_string(sequence / kSteps);
  const auto ddl = [&](const std::string& sql) { p->Ddl(OrdinaryStatement("d", sql)); };
  switch (sequence % kSteps) {
    case 0:
      return ddl("CREATE TABLE x" + cycle + " (c0 INT)");
    case 1:
      return ddl("RENAME TABLE p TO r, q TO p, r TO q");
    case 2:
      return ddl("ALTER TABLE i ADD INDEX (c0)");
    case 3:
      return ddl("ALTER TABLE i DROP INDEX c0, ALGORITHM=COPY");
    case 4:
      return ddl("CREATE TABLE clash" + cycle + " (c0 INT)");
    case 5:
      ddl("CREATE TABLE s" + cycle + " (c0 INT)");
      p->Insert(p->Table({"d", "s" + cycle, {"i"}, /*key=*/false}), {{"1"}, {"2"}});
      return;
    case 6:
      return ddl("ALTER TABLE parts EXCHANGE PARTITION p0 WITH TABLE other");
    case 7:
      return ddl("DROP TABLE x" + cycle + ", clash" + cycle + ", s" + cycle);
    case 8:
      return ddl("CREATE OR REPLACE VIEW v AS SELECT " + cycle + " AS cycle");
    default:
      const uint32_t ledger = p->Table(kLedger);
      for (int piece = 0; piece < 3; ++piece) {
        p->Insert(ledger, {{std::to_string(sequence * 3 + piece)}});
        p->EndPiece();
      }
  }
}

class TargetCrash : public ::testing::Test {
 protected:
  TargetCrash() : seed_(Number("SRDF_E2E_SEED", std::random_device()() % 1000000)), random_(seed_) {}

  void SetUp() override {
    std::cout << "seed " << seed_ << " (again: SRDF_E2E_SEED=" << seed_ << ")" << std::endl;
    auto board = Board::Create(path_);
    ASSERT_TRUE(board.ok()) << board.status().ToString();
    board_ = std::move(board).value();
    t_.Execute({"CREATE DATABASE d", "CREATE TABLE d.x0(c0 INT)", "CREATE TABLE d.ledger(c0 INT)",
                "CREATE TABLE d.p(c0 INT)", "CREATE TABLE d.q(c0 INT)", "INSERT INTO d.p VALUES(1)",
                "CREATE TABLE d.i(c0 INT)",
                "CREATE TABLE d.parts(x INT) PARTITION BY RANGE(x) (PARTITION p0 VALUES LESS THAN (10))",
                "CREATE TABLE d.other(x INT)", "INSERT INTO d.other VALUES(1)",
                // Within the first seconds of a server it is in doubt whether a statement began before them.
                "DO SLEEP(3)"});
    t_.CloseSession();
  }
  ~TargetCrash() override { std::filesystem::remove(path_); }

  void Arm(uint32_t chance_ppm) {
    for (size_t point = 0; point < kCount; ++point) {
      board_->slot(point).chance_ppm = chance_ppm;
      board_->slot(point).budget = 1 << 30;
    }
  }
  uint64_t Crashes() {
    uint64_t sum = 0;
    for (size_t point = 0; point < kCount; ++point) sum += board_->slot(point).crashes;
    return sum;
  }

  // A process that applies from the checkpoint on, and what became of it.
  pid_t StartProcess() {
    const pid_t child = fork();
    if (child != 0) return child;
    setenv("SRDF_FAILPOINT_BOARD", path_.c_str(), 1);
    setenv("SRDF_FAILPOINT_SEED", std::to_string(seed_).c_str(), 1);
    failpoint::g_enabled = true;
    auto session = t_.engine().Connect();
    if (!session.ok()) _exit(kLost);
    auto checkpoint = (*session)->ReadCheckpoint(Target::kFlow);
    if (!checkpoint.ok() || !checkpoint->has_value()) _exit(kLost);
    Follow((*checkpoint)->sequence);
    for (uint64_t i = 0; i < kWagonsPerProcess; ++i) {
      const WagonHeader header = t_.NextHeader();
      PayloadBuilder p;
      BuildWagon(header.sequence, &p);
      const auto applied = (*session)->Apply(header, Target::HashOf(header), &p);
      if (!applied.ok()) {
        const StatusCode code = applied.status().code();
        const bool lost = code == StatusCode::kUnavailable || code == StatusCode::kOutcomeUnknown ||
                          code == StatusCode::kAborted;
        if (!lost && header.sequence % kSteps != 4) {
          std::cerr << "wagon " << header.sequence << ": " << applied.status().ToString() << std::endl;
        }
        _exit(lost ? kLost : kRefused);
      }
      t_.Advance(header);
    }
    _exit(0);
  }
  static int Await(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  // The chain moves on to what is applied.
  void Follow(uint64_t sequence) {
    while (t_.NextHeader().sequence <= sequence) t_.Advance(t_.NextHeader());
  }
  uint64_t Applied() { return std::stoull(t_.Value("SELECT `sequence` FROM srdf.checkpoint")); }

  // What the last process left in the middle is brought to an end.
  void Settle() {
    Arm(0);
    const std::string clash = "clash" + std::to_string(Applied() / kSteps);
    if (IsWrong(clash)) t_.Execute({"DROP TABLE d." + clash});
    ASSERT_EQ(Await(StartProcess()), 0);
  }
  // Made by somebody else, in the way of the wagon that creates it.
  bool IsWrong(const std::string& table) {
    return t_.Value(
               "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema='d' AND table_name='" +
               table + "' AND column_name='wrong'") == "1";
  }

  // How often the step of a cycle was done, when wagons 1 to `last` are applied.
  static uint64_t Times(uint64_t step, uint64_t last) {
    return step == 0 ? last / kSteps : (last + kSteps - step) / kSteps;
  }

  void ExpectEachWagonOnce() {
    const uint64_t last = Applied();
    EXPECT_EQ(t_.Value("SELECT CONCAT(COUNT(*), ' ', COUNT(DISTINCT c0)) FROM d.ledger"),
              std::to_string(3 * Times(9, last)) + " " + std::to_string(3 * Times(9, last)));
    EXPECT_EQ(t_.Value("SELECT COUNT(*) FROM d.p"), Times(1, last) % 2 == 0 ? "1" : "0");
    EXPECT_EQ(t_.Value("SELECT COUNT(*) FROM d.other"), Times(6, last) % 2 == 0 ? "1" : "0");
    EXPECT_EQ(t_.Value("SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema='d'"),
              std::to_string(Times(2, last) - Times(3, last)));
    EXPECT_EQ(t_.Value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='d' AND "
                       "table_name REGEXP '^[xs][0-9]'"),
              std::to_string(1 + Times(0, last) + Times(5, last) - 2 * Times(7, last)))
        << "after wagon " << last;
    EXPECT_EQ(t_.Value("SELECT COUNT(*) FROM srdf.apply_log"), std::to_string(last));
    EXPECT_EQ(t_.Value("SELECT COUNT(*) FROM srdf.ddl_intent WHERE state<>'done' AND `sequence`<=" +
                       std::to_string(last)),
              "0");
  }

  void Print(const char* what, uint64_t count) {
    for (size_t point = 0; point < kCount; ++point) {
      const auto& slot = board_->slot(point);
      if (slot.passes == 0) continue;
      std::cout << std::left << std::setw(32) << kNames[point] << std::right << std::setw(10) << slot.passes
                << " passes" << std::setw(8) << slot.crashes << " crashes\n";
    }
    std::cout << Crashes() << " crashes, " << count << " " << what << ", " << Applied() << " wagons, seed "
              << seed_ << std::endl;
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  const std::string path_ =
      std::filesystem::temp_directory_path() / ("crash-board." + std::to_string(getpid()));
  std::unique_ptr<Board> board_;
  Target t_{MariaDbServerOptions{}};
};

// TRAPS 1, 24.
TEST_F(TargetCrash, AtEveryFailurePointItAppliesEachWagonOnce) {
  const uint64_t crashes_wanted = Number("SRDF_SOAK_CRASHES", 80);
  Arm(60000);
  uint64_t mended = 0;
  uint64_t clash = 0;  // cycle whose clash is there or was mended
  while (Crashes() < crashes_wanted) {
    // In this cycle's way, before its wagon can have run unnoticed.
    const uint64_t applied = Applied();
    const uint64_t cycle = applied / kSteps;
    if (clash < cycle && applied % kSteps < 3 && random_() % 2 == 0) {
      clash = cycle;
      t_.Execute({"CREATE TABLE d.clash" + std::to_string(cycle) + " (wrong INT)"});
    }
    const int exit_code = Await(StartProcess());
    ASSERT_TRUE(exit_code == 0 || exit_code == 128 + SIGKILL || exit_code == kRefused) << exit_code;
    // Mended at any moment: also when the refusal is not on record.
    const std::string name = "clash" + std::to_string(Applied() / kSteps);
    if (random_() % 2 == 0 && IsWrong(name)) {
      t_.Execute({"DROP TABLE d." + name});
      ++mended;
    } else {
      ASSERT_TRUE(exit_code != kRefused || Applied() % kSteps == 3) << "after wagon " << Applied();
    }
  }
  ASSERT_NO_FATAL_FAILURE(Settle());
  ExpectEachWagonOnce();
  Print("refusals mended", mended);
  for (size_t point = 0; point < kCount; ++point) {
    EXPECT_TRUE(board_->slot(point).passes <= 200 || board_->slot(point).crashes > 0) << kNames[point];
  }
}

// The server is killed as often as the process that applies, at random moments.
TEST_F(TargetCrash, WithItsServerKilledAtRandomMomentsItAppliesEachWagonOnce) {
  const uint64_t kills_wanted = Number("SRDF_SOAK_CRASHES", 40) / 10;
  Arm(10000);
  for (uint64_t kills = 0; kills < kills_wanted; ++kills) {
    const pid_t child = StartProcess();
    std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 250));
    t_.server().Kill();
    const int exit_code = Await(child);
    ASSERT_NE(exit_code, kRefused);
    ASSERT_TRUE(t_.server().Restart().ok());
    // A little further, so that the next death finds other wagons.
    ASSERT_NE(Await(StartProcess()), kRefused) << "after wagon " << Applied();
  }
  ASSERT_NO_FATAL_FAILURE(Settle());
  ExpectEachWagonOnce();
  Print("kills of the server", kills_wanted);
}

}  // namespace
}  // namespace srdf::test
