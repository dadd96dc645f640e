// RowTracker: which rows the generator believes to exist, by the numbers of their key values.
//
// An idea, not the truth: triggers, failed statements and sessions that meet are not followed. It makes most
// statements hit rows that are there and miss those that are not. Foreign keys act here as on the server, so
// that children go with their parents.
#pragma once

#include <map>
#include <vector>

#include "differential/generator/schema.h"

namespace srdf::differential {

constexpr int kNull = -1;

struct Row {
  int key = 0;               // number of the key value; with key_has_parent of its own part
  std::vector<int> uniques;  // per unique key, kNull
  std::vector<int> parents;  // per foreign key: the parent's number, kNull
};

class RowTracker {
 public:
  using Rows = std::map<size_t, std::vector<Row>>;  // by table

  RowTracker(const Schema* schema, int domain) : schema_(schema), domain_(domain) {}

  std::vector<Row>& rows(size_t table) { return rows_[table]; }
  bool HasKey(size_t table, int key);
  // A number that no row of the table has; kNull when all are taken.
  int FreeKey(size_t table, Random* random);
  int FreeUnique(size_t table, size_t unique, Random* random);

  // Whether a row can be deleted, or its key changed, without being refused by RESTRICT.
  bool CanRemove(size_t table, int key, bool update, int depth = 0);
  // With cascades when `act`; how many other rows were changed or removed.
  int Remove(size_t table, int key, bool act);
  int ChangeKey(size_t table, int from, int to, bool act);
  void Clear(size_t table) { rows_[table].clear(); }

  Rows Snapshot() const { return rows_; }
  void Restore(Rows rows) { rows_ = std::move(rows); }

  int domain() const { return domain_; }

 private:
  const Schema* schema_;
  const int domain_;
  Rows rows_;
};

}  // namespace srdf::differential
