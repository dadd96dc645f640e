// The change stream: the flat sequence of records in which changes travel from capture to batcher and, after
// compaction, as a wagon's payload. docs/formats/change-stream.md describes every byte.
//
//   record := type u8, body_length u32, body
//
// Nothing here allocates per row: a RowRun is a run of rows of one table with one operation and one pair of
// column bitmaps; RowRunWriter appends rows to a buffer, RowRunReader gives views into it.
//
// Order rules of a feed (capture → batcher): a TableSchema comes before the first run that refers to its
// table_ref and may be sent again with the same contents; Begin, then runs and statements, then End; a
// Statement, when there is one, comes before all runs of its transaction. What was prepared (XA) comes as
// parts instead of runs, its outcome alone in a later transaction. A wagon payload holds schemas, statements,
// runs, parts and outcomes; they are applied in the order in which they stand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "model/position.h"

namespace srdf {

enum class RecordType : uint8_t {
  kTableSchema = 1,
  kTransactionBegin = 2,
  kRowRun = 3,
  kStatement = 4,
  kTransactionEnd = 5,
  kPreparedPart = 6,     // model/prepared.h
  kPreparedOutcome = 7,  // the same
  kMark = 8,             // model/mark.h
  kRangeCopy = 9,        // the same
};

// No record body is larger: the longest row image of MariaDB is bounded by max_allowed_packet (1 GiB); the
// product's limit is smaller so that a bad length cannot ask for more memory than a host has.
constexpr uint32_t kRecordBodyBytesMax = 256u << 20;
constexpr size_t kRecordHeaderBytes = 5;

struct Record {
  RecordType type{};
  ByteView body;   // lives as long as the buffer that was read
  ByteView whole;  // header and body
};

void AppendRecord(RecordType type, ByteView body, std::string* out);

// Reads records from a buffer. Next() returns false at the clean end; an unknown type, a torn or oversized
// record is an error.
class RecordCursor {
 public:
  explicit RecordCursor(ByteView in) : in_(in) {}
  Result<bool> Next(Record* record);
  // Behind the record that Next has given last.
  ByteView rest() const { return in_; }

 private:
  ByteView in_;
};

struct TransactionBegin {
  std::string gtid;            // of this transaction alone, "0-1-101"
  int64_t commit_time_ms = 0;  // source's clock, milliseconds since the epoch (the log has whole seconds)
};
// The copy's state is part of every position and changes with few of them, so it is sent where it changes:
// an end that does not set it has the state of the end before it, the first one of a feed that of the
// position which the feed resumes from. `position.copy` is empty then, and filled in by whoever follows the
// feed.
struct TransactionEnd {
  SourcePosition position;        // just after this transaction, all domains
  uint64_t source_end_bytes = 0;  // bytes of this transaction in the source's log
  bool sets_copy = false;         // from here on the state is position.copy; empty: no copy is going on
};
void EncodeTransactionBegin(const TransactionBegin& v, std::string* out);
Result<TransactionBegin> DecodeTransactionBegin(ByteView in);
void EncodeTransactionEnd(const TransactionEnd& v, std::string* out);
Result<TransactionEnd> DecodeTransactionEnd(ByteView in);

enum class RowOp : uint8_t { kInsert = 1, kUpdate = 2, kDelete = 3 };
std::string_view RowOpName(RowOp op);

// Flags of a run. kInPlace is capture's word to the batcher: these changes may cascade, or their table's
// constraints are not known for certain at this position; they are never merged and no change crosses them.
constexpr uint8_t kRunNoForeignKeyChecks = 0x01;
constexpr uint8_t kRunInPlace = 0x02;
constexpr uint8_t kRunNoCheckConstraints = 0x04;

struct RowRunHeader {
  uint32_t table_ref = 0;
  RowOp op{};
  uint8_t flags = 0;
  ByteView
      bitmap_before;  // presence bitmaps, column 0 = bit 0 of byte 0; empty when the op has no such image
  ByteView bitmap_after;
  friend bool operator==(const RowRunHeader&, const RowRunHeader&) = default;
};

// One row. Images are the engine's encoding of the columns present in the bitmap. `key` is the logical key
// of the row the change finds or makes (injective for one schema), `new_key` only for an update that
// changes it. Keys are empty for tables without a logical key, and in wagon payloads.
constexpr uint8_t kRowUniqueChanged = 0x01;  // an update that changes a column of a secondary unique key
struct Row {
  uint8_t flags = 0;
  ByteView key;
  ByteView new_key;
  ByteView before;
  ByteView after;
};

// Appends runs to a buffer. Begin a run, add rows, end it; a run is one record. Not to be interleaved with
// other writes to the same buffer.
class RowRunWriter {
 public:
  explicit RowRunWriter(std::string* out) : out_(out) {}
  void Begin(const RowRunHeader& header);
  void Add(const Row& row);
  void End();
  bool open() const { return open_; }
  size_t run_bytes() const { return out_->size() - start_; }
  uint32_t row_count() const { return rows_; }

 private:
  std::string* out_;
  size_t start_ = 0;
  size_t count_at_ = 0;
  uint32_t rows_ = 0;
  bool open_ = false;
};

// Reads one run's body. Open checks the header; Next returns false after the last row and an error for a
// torn row. All views live as long as the body.
class RowRunReader {
 public:
  static Result<RowRunReader> Open(ByteView body);
  const RowRunHeader& header() const { return header_; }
  uint32_t row_count() const { return row_count_; }
  Result<bool> Next(Row* row);

 private:
  explicit RowRunReader(ByteView body) : in_(body) {}
  ByteReader in_;
  RowRunHeader header_;
  uint32_t row_count_ = 0;
  uint32_t read_ = 0;
};

}  // namespace srdf
