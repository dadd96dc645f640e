// Comparison: compares the tables of source and target in pairs of snapshots that show the same place of the
// source's log: each difference is real, and none is lag.
//
// The source cuts its table into parts of some thousand rows by its keys and digests each; the target digests
// the same ranges; parts that differ are read as keys and hashes from both, in the same pair. A table without
// a key is cut by the rows' hashes instead. Both sides work at the same time. A pair is exchanged for a fresh
// one every minute, since old row versions cost the servers, and for whatever breaks: the comparison goes on
// behind the last batch of parts that both sides have answered for. Memory: one batch, and the differences
// that are kept.
//
// Run is for one thread, once.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "compare/findings.h"
#include "compare/side.h"

namespace srdf::compare {

struct Progress {
  std::string table;  // that is being compared; empty: the pair is being opened
  size_t tables_done = 0;
  size_t tables_total = 0;
  uint64_t rows_done = 0;  // at the source
  uint64_t rows_estimate = 0;
  uint64_t differences = 0;
};

struct CompareOptions {
  std::vector<TableName> tables;                 // none: all
  std::map<TableName, engine::KeyRange> ranges;  // of these tables a part only
  // Of these tables these keys only (images of the key's columns), besides those of a range when there is
  // one; tables without a key are compared whole.
  std::map<TableName, std::vector<std::string>> keys;
  // False: tables with another unique key than the logical one are compared whole, in spite of `keys`.
  bool keys_alone = true;
  bool extra_tables = true;  // a table that the target alone has is a difference
  uint64_t rows_per_part = 4096;
  uint64_t rows_per_batch = 200'000;
  uint64_t rows_in_memory_max = 1'000'000;  // hashes, of a table without a key
  uint64_t differences_max = 100'000;       // kept; all are counted, where that is not said otherwise
  std::chrono::milliseconds pair_age_max{60'000};
  std::chrono::milliseconds lag_max{600'000};  // a mark is waited for at the target
  std::chrono::milliseconds patience{60'000};  // with what fails again and again
  // A side that waits for the other one uses its snapshot so often; services close idle ones after minutes.
  std::chrono::milliseconds snapshot_use_every{30'000};
  std::function<bool()> cancelled;  // cheap; empty: never
  std::function<void(const Progress&)> progress;
};

// What fails with one table again and again ends the comparison of that table only: see its state and note.
// An error: nothing, or not all, could be compared, and why: kCancelled; kInvalidArgument for a table that
// neither side has; what was still wrong when the patience was used up.
Result<Findings> Compare(Side* source, Side* target, const CompareOptions& options);

}  // namespace srdf::compare
