// Listing: a scenario as an SQL file that a person can read and run, and the program can run again.
//
//   -- @seed 42
//   -- @options capture_percent=100 …
//   DELIMITER $$
//   -- @setup
//   CREATE TABLE …
//   $$
//   -- @step session=1 cut
//   INSERT …
//   $$
//
// Lines "-- @" give the structure; other lines between a "$$" and the next "-- @" are remarks. A client that
// knows DELIMITER runs the file as one session.
#pragma once

#include <string>

#include "base/status.h"
#include "differential/run_options.h"
#include "differential/scenario.h"

namespace srdf::differential {

struct Listing {
  Scenario scenario;
  RunOptions options;
};

// `remark` (may have several lines) is written at the top as a comment.
std::string ToText(const Listing& listing, const std::string& remark);
// kInvalidArgument, naming the line, for what is not a listing.
Result<Listing> ParseListing(const std::string& text);

}  // namespace srdf::differential
