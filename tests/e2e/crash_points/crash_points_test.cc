// Every failure point of every service ends its process under a mixed load with DDL; then source and target
// are compared. The short form is a test; SRDF_SOAK_CRASHES and SRDF_SOAK_MINUTES make the long one of it
// (scripts/soak crash).
#include <iomanip>
#include <iostream>

#include "e2e/crash_points/churn.h"
#include "e2e/support/mesh_test.h"
#include "failpoint/failpoint_board.h"

namespace srdf::test {
namespace {

using failpoint::Board;
using failpoint::kCount;
using failpoint::kNames;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr uint32_t kAlways = 1000000;  // ppm
constexpr size_t kGroup = 8;           // rounds between two comparisons
constexpr milliseconds kKickAfter{500};

uint64_t Number(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class CrashPoints : public MeshTest {
 protected:
  struct Tally {
    int rounds = 0;
    double seconds = 0;
  };

  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    board_path_ = "/tmp/srdf-board-" + std::to_string(getpid());
    auto board = Board::Create(board_path_);
    ASSERT_OK(board.status());
    board_ = std::move(board).value();
    MeshOptions options;
    options.source = source_.get();
    options.target = target_.get();
    options.flow = "e2e";
    options.environment = {{"SRDF_FAILPOINT_BOARD", board_path_},
                           {"SRDF_FAILPOINT_SEED", std::to_string(seed())}};
    // A small window and no compression: transactions larger than the window, wagons in several chunks.
    // Purged at once, at every start of a service. A refused statement is tried again every second.
    options.settings = {{"batch_max_bytes", "524288"},
                        {"compression_enabled", "false"},
                        {"purge_after_days", "0"},
                        {"retry_backoff_policy", "[1]"}};
    options.restart_pause = milliseconds(20);
    auto mesh = Mesh::Create(options);
    ASSERT_OK(mesh.status());
    mesh_ = std::move(mesh).value();
    ASSERT_OK(mesh_->Up());
    churn_ = std::make_unique<Churn>(source_.get(), target_.get(), seed());
    ASSERT_OK(churn_->Init());
    ASSERT_NO_FATAL_FAILURE(InitShop());
    ASSERT_NO_FATAL_FAILURE(ExpectEqual());
    started_ = steady_clock::now();
  }

  void TearDown() override {
    if (churn_ != nullptr) Print();
    load_.reset();
    churn_.reset();
    MeshTest::TearDown();
    std::error_code ignored;
    std::filesystem::remove(board_path_, ignored);
  }

  void StartLoad() {
    loadgen::LoadOptions options = Load(0, 60);
    options.seed += ++loads_;
    options.threads = 2;
    load_ = std::make_unique<BackgroundLoad>(options);
    churn_->Start();
  }

  // Ends the load; the mesh must catch up by itself, and the target be what the source is.
  void StopLoadAndCompare() {
    ASSERT_OK(churn_->Stop());
    ASSERT_OK(load_->Stop().status());
    load_.reset();
    ASSERT_NO_FATAL_FAILURE(ExpectEqual(seconds(90)));
    ASSERT_FALSE(HasFailure());
    EXPECT_EQ(FlowState(), "running") << Problems();
    // Every wagon once: no number is missing between the oldest kept and the checkpoint's.
    EXPECT_EQ(
        *target_->Value("SELECT CONCAT(MAX(`sequence`) - MIN(`sequence`) + 1 - COUNT(*), ' ', "
                        "(SELECT `sequence` FROM srdf.checkpoint) - MAX(`sequence`)) FROM srdf.apply_log"),
        "0 0");
    EXPECT_EQ(*target_->Value("SELECT COUNT(*) FROM srdf.ddl_intent WHERE state <> 'done'"), "0");
    const std::string booked = std::to_string(churn_->transactions());
    for (const MariaDbServer* server : {source_.get(), target_.get()}) {
      EXPECT_EQ(*server->Value("SELECT CONCAT(COUNT(*), ' ', COUNT(DISTINCT n)) FROM churn.ledger"),
                booked + " " + booked);
      EXPECT_EQ(*server->Value("SELECT SUM(n) FROM churn.counters"), booked);
    }
    ++comparisons_;
    ASSERT_FALSE(HasFailure());
  }

  void Arm(size_t point, uint32_t chance_ppm, int64_t budget) {
    board_->slot(point).budget = budget;
    board_->slot(point).chance_ppm = chance_ppm;
  }
  void DisarmAll() {
    for (size_t point = 0; point < kCount; ++point) Arm(point, 0, 0);
  }
  uint64_t Crashes(size_t point) { return board_->slot(point).crashes; }
  uint64_t AllCrashes() {
    uint64_t sum = 0;
    for (size_t point = 0; point < kCount; ++point) sum += Crashes(point);
    return sum;
  }

  // One round: only this point, until it has ended `budget` processes.
  void Round(size_t point, uint32_t chance_ppm, int64_t budget, seconds limit) {
    const auto began = steady_clock::now();
    churn_->SetFocus(FocusOn(kNames[point]));
    if (PassedAtStartOnly(point)) chance_ppm = kAlways;
    Arm(point, chance_ppm, budget);
    uint64_t passes = board_->slot(point).passes;
    auto passed_at = began;
    Eventually(limit, [&] {
      const auto now = steady_clock::now();
      if (passes != board_->slot(point).passes) passed_at = now;
      passes = board_->slot(point).passes;
      if (PassedAtStartOnly(point) && now - passed_at > kKickAfter) {
        (void)mesh_->Kill(ServiceOf(point));
        ++kicks_;
        passed_at = now;
      }
      return board_->slot(point).budget <= 0;
    });
    Arm(point, 0, 0);
    churn_->SetFocus(Churn::Focus::kAll);
    ++tallies_[point].rounds;
    tallies_[point].seconds += std::chrono::duration<double>(steady_clock::now() - began).count();
  }

  // Nothing else passes these, so that a service has to be ended to begin with.
  static bool PassedAtStartOnly(size_t point) {
    const std::string_view name = kNames[point];
    return name == "capture.before_resume" || name == "shipper.before_reconcile" ||
           name == "shipper.after_reconcile" || name == "receiver.before_adopt" ||
           name == "receiver.after_adopt" || name == "applier.after_connect" || name == "store.inside_purge";
  }
  // No load passes these: a wagon has to be skipped, an outage to last, or tables to be copied.
  // dead_letter_test and outage_merge_test end their processes there.
  static bool PassedBySkipsAndMergesOnly(size_t point) {
    return kNames[point].find("_skip") != std::string_view::npos ||
           kNames[point].find("_merge") != std::string_view::npos ||
           kNames[point].find(".copy_") != std::string_view::npos;
  }
  // What has to happen at the source for these to be passed often.
  static Churn::Focus FocusOn(std::string_view name) {
    if (name.find("ddl_failed") != std::string_view::npos) return Churn::Focus::kClash;
    if (name == "receiver.after_hand_on") return Churn::Focus::kQuiet;  // the applier has to be waiting
    if (name == "batcher.inside_huge" || name == "store.after_flush") return Churn::Focus::kBig;
    return Churn::Focus::kAll;
  }
  static std::string ServiceOf(size_t point) {
    const std::string service(kNames[point].substr(0, kNames[point].find('.')));
    return service == "store" ? "shipper" : service;
  }

  // All points at once, each with its small chance.
  void MixedRound(uint32_t chance_ppm, int64_t budget_each, seconds length) {
    for (size_t point = 0; point < kCount; ++point) Arm(point, chance_ppm, budget_each);
    Eventually(length, [&] {
      for (size_t point = 0; point < kCount; ++point) {
        if (board_->slot(point).budget > 0 && !PassedBySkipsAndMergesOnly(point)) return false;
      }
      return true;
    });
    DisarmAll();
    ++mixed_rounds_;
  }

  void KillTarget(std::mt19937_64* random) {
    target_->Kill();
    std::this_thread::sleep_for(milliseconds((*random)() % 300));
    ASSERT_OK(target_->Restart());
    ++target_kills_;
  }

  void Print() {
    const double total = std::chrono::duration<double>(steady_clock::now() - started_).count();
    std::cout << std::left << std::setw(32) << "failure point" << std::right << std::setw(10) << "passes"
              << std::setw(9) << "crashes" << std::setw(8) << "rounds" << std::setw(10) << "seconds"
              << "\n";
    for (size_t point = 0; point < kCount; ++point) {
      std::cout << std::left << std::setw(32) << kNames[point] << std::right << std::setw(10)
                << board_->slot(point).passes << std::setw(9) << Crashes(point) << std::setw(8)
                << tallies_[point].rounds << std::setw(10) << std::fixed << std::setprecision(1)
                << tallies_[point].seconds << "\n";
    }
    std::cout << "crashes " << AllCrashes() << ", killed besides " << kicks_ << ", target server killed "
              << target_kills_ << ", mixed rounds " << mixed_rounds_ << ", comparisons " << comparisons_
              << ", booked " << churn_->transactions() << ", DDL and rows between " << churn_->statements()
              << ", refused and mended " << churn_->refusals() << ", seconds " << total << ", seed " << seed()
              << std::endl;
  }

  std::string board_path_;
  std::unique_ptr<Board> board_;
  std::unique_ptr<Churn> churn_;
  std::unique_ptr<BackgroundLoad> load_;
  std::array<Tally, kCount> tallies_;
  steady_clock::time_point started_;
  uint64_t loads_ = 0;
  int mixed_rounds_ = 0;
  int comparisons_ = 0;
  int target_kills_ = 0;
  int kicks_ = 0;
};

// TRAPS 1, 24, 36.
TEST_F(CrashPoints, EachEndsItsProcessAndNothingIsLostOrDoubled) {
  std::mt19937_64 random(seed());
  const uint64_t crashes_wanted = Number("SRDF_SOAK_CRASHES", 0);
  const auto end = started_ + std::chrono::minutes(Number("SRDF_SOAK_MINUTES", 0));
  const bool is_long = std::getenv("SRDF_SOAK_CRASHES") != nullptr || steady_clock::now() < end;

  // Every point at least once.
  StartLoad();
  MixedRound(kAlways / 5, 1, seconds(30));
  for (size_t point = 0; point < kCount; ++point) {
    if (Crashes(point) == 0 && !PassedBySkipsAndMergesOnly(point)) Round(point, kAlways, 1, seconds(40));
  }
  ASSERT_NO_FATAL_FAILURE(KillTarget(&random));
  ASSERT_NO_FATAL_FAILURE(StopLoadAndCompare());
  for (size_t point = 0; point < kCount; ++point) {
    if (PassedBySkipsAndMergesOnly(point)) continue;
    EXPECT_GE(Crashes(point), 1u) << kNames[point];
  }

  // In groups that end with a comparison, until enough is done.
  const auto enough = [&] { return AllCrashes() >= crashes_wanted && steady_clock::now() >= end; };
  while (is_long && !enough()) {
    for (size_t first = 0; first < kCount && !enough(); first += kGroup) {
      StartLoad();
      for (size_t point = first; point < std::min(first + kGroup, kCount); ++point) {
        if (PassedBySkipsAndMergesOnly(point)) continue;
        Round(point, kAlways / 3, 20, seconds(40));
      }
      ASSERT_NO_FATAL_FAILURE(KillTarget(&random));
      ASSERT_NO_FATAL_FAILURE(StopLoadAndCompare()) << "in the group of " << kNames[first];
      Print();
    }
    if (enough()) break;
    StartLoad();
    MixedRound(kAlways / 200, 1000, seconds(60));
    ASSERT_NO_FATAL_FAILURE(StopLoadAndCompare());
    Print();
  }
}

}  // namespace
}  // namespace srdf::test
