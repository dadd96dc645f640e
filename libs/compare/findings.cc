#include "compare/findings.h"

#include <algorithm>

namespace srdf::compare {

namespace {

template <typename Field>
uint64_t Sum(const std::vector<TableFindings>& tables, Field field) {
  uint64_t sum = 0;
  for (const TableFindings& table : tables) sum += table.*field;
  return sum;
}

}  // namespace

std::string_view RowFindingWord(RowFinding finding) {
  switch (finding) {
    case RowFinding::kMissing:
      return "missing";
    case RowFinding::kExtra:
      return "extra";
    case RowFinding::kDifferent:
      return "different";
  }
  return "";
}

std::string_view TableStateWord(TableState state) {
  switch (state) {
    case TableState::kEqual:
      return "equal";
    case TableState::kDifferent:
      return "different";
    case TableState::kSchema:
      return "other_columns";
    case TableState::kMissing:
      return "missing";
    case TableState::kExtra:
      return "extra";
    case TableState::kNotCompared:
      return "not_compared";
  }
  return "";
}

bool TableFindings::lists_all() const {
  uint64_t listed = 0;
  for (const RowDifference& row : rows) {
    const uint64_t more = std::max(row.copies_source, row.copies_target);
    // Of a row with a key there are no copies.
    listed += more == 0 ? 1 : more - std::min(row.copies_source, row.copies_target);
  }
  return counted_all && listed == missing + extra + different;
}

uint64_t Findings::rows_source() const { return Sum(tables, &TableFindings::rows_source); }
uint64_t Findings::rows_target() const { return Sum(tables, &TableFindings::rows_target); }
uint64_t Findings::missing() const { return Sum(tables, &TableFindings::missing); }
uint64_t Findings::extra() const { return Sum(tables, &TableFindings::extra); }
uint64_t Findings::different() const { return Sum(tables, &TableFindings::different); }

uint64_t Findings::tables_differing() const {
  uint64_t count = 0;
  for (const TableFindings& table : tables) {
    if (table.state != TableState::kEqual && table.state != TableState::kNotCompared) ++count;
  }
  return count;
}

uint64_t Findings::tables_not_compared() const {
  uint64_t count = 0;
  for (const TableFindings& table : tables) {
    if (table.state == TableState::kNotCompared) ++count;
  }
  return count;
}

}  // namespace srdf::compare
