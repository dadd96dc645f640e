// Live settings: those of a flow's settings that `srdfctl flow set` changes while the services run. They are
// the rows of the settings table that take effect at once; what was set is kept by the service that the
// setting is of, and holds until it is set to "default": what the configuration file says.
//
// Thread rules: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/config.h"

namespace srdf::config {

struct LiveChange {
  std::string name;
  std::optional<uint64_t> value;  // nothing: as configured
};

// `name` and `value` as an operator wrote them ("max_bytes_per_second", "1MiB"; "default"). kInvalidArgument
// names what is wrong: no such setting, one that needs a restart, a value out of bounds.
Result<LiveChange> ParseLiveChange(std::string_view name, std::string_view value);

// In the order of the table.
std::vector<std::string> LiveSettingNames();
// What the file (or the default) says.
uint64_t ConfiguredValue(const FlowConfig& flow, std::string_view name);
// As it is written in the file: "1MiB", "7".
std::string LiveValueText(std::string_view name, uint64_t value);

// Of a limit in bytes per second: nothing when it may be used, else what is wrong with it.
std::optional<std::string> ByteRateProblem(uint64_t bytes_per_second);
inline constexpr const char* kByteRateRemedy =
    "write 0 for no limit, or at least 1KiB, such as 512KiB or 2MiB";

}  // namespace srdf::config
