#include "differential/generator/row_tracker.h"

#include <algorithm>

namespace srdf::differential {

namespace {

int AnyOutside(const std::vector<bool>& taken, Random* random) {
  std::vector<int> free;
  for (size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i]) free.push_back(static_cast<int>(i));
  }
  return free.empty() ? kNull : random->Pick(free);
}

bool Forbids(const std::string& action) { return action == "RESTRICT" || action == "NO ACTION"; }

}  // namespace

bool RowTracker::HasKey(size_t table, int key) {
  const auto& all = rows_[table];
  return std::any_of(all.begin(), all.end(), [&](const Row& row) { return row.key == key; });
}

int RowTracker::FreeKey(size_t table, Random* random) {
  std::vector<bool> taken(static_cast<size_t>(domain_));
  for (const Row& row : rows_[table]) {
    if (row.key < domain_) taken[static_cast<size_t>(row.key)] = true;
  }
  return AnyOutside(taken, random);
}

int RowTracker::FreeUnique(size_t table, size_t unique, Random* random) {
  std::vector<bool> taken(static_cast<size_t>(domain_));
  for (const Row& row : rows_[table]) {
    const int number = unique < row.uniques.size() ? row.uniques[unique] : kNull;
    if (number >= 0 && number < domain_) taken[static_cast<size_t>(number)] = true;
  }
  return AnyOutside(taken, random);
}

bool RowTracker::CanRemove(size_t table, int key, bool update, int depth) {
  // Rows of a table that refers to itself may form a ring; the server gives up at 15 levels.
  if (depth > 15) return false;
  for (size_t child = 0; child < schema_->tables.size(); ++child) {
    const auto& foreign_keys = schema_->tables[child].foreign_keys;
    for (size_t f = 0; f < foreign_keys.size(); ++f) {
      if (foreign_keys[f].parent != table || foreign_keys[f].dropped) continue;
      if (update && foreign_keys[f].parent_unique >= 0) continue;  // refers to other columns
      const std::string& action = update ? foreign_keys[f].on_update : foreign_keys[f].on_delete;
      for (const Row& row : rows_[child]) {
        if (f >= row.parents.size() || row.parents[f] != key) continue;
        if (Forbids(action)) return false;
        const bool same = child == table && row.key == key;
        if (!update && action == "CASCADE" && !same && !CanRemove(child, row.key, false, depth + 1))
          return false;
      }
    }
  }
  return true;
}

int RowTracker::Remove(size_t table, int key, bool act) {
  auto& all = rows_[table];
  all.erase(std::remove_if(all.begin(), all.end(), [&](const Row& row) { return row.key == key; }),
            all.end());
  int acted = 0;
  for (size_t child = 0; act && child < schema_->tables.size(); ++child) {
    const auto& foreign_keys = schema_->tables[child].foreign_keys;
    for (size_t f = 0; f < foreign_keys.size(); ++f) {
      if (foreign_keys[f].parent != table || foreign_keys[f].dropped) continue;
      std::vector<int> gone;
      for (Row& row : rows_[child]) {
        if (f >= row.parents.size() || row.parents[f] != key) continue;
        ++acted;
        if (foreign_keys[f].on_delete == "CASCADE") {
          gone.push_back(row.key);
        } else {
          row.parents[f] = kNull;
        }
      }
      for (const int number : gone) acted += Remove(child, number, true);
    }
  }
  return acted;
}

int RowTracker::ChangeKey(size_t table, int from, int to, bool act) {
  for (Row& row : rows_[table]) {
    if (row.key == from) row.key = to;
  }
  int acted = 0;
  for (size_t child = 0; act && child < schema_->tables.size(); ++child) {
    const auto& foreign_keys = schema_->tables[child].foreign_keys;
    for (size_t f = 0; f < foreign_keys.size(); ++f) {
      if (foreign_keys[f].parent != table || foreign_keys[f].dropped) continue;
      for (Row& row : rows_[child]) {
        if (f >= row.parents.size() || row.parents[f] != from) continue;
        const bool follows = foreign_keys[f].on_update == "CASCADE" || foreign_keys[f].parent_unique >= 0;
        row.parents[f] = follows ? to : kNull;
        acted += foreign_keys[f].parent_unique < 0 ? 1 : 0;
      }
    }
  }
  return acted;
}

}  // namespace srdf::differential
