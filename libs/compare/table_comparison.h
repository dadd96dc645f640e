// How one table is compared in an open pair, by its keys or without them. For comparison.cc alone.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.h"
#include "compare/findings.h"
#include "compare/pair.h"

namespace srdf::compare {

// What the comparisons of single tables share; all of it outlives them.
struct Shared {
  Side* source;
  Side* target;
  const CompareOptions* options;
  const Pair* pair;
  Progress* progress;
  uint64_t kept = 0;  // differences, in all findings

  bool Cancelled() const { return options->cancelled && options->cancelled(); }
  // What a batch has found becomes part of what was found.
  void Commit(TableFindings batch, TableFindings* findings);
  // Counts the difference, and keeps it in the batch when there is room.
  void Note(RowDifference difference, TableFindings* batch) const;
};

// Each compares tables of equal schemas and adds what it finds to *findings. An error: the pair broke, or the
// call was given up; what was committed holds.

// `range.after` is moved with each batch that is done, so that a call in another pair goes on there. False:
// the pair is too old, call again with a fresh one.
Result<bool> CompareKeyed(Shared* shared, engine::KeyRange* range, TableFindings* findings);
Status CompareKeys(Shared* shared, const std::vector<std::string>& keys, TableFindings* findings);
// All of the table, in this pair.
Status CompareKeyless(Shared* shared, uint64_t rows_estimate, TableFindings* findings);

}  // namespace srdf::compare
