// PayloadMerger: the payloads of consecutive wagons compacted once more, into one.
//
// Pure, like the compactor that it drives. What it adds is what a payload has lost since capture made it:
//   - keys. Runs leave the compactor without them; an engine reads them off the images again (KeyReader).
//   - table_refs. They count within one wagon: the same number may be two tables in two wagons, and one
//     schema two numbers. Schemas that say the same get one number here, others a new one.
//
// Why the result is what the wagons do one after the other: a payload is itself a history of its tables. Each
// of its runs is possible after the ones before it, rows that had to keep their place carry kRunInPlace and
// keep it again, and what was folded is flagged so that nothing cascades from it. So the wagons together are
// one window, of which the compactor proves the same as of any other; only that rows which moved unique
// values come as delete + insert of one key, which it treats as a re-creation and keeps apart again. Payloads
// with statements are no such history: a statement may change what a table is. They are refused.
//
// Example: wagon 7 holds update k 1→4 (of a hundred updates), wagon 8 update k 4→9: one update k 1→9 is left.
//
// Memory: a copy of every row, with its key, and what the compactor keeps about it, until Finish.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "compaction/compactor.h"

namespace srdf::compaction {

// How an engine reads the logical key of a row off its images. One object per table schema; pure, driven by
// one thread.
class KeyReader {
 public:
  virtual ~KeyReader() = default;
  // Sets key, and new_key for an update that changes it, as capture would have; views that live until the
  // next call, or as long as the images. Empty: the images lack a column of the key. False when they are not
  // images of the table with these columns.
  virtual bool Read(const RowRunHeader& header, Row* row) = 0;
};
// May give nothing: rows of that table keep their place then.
using KeyReaders = std::function<std::unique_ptr<KeyReader>(const TableSchema&)>;

class PayloadMerger {
 public:
  virtual ~PayloadMerger() = default;
  // What is added from here on is of the next wagon, in sequence.
  virtual void BeginWagon() = 0;
  // Whole records of its payload, from the front; copied. kFailedPrecondition for a statement, kDataLoss for
  // what is no payload.
  virtual Status Add(std::string_view records) = 0;
  // Row bytes held.
  virtual uint64_t bytes() const = 0;
  // As Compactor::Finish; what is "before" in the result are the rows of the payloads, which were compacted
  // once. The object is spent.
  virtual Result<CompactionResult> Finish(const RecordSink& sink) = 0;
};

std::unique_ptr<PayloadMerger> NewPayloadMerger(ImageMergers mergers, KeyReaders readers,
                                                KeyPlacers placers = nullptr);

}  // namespace srdf::compaction
