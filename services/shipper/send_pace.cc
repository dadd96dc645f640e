#include "shipper/send_pace.h"

#include <algorithm>

namespace srdf::shipper {

namespace {
constexpr double kBucketSeconds = 0.25;
}  // namespace

double SendPace::TokensAt(Time now) const {
  const double seconds = std::max(0.0, std::chrono::duration<double>(now - at_).count());
  const auto rate = static_cast<double>(rate_);
  return std::min(tokens_ + seconds * rate, rate * kBucketSeconds);
}

void SendPace::SetRate(uint64_t bytes_per_second, Time now) {
  if (bytes_per_second == rate_) return;
  tokens_ = rate_ == 0 ? 0 : TokensAt(now);
  at_ = now;
  rate_ = bytes_per_second;
}

SendPace::Time SendPace::ReadyAt(Time now) const {
  if (rate_ == 0) return now;
  const double tokens = TokensAt(now);
  if (tokens >= 0) return now;
  return now + std::chrono::ceil<std::chrono::microseconds>(
                   std::chrono::duration<double>(-tokens / static_cast<double>(rate_)));
}

void SendPace::Spend(uint64_t bytes, Time now) {
  if (rate_ == 0) return;
  tokens_ = TokensAt(now) - static_cast<double>(bytes);
  at_ = now;
}

}  // namespace srdf::shipper
