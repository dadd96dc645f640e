#include "differential/run_options.h"

#include <charconv>
#include <sstream>
#include <utility>

namespace srdf::differential {

namespace {

constexpr std::pair<const char*, bool RunOptions::*> kFlags[] = {
    {"primed", &RunOptions::primed},
    {"compaction", &RunOptions::compaction},
    {"log_compressed", &RunOptions::log_compressed},
};

template <typename T>
bool ParseNumber(const std::string& text, T* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

bool Set(const std::string& name, const std::string& value, RunOptions* options) {
  unsigned flag = 0;
  if (name == "capture_percent") {
    return ParseNumber(value, &options->capture_percent) && options->capture_percent <= 100;
  }
  for (const auto& [flag_name, member] : kFlags) {
    if (name != flag_name) continue;
    if (!ParseNumber(value, &flag) || flag > 1) return false;
    options->*member = flag != 0;
    return true;
  }
  if (name == "cut_percent") {
    return ParseNumber(value, &options->cut_percent) && options->cut_percent <= 100;
  }
  if (name == "merge_percent") {
    return ParseNumber(value, &options->merge_percent) && options->merge_percent <= 100;
  }
  if (name == "lag_seed") return ParseNumber(value, &options->lag_seed);
  if (name == "before_image") options->before_image = value;
  if (name == "row_image") options->row_image = value;
  if (name == "row_metadata") options->row_metadata = value;
  return name == "before_image" || name == "row_image" || name == "row_metadata";
}

}  // namespace

uint64_t Mix(uint64_t a, uint64_t b) {
  uint64_t z = a + 0x9e3779b97f4a7c15 * (b + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

RunOptions OptionsOf(uint64_t seed) {
  const auto choice = [seed](uint64_t what, uint64_t of) { return Mix(seed, what) % of; };
  RunOptions options;
  const uint64_t lag = choice(1, 10);
  options.capture_percent = lag < 6 ? 100 : lag < 9 ? 50 : 0;
  options.lag_seed = Mix(seed, 2);
  const uint64_t cuts = choice(7, 4);
  options.cut_percent = cuts < 2 ? 100 : cuts == 2 ? 40 : 15;
  options.primed = choice(6, 3) != 0;
  options.compaction = choice(3, 8) != 0;
  options.before_image = choice(4, 3) == 0 ? "full" : "key";
  options.log_compressed = choice(5, 4) == 0;
  static constexpr const char* kRowImages[] = {"FULL", "FULL", "MINIMAL", "NOBLOB"};
  options.row_image = kRowImages[choice(8, 4)];
  const uint64_t metadata = choice(9, 8);
  options.row_metadata = metadata == 0 ? "MINIMAL" : metadata == 1 ? "NO_LOG" : "FULL";
  return options;
}

RunOptions WithMerges(RunOptions options) {
  options.merge_percent = 50 + Mix(options.lag_seed, 11) % 50;
  options.compaction = true;  // a flow without it merges nothing
  options.cut_percent = 100;
  options.capture_percent = Mix(options.lag_seed, 12) % 2 == 0 ? 0 : 30;  // several wagons at a time
  return options;
}

std::string ToText(const RunOptions& options) {
  std::ostringstream out;
  out << "capture_percent=" << options.capture_percent << " cut_percent=" << options.cut_percent
      << " primed=" << options.primed << " compaction=" << options.compaction
      << " before_image=" << options.before_image << " row_image=" << options.row_image
      << " row_metadata=" << options.row_metadata << " log_compressed=" << options.log_compressed
      << " merge_percent=" << options.merge_percent << " lag_seed=" << options.lag_seed;
  return out.str();
}

Result<RunOptions> ParseRunOptions(const std::string& text) {
  RunOptions options;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || !Set(word.substr(0, equals), word.substr(equals + 1), &options)) {
      return Status(StatusCode::kInvalidArgument, "run option not understood: " + word,
                    "write name=value, as the listing of a failure does");
    }
  }
  return options;
}

}  // namespace srdf::differential
