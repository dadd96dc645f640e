// Compactor: the net effect of a window of whole transactions, by logical key.
//
// Pure: no I/O, no clock, no threads. The window's bytes stay where they are; the compactor keeps views into
// them, so every buffer given to Add must live until Finish has returned.
//
// Rules (DESIGN of the product, ARCHITECTURE.md "Compaction"): the window is cut into segments at every run
// flagged kRunInPlace; such a run passes through untouched, in its place. Inside a segment, per table with a
// logical key, every key's history folds to its net effect, emitted as deletes, then updates, then inserts,
// flagged kRunNoForeignKeyChecks. An update that changes a secondary unique value, or a re-creation in a
// table with secondary unique keys, becomes delete + insert, so that values may move between rows freely.
// Tables without a logical key keep their changes, one by one, in source order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/schema.h"
#include "model/wagon.h"

namespace srdf::compaction {

// Receives the payload's records in their final order, whole records, up to about a MiB a call.
using RecordSink = std::function<Status(std::string_view records)>;

struct CompactionResult {
  uint64_t rows_before = 0;
  uint64_t rows_after = 0;
  uint64_t bytes_before = 0;  // row bytes: images and keys
  uint64_t bytes_after = 0;
  std::vector<TableManifest> tables;  // sorted by database, table
};

class Compactor {
 public:
  virtual ~Compactor() = default;
  // A schema must be added before the first run that refers to it. A table_ref may be added again with the
  // same contents; different contents under the same ref is an error.
  virtual Status AddSchema(const TableSchema& schema) = 0;
  // One RowRun record's body.
  virtual Status AddRun(std::string_view body) = 0;
  // Emits schemas (only those that are referred to by what remains), then runs. The object is spent.
  // kDataLoss when a key's history is impossible (inserted twice, updated after delete): names table and key.
  virtual Result<CompactionResult> Finish(const RecordSink& sink) = 0;
};

// `merge` false: every run passes through in source order, counted, keys removed (for huge transactions and
// for compaction_enabled: false).
std::unique_ptr<Compactor> NewCompactor(bool merge);

}  // namespace srdf::compaction
