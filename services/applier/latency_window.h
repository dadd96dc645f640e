// LatencyWindow: percentiles over the last thousand samples. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace srdf::applier {

class LatencyWindow {
 public:
  void Add(int64_t ms) {
    const auto sample = static_cast<uint64_t>(std::max<int64_t>(ms, 0));  // clocks of two hosts differ
    if (samples_.size() < kSamples) {
      samples_.push_back(sample);
    } else {
      samples_[next_++ % kSamples] = sample;
    }
  }
  // The sample that `percent` of all are not above; 0 when there is none.
  uint64_t Percentile(unsigned percent) const {
    if (samples_.empty()) return 0;
    std::vector<uint64_t> sorted = samples_;
    const size_t at = std::min(sorted.size() - 1, sorted.size() * percent / 100);
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
    return sorted[at];
  }

 private:
  static constexpr size_t kSamples = 1000;
  std::vector<uint64_t> samples_;
  size_t next_ = 0;
};

}  // namespace srdf::applier
