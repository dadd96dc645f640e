// ColumnSets: the few sets of columns that the updates of one table are written with.
//
// Rows with one set share a run, a bitmap's number in the compactor and an event at the target, so their
// number has to be bounded: a table of forty readings, each update changing others of them, would have one
// set per row. The first kMax that come are kept for as long as the table is; what none of them covers is
// written whole.
#pragma once

#include <bit>
#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace srdf::engine_mariadb {

class ColumnSets {
 public:
  static constexpr size_t kMax = 8;

  // The smallest kept set that has all columns of `wanted`; empty when there is none, and no place for
  // another. All bitmaps of a table have one size. Valid until the next call.
  ByteView Cover(ByteView wanted) {
    const std::string* best = nullptr;
    for (const std::string& set : sets_) {
      if (set == wanted) return set;
      if (Has(set, wanted) && (best == nullptr || Count(set) < Count(*best))) best = &set;
    }
    // Exactly what changes, while there is place for it.
    if (sets_.size() < kMax) return sets_.emplace_back(wanted);
    return best == nullptr ? ByteView() : ByteView(*best);
  }

 private:
  static bool Has(ByteView set, ByteView wanted) {
    for (size_t i = 0; i < wanted.size(); ++i) {
      if ((wanted[i] & ~set[i]) != 0) return false;
    }
    return true;
  }
  static int Count(ByteView set) {
    int columns = 0;
    for (const char c : set) columns += std::popcount(static_cast<unsigned char>(c));
    return columns;
  }

  std::vector<std::string> sets_;
};

}  // namespace srdf::engine_mariadb
