// A time in the past, as people write it on a command line. Pure but for the host's time zone.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace srdf::ctl {

// Milliseconds since the epoch of "30s", "30m", "2h", "7d" before `now_ms`, or of "2026-01-31", "2026-01-31
// 12:00", "2026-01-31 12:00:05" in local time; 0 for nothing. kInvalidArgument, with what it may be, for
// anything else.
Result<int64_t> ParseSince(std::string_view text, int64_t now_ms);

}  // namespace srdf::ctl
