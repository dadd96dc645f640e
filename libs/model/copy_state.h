// CopyState: how far a copy of tables from source to target has come. It travels as SourcePosition::copy.
//
// A copy goes through its tables in order and through a table with a key in ranges of it, each read in a
// consistent snapshot whose place in the log is known exactly, and put into the stream at that place. So at
// every position of the stream:
//
//   a table that is not listed       is at the target as it was at the source
//   kWaiting                         none of its rows count at the target; its changes need not be sent
//   kCopying                         its rows up to `cursor` are exact; of the rest some may be there (those
//                                    inserted since), and are exact too. So a change of a row that is not
//                                    there is left out: the row comes with its range
//
// While `schema_done` is false nothing of the tables exists for certain, and their changes are not sent; of a
// copy of all tables neither are any others, and no DDL statements. Without any table, `schema_done` and
// `started_at_ms`, the copy was asked for and is not planned yet: then neither rows nor statements are sent.
// A flow whose target has nothing begins so: its first checkpoint has NewCopy() as its copy, and what is
// logged before the plan is made needs no table. A table that others can change by a foreign key that acts
// comes before those; tables without a key, with one that a cascade can change, and those that foreign keys
// connect in a circle, are copied in one snapshot (they go from kWaiting to not listed). Tables of one
// `group` that is not 0 leave the list together; else one leaves it with its last range, or when it is
// dropped. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace srdf {

enum class CopyPhase : uint8_t { kWaiting = 0, kCopying = 1 };

struct TableCopy {
  std::string database;
  std::string table;
  CopyPhase phase = CopyPhase::kWaiting;
  std::string cursor;          // image of the key's columns of the last row copied; kCopying only
  std::string key;             // names and types of the key's columns, as when the cursor was written
  uint32_t group = 0;          // copied in one snapshot with all tables of this number; 0: alone
  uint64_t rows = 0;           // copied
  uint64_t rows_estimate = 0;  // of the whole table, when the copy was planned
  uint64_t bytes_estimate = 0;

  friend bool operator==(const TableCopy&, const TableCopy&) = default;
};

struct CopyState {
  std::string plan;  // uid of the copy
  bool schema_done = false;
  bool paused = false;
  bool all_tables = false;        // of the source
  int64_t started_at_ms = 0;      // when it was planned
  std::vector<TableCopy> tables;  // not done, in order
  // Of all tables, those that are done as well.
  uint64_t tables_total = 0;
  uint64_t rows = 0;   // copied
  uint64_t bytes = 0;  // of their images
  uint64_t rows_estimate = 0;
  uint64_t bytes_estimate = 0;

  friend bool operator==(const CopyState&, const CopyState&) = default;

  // Asked for, and what is to be copied is not known yet. (A source without a table has a plan without one.)
  bool unplanned() const { return !schema_done && tables.empty() && started_at_ms == 0; }
  const TableCopy* Find(std::string_view database, std::string_view table) const;
};

// A copy of all tables that is to be planned, for the first checkpoint of a flow. CopyService.StartCopy with
// the same plan plans it.
CopyState NewCopy(const std::string& plan);

// No copy state is larger: it is part of every wagon's header while the copy goes on. About 5,000 tables.
constexpr size_t kCopyStateBytesMax = 512u << 10;

// A few words for people, of an encoded state: "copy 37 % (3 of 12 tables)"; empty for none.
std::string DescribeCopy(ByteView encoded);

// kInvalidArgument when it would be larger.
Result<std::string> EncodeCopyState(const CopyState& state);
// kDataLoss when torn, or of a version that is not known.
Result<CopyState> DecodeCopyState(ByteView in);

}  // namespace srdf
