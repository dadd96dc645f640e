#include "failpoint/failpoint.h"

#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "failpoint/failpoint_board.h"
#include "failpoint/failpoint_plan.h"

namespace srdf::failpoint {

namespace {

constexpr const char* kPlanVariable = "SRDF_FAILPOINTS";
constexpr const char* kBoardVariable = "SRDF_FAILPOINT_BOARD";
constexpr const char* kSeedVariable = "SRDF_FAILPOINT_SEED";

// What this process has been told, from its first pass on.
struct Orders {
  std::unique_ptr<Board> board;
  Plan plan;
  std::mt19937_64 random;
};

Result<uint64_t> Seed() {
  if (const char* text = std::getenv(kSeedVariable); text != nullptr) {
    uint64_t seed = 0;
    const char* const end = text + std::strlen(text);
    const auto parsed = std::from_chars(text, end, seed);
    if (parsed.ec == std::errc() && parsed.ptr == end) return seed;
    return Status(StatusCode::kInvalidArgument,
                  std::string(kSeedVariable) + ": " + text + " is not a number below 2^64",
                  "give a number, or leave it out: it is drawn then");
  }
  return (uint64_t{std::random_device()()} << 32) | std::random_device()();
}

Result<Orders> ReadEnvironment() {
  Orders orders;
  SRDF_ASSIGN_OR_RETURN(const uint64_t seed, Seed());
  if (const char* text = std::getenv(kPlanVariable); text != nullptr) {
    SRDF_ASSIGN_OR_RETURN(orders.plan, Plan::Parse(text, seed));
  }
  if (const char* path = std::getenv(kBoardVariable); path != nullptr) {
    SRDF_ASSIGN_OR_RETURN(orders.board, Board::Open(path));
    orders.random.seed(seed + orders.board->TakeNumber());
  }
  return orders;
}

std::mutex g_mu;

// Under g_mu.
Result<Orders>& TheOrders() {
  static auto* orders = new Result<Orders>(ReadEnvironment());
  return *orders;
}

}  // namespace

std::atomic<bool> g_enabled{std::getenv(kPlanVariable) != nullptr || std::getenv(kBoardVariable) != nullptr};

Status CheckEnvironment() {
  if (!g_enabled) return {};
  std::lock_guard lock(g_mu);
  return TheOrders().status();
}

void Hit(size_t index) {
  std::lock_guard lock(g_mu);
  if (!TheOrders().ok()) {
    const Status& error = TheOrders().status();
    std::fprintf(stderr, "%s\n  remedy: %s\n", error.message().c_str(), error.remedy().c_str());
    std::abort();
  }
  Orders& orders = *TheOrders();
  bool crash = orders.plan.Pass(index);
  if (orders.board != nullptr) {
    const auto draw = static_cast<uint32_t>(orders.random() % 1000000);
    crash = orders.board->Pass(index, draw) || crash;
  }
  if (crash) kill(getpid(), SIGKILL);
}

}  // namespace srdf::failpoint
