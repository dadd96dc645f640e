// RunOptions: how a scenario is run: what varies besides the SQL.
//
// They are chosen by the scenario's seed, independently of its statements, and written into a listing so that
// a shrunk scenario is run again under the same ones.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace srdf::differential {

struct RunOptions {
  // Percentage of cuts at which capture runs at once. 100: lockstep, every wagon is compared with the source
  // as well. 0: backlog, all steps first, so that the catalogue shows tables of another time than the rows.
  unsigned capture_percent = 100;
  // Capture reads the setup's log first, and all cuts in the first fifth of the steps are captured at once:
  // its catalogue then knows many tables for certain, so that rows are merged. Else the first rows of each
  // table are left in place.
  bool primed = false;
  unsigned cut_percent = 100;  // share of the scenario's cuts that end a wagon: fewer make larger wagons
  bool compaction = true;
  std::string before_image = "key";   // SourceOptions::before_image
  std::string row_image = "FULL";     // @@binlog_row_image of the source
  std::string row_metadata = "FULL";  // @@binlog_row_metadata of the source
  bool log_compressed = false;        // @@log_bin_compress of the source
  // Percentage of wagons that wait for the next one; what waits is merged before it is applied, now and then
  // more than once. 0: every wagon is applied as it was sealed.
  unsigned merge_percent = 0;
  uint64_t lag_seed = 0;  // which cuts, where a percentage is neither 0 nor 100

  friend bool operator==(const RunOptions&, const RunOptions&) = default;
};

RunOptions OptionsOf(uint64_t seed);
// The same with wagons that wait and are merged.
RunOptions WithMerges(RunOptions options);

// One line, "capture_percent=100 compaction=1 …"; every field is there.
std::string ToText(const RunOptions& options);
// kInvalidArgument for an unknown name or a value that is none.
Result<RunOptions> ParseRunOptions(const std::string& text);

// A well-mixed number of two (splitmix64), for choices that must not depend on the generator's.
uint64_t Mix(uint64_t a, uint64_t b);

}  // namespace srdf::differential
