// Records that capture puts into the stream between two transactions of the source: marks, and rows of a
// copy.
//
// Each is alone in a pseudo-transaction (begin without a GTID, the record, its schema and runs, end at the
// position where the stream stands) and becomes a wagon of its own: it closes the window before it and after
// it, is never compacted, and never merged with other wagons.
//
// A Mark names a place of the stream: the target after its wagon equals the source at that position. Both
// sides open a consistent snapshot there, so that what they read can be compared row by row.
//
// A RangeCopy makes a part of a table at the target what it was at the source at this position. After it come
// the insert runs of its rows (table_ref, all columns), up to the next RangeCopy or the end of the wagon:
//
//   kRange    the rows with a key after `after` and up to `until` (images of the key's columns; empty: from
//   the
//             first, to the last; both empty: the whole table, also one without a key) are these, no others
//   kKey      the row with the key `until` is this one, or there is none
//   kCopies   of a table without a key: of rows whose image is `until` there are exactly `copies`; no runs
//   kMore     these rows are added to what is there: the table was cleared by a kRange of this copy, and has
//             more rows than one wagon takes
//
// Pure. Bytes: docs/formats/change-stream.md.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace srdf {

constexpr size_t kMarkIdBytesMax = 64;

struct Mark {
  std::string id;  // 1 to 64 bytes, chosen by who asked for it

  friend bool operator==(const Mark&, const Mark&) = default;
};
void EncodeMark(const Mark& mark, std::string* out);
Result<Mark> DecodeMark(ByteView in);

enum class RangeCopyKind : uint8_t { kRange = 1, kKey = 2, kCopies = 3, kMore = 4 };

struct RangeCopy {
  uint32_t table_ref = 0;
  RangeCopyKind kind = RangeCopyKind::kRange;
  std::string after;
  std::string until;
  uint64_t copies = 0;

  friend bool operator==(const RangeCopy&, const RangeCopy&) = default;
};
void EncodeRangeCopy(const RangeCopy& copy, std::string* out);
Result<RangeCopy> DecodeRangeCopy(ByteView in);

}  // namespace srdf
