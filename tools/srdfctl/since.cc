#include "srdfctl/since.h"

#include <charconv>
#include <ctime>
#include <string>

namespace srdf::ctl {

Result<int64_t> ParseSince(std::string_view text, int64_t now_ms) {
  if (text.empty()) return 0;
  int64_t number = 0;
  const auto [unit, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && unit + 1 == text.data() + text.size() && number >= 0) {
    const int64_t seconds = *unit == 's'   ? 1
                            : *unit == 'm' ? 60
                            : *unit == 'h' ? 3600
                            : *unit == 'd' ? 86400
                                           : 0;
    if (seconds != 0 && number <= now_ms / 1000 / seconds) return now_ms - number * seconds * 1000;
  }
  const std::string copy(text);
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"}) {
    std::tm local{};
    local.tm_isdst = -1;
    const char* end = ::strptime(copy.c_str(), format, &local);
    if (end != nullptr && *end == '\0') return static_cast<int64_t>(std::mktime(&local)) * 1000;
  }
  return Status(StatusCode::kInvalidArgument, "'" + copy + "' is no time",
                "30m, 2h, 7d, or \"2026-01-31 12:00\" in local time");
}

}  // namespace srdf::ctl
