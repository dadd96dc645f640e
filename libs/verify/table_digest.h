// TableDigest: one pass over a part of a table in a snapshot, as digests of parts of it.
//
// Memory does not grow with the rows. Rows are not read faster than the pace allows, and the pass ends with
// kCancelled soon after `cancelled` says so. Each call is for one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/snapshot.h"
#include "verify/row_digest.h"

namespace srdf::verify {

struct Pace {
  uint64_t rows_per_second_max = 0;  // 0: no limit
  std::function<bool()> cancelled;   // cheap; empty: never
};

// Keeps a pass to its pace, and ends it when it is not wanted any more.
class PaceKeeper {
 public:
  explicit PaceKeeper(const Pace& pace);
  // With each row; never sleeps. kCancelled.
  Status Row();
  // Sleeps for as long as the rows so far were too fast. Not inside of a read, where that can be helped: a
  // read holds a lock that DDL statements of the table wait for, and all that comes behind these. kCancelled.
  Status Rest();
  // So many rows may be read in one go, for the lock to be held for less than a second.
  uint64_t rows_per_piece() const;

 private:
  const Pace& pace_;
  uint64_t rows_ = 0;
  int64_t started_at_us_ = 0;
};

// As Snapshot::ReadRange of a table with a key, in several reads, with rests between them. The sink reports
// its rows to the keeper (Row).
Result<engine::ReadEnd> ReadInPieces(engine::Snapshot* snapshot, const TableSchema& schema,
                                     const engine::KeyRange& range, uint64_t rows_max, PaceKeeper* keeper,
                                     engine::RowSink* sink);

struct Part {
  engine::KeyRange range;
  RowDigest digest;
};

struct StepsResult {
  std::vector<Part> parts;
  bool end = false;  // the last part reaches the end of the range asked for
};

// From range.after on, a part for every `rows_per_step` rows, at most `rows_max` (0: no limit) in all. At the
// end of the range there is always a last part up to range.until, with no rows when there are none. At most
// kPartsMax parts.
Result<StepsResult> DigestSteps(engine::Snapshot* snapshot, const TableSchema& schema,
                                const engine::KeyRange& range, uint64_t rows_per_step, uint64_t rows_max,
                                const Pace& pace);
constexpr size_t kPartsMax = 16'384;

Result<std::vector<Part>> DigestRanges(engine::Snapshot* snapshot, const TableSchema& schema,
                                       const std::vector<engine::KeyRange>& ranges, const Pace& pace);

// 1 to kBucketsMax parts by hash, of all of the table.
Result<std::vector<RowDigest>> DigestBuckets(engine::Snapshot* snapshot, const TableSchema& schema,
                                             uint32_t buckets, const Pace& pace);

// 16 bytes, over what gives the bytes of an image their meaning: names, types, signs, which are generated,
// character sets and labels of the columns, in order, and the key's columns.
std::string SchemaDigest(const TableSchema& schema);

}  // namespace srdf::verify
