#include "support/relay_line.h"

#include <algorithm>

namespace srdf::test {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr size_t kReadMax = 16 << 10;
constexpr size_t kHeldMax = 8 << 20;
constexpr size_t kSlicesPerSecond = 50;
constexpr milliseconds kAhead{20};  // what is read before the line is free

}  // namespace

void RelayLine::Heal() {
  faults_ = {};
  flip_at_.reset();
  reset_at_.reset();
  busy_until_ = {};
}

size_t RelayLine::Room(const RelayPipe& pipe, RelayTime now) const {
  if (faults_.hole == BlackHole::kStall || pipe.held() >= kHeldMax) return 0;
  if (faults_.bytes_per_second == 0 || faults_.hole == BlackHole::kSwallow) return kReadMax;
  if (busy_until_ > now + kAhead) return 0;
  return std::clamp<size_t>(faults_.bytes_per_second / kSlicesPerSecond, 1, kReadMax);
}

std::optional<RelayTime> RelayLine::RoomAt() const {
  return faults_.bytes_per_second == 0 ? std::nullopt : std::optional(busy_until_ - kAhead);
}

bool RelayLine::Take(RelayPipe* pipe, std::string bytes, RelayTime now) {
  if (faults_.hole == BlackHole::kSwallow) {
    pipe->lost = true;
    return true;
  }
  const uint64_t first = taken_;
  bool reset = false;
  if (reset_at_ && *reset_at_ < first + bytes.size()) {
    bytes.resize(*reset_at_ - first);
    reset_at_.reset();
    reset = true;
  }
  if (flip_at_ && *flip_at_ < first + bytes.size()) {
    bytes[*flip_at_ - first] ^= 0x10;
    flip_at_.reset();
  }
  taken_ += bytes.size();
  busy_until_ = std::max(busy_until_, now);
  if (faults_.bytes_per_second != 0) {
    busy_until_ += nanoseconds(bytes.size() * uint64_t{1'000'000'000} / faults_.bytes_per_second);
  }
  RelayTime at = busy_until_ + faults_.delay;
  if (faults_.jitter.count() > 0) {
    at += milliseconds(std::uniform_int_distribution<int64_t>(0, faults_.jitter.count())(random_));
  }
  if (!pipe->pieces_.empty()) at = std::max(at, pipe->pieces_.back().at);
  pipe->held_ += bytes.size();
  if (!bytes.empty()) pipe->pieces_.push_back({at, std::move(bytes)});
  return !reset;
}

}  // namespace srdf::test
