// Outcome: what came of one scenario, and the totals over many.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace srdf::differential {

enum class Verdict {
  kEqual,         // after every wagon
  kDifferent,     // the product is wrong
  kRefused,       // the product stopped, by a rule of its documentation
  kUnrepeatable,  // MariaDB's own replica cannot repeat the log either, or ends up elsewhere than the source
  kBroken,        // the test itself could not go on: a server died, a connection was lost
};
const char* VerdictName(Verdict verdict);

struct RunStats {
  uint64_t scenarios = 0;
  uint64_t steps = 0;
  uint64_t steps_failed = 0;
  uint64_t transactions = 0;
  uint64_t wagons = 0;
  uint64_t statements = 0;
  uint64_t rows_before = 0;
  uint64_t rows_after = 0;
  uint64_t rows_in_place = 0;  // flagged so by capture: neither merged nor overtaken
  uint64_t comparisons = 0;

  void Add(const RunStats& other);
};

struct Outcome {
  Verdict verdict = Verdict::kEqual;
  // Short and without names or numbers that shrinking changes: two outcomes of one kind are the same failure.
  std::string kind;
  std::string text;                            // for people; several lines
  std::map<std::string, std::string> refused;  // apply method → rule, when it gave up and others went on
  RunStats stats;
};

// A message without what changes from run to run: quoted text and digits are left out, and it is cut.
std::string KindOf(const std::string& stage, const std::string& message);

}  // namespace srdf::differential
