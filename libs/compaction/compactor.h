// Compactor: the net effect of a window of whole transactions, by logical key.
//
// Pure: no I/O, no clock, no threads. The window's bytes stay where they are; the compactor keeps views into
// them, so every buffer given to Add must live until Finish has returned.
//
// Rules (ARCHITECTURE.md "Compaction"): the window is cut into segments at every run flagged kRunInPlace,
// for the tables of its constraint group (for all tables when the group is not known); such a run passes
// through untouched, in its place: foreign keys cannot reach from one group into another. So does a run whose
// images are too partial to be merged (a before image without the key; an after image without all columns of
// an update that changes the key or another unique value, or of an insert without the key), and one with a
// flag that is not known here; it leaves with kRunInPlace set. Inside a segment, per table with a logical
// key, every key's history folds to its net effect, emitted as deletes, then updates, then inserts, flagged
// kRunNoForeignKeyChecks (and kRunNoCheckConstraints, if any run of the table in the segment was). An update
// that changes a secondary unique value, or a re-creation in a table with secondary unique keys, becomes
// delete + insert, so that values may move between rows freely. Tables without a logical key keep their
// changes, one by one, in source order, with the flag as well.
//
// Partial after images (binlog_row_image MINIMAL, NOBLOB) unite by column: an update's absent column did not
// change, an insert's has its default. So update a, update b is one update of a and b; insert, update b an
// insert with b; and what was deleted and made again by a partial insert is delete + insert, since an update
// would keep what the insert resets.
//
// Why this is invisible: between two cuts no change cascades and nothing but the rows themselves is checked,
// so tables do not depend on each other and only the rows at the segment's end count. Deletes come first:
// from then on the table holds a subset of the rows it ends with, as far as unique values are concerned, so
// that no later update or insert can clash. Tables are written one after the other, in the order in which the
// segment met them: any order would be sound, and this one names each table once.
//
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/record.h"
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

// How an engine lays one partial row image over another. One object per table schema; pure, driven by one
// thread.
class ImageMerger {
 public:
  virtual ~ImageMerger() = default;
  // *out becomes the image of all columns that one of the two has: from `over` where it has the column, else
  // from `base`. False when one of them is not an image of the table with these columns.
  virtual bool Merge(ByteView base, ByteView base_bitmap, ByteView over, ByteView over_bitmap,
                     std::string* out) = 0;
};
// May give nothing: partial images of that table are left in place then.
using ImageMergers = std::function<std::unique_ptr<ImageMerger>(const TableSchema&)>;

// Where the row of a key lies in its table, as a number that grows along the table. It decides the order of
// rows and nothing else, so it need not tell all keys apart. One object per table schema; pure, driven by one
// thread.
class KeyPlacer {
 public:
  virtual ~KeyPlacer() = default;
  // Any bytes may come.
  virtual uint64_t Place(ByteView key) const = 0;
};
// May give nothing: rows of that table are written in the order in which their keys first came.
using KeyPlacers = std::function<std::unique_ptr<KeyPlacer>(const TableSchema&)>;

class Compactor {
 public:
  virtual ~Compactor() = default;
  // A schema must be added before the first run that refers to it. A table_ref may be added again with the
  // same contents; different contents under the same ref is an error.
  virtual Status AddSchema(const TableSchema& schema) = 0;
  // One RowRun record's body.
  virtual Status AddRun(std::string_view body) = 0;
  // A part or an outcome of a prepared (XA) transaction, by its record type. It keeps its place. An outcome
  // ends the segment of all tables, since nobody here knows which rows it makes count; a part changes no rows
  // yet.
  virtual Status AddPrepared(RecordType type, std::string_view body) = 0;
  // A mark or the rows of a copy that begin (model/mark.h), by its record type. It keeps its place, and no
  // change crosses it.
  virtual Status AddCopy(RecordType type, std::string_view body) = 0;
  // Emits schemas (only those that are referred to by what remains), then runs. The object is spent.
  // kDataLoss when a key's history is impossible (inserted twice, updated after delete): names table and key.
  virtual Result<CompactionResult> Finish(const RecordSink& sink) = 0;
};

// Adds `part` to `total`, for a window that is passed on in several parts.
void Accumulate(const CompactionResult& part, CompactionResult* total);

// `merge` false: every run passes through in source order, counted, keys removed (for huge transactions and
// for compaction_enabled: false). Without `mergers`, partial after images are left in place.
std::unique_ptr<Compactor> NewCompactor(bool merge, ImageMergers mergers = nullptr,
                                        KeyPlacers placers = nullptr);

}  // namespace srdf::compaction
