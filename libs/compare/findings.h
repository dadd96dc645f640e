// Findings: what a comparison of two servers has found. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compare/side.h"

namespace srdf::compare {

enum class RowFinding : uint8_t { kMissing, kExtra, kDifferent };  // at the target
std::string_view RowFindingWord(RowFinding finding);

struct RowDifference {
  RowFinding finding = RowFinding::kDifferent;
  std::string key;         // image of the key's columns
  verify::RowHash source;  // of what is not missing there
  verify::RowHash target;
  // Of a table without a key: the row, and how often each side has it.
  std::string image;
  uint64_t copies_source = 0;
  uint64_t copies_target = 0;

  friend bool operator==(const RowDifference&, const RowDifference&) = default;
};

enum class TableState : uint8_t {
  kEqual,
  kDifferent,    // rows differ
  kSchema,       // columns or key differ: rows are not compared
  kMissing,      // at the target
  kExtra,        // at the target
  kNotCompared,  // see note
};
std::string_view TableStateWord(TableState state);

struct TableFindings {
  TableName name;
  TableState state = TableState::kEqual;
  std::string note;           // what a person should know besides; never a difference by itself
  TableSchema schema;         // of the source, or of where the table is; without columns when it was not read
  std::string schema_digest;  // verify::SchemaDigest of it
  bool only_part = false;     // a range or some keys of it were compared
  // One side, or both, have another unique key than the logical one.
  bool other_unique_keys = false;
  bool other_definition = false;  // in what is no difference of rows; see note
  uint64_t rows_source = 0;
  uint64_t rows_target = 0;
  uint64_t missing = 0;
  uint64_t extra = 0;
  uint64_t different = 0;
  bool counted_all = true;          // false: there are more differences than these
  bool to_its_end = true;           // false: the comparison was given up before; see note
  std::vector<RowDifference> rows;  // at most as many as wanted; the counts are of all

  // No row differs that `rows` does not have.
  bool lists_all() const;
};

struct Findings {
  std::vector<TableFindings> tables;  // by name
  SourcePosition first;               // where the first pair of snapshots was, and the last
  SourcePosition last;
  uint64_t pairs = 0;
  int64_t started_at_ms = 0;
  int64_t completed_at_ms = 0;

  uint64_t rows_source() const;
  uint64_t rows_target() const;
  uint64_t missing() const;
  uint64_t extra() const;
  uint64_t different() const;
  // Tables that are not kEqual, but for those that could not be compared.
  uint64_t tables_differing() const;
  uint64_t tables_not_compared() const;
};

}  // namespace srdf::compare
