// What only several statements together do: values that move between rows, histories of one key, children
// that leave or join a parent before it goes.
#include <algorithm>

#include "differential/generator/dml_generator.h"

namespace srdf::differential {

Statements DmlGenerator::Hot(size_t t) {
  const auto rows = tracker_->rows(t).size();
  if (rows < 2) return Insert(t, 2);
  Statements out;
  switch (random_->Below(10)) {
    case 0:
    case 1:
      out = Insert(t, 1);
      break;
    case 2:
      out = Delete(t);
      break;
    case 3:
      out = ChangeKey(t);
      break;
    case 4:
      out = ChangeUnique(t);
      break;
    case 5:
      out = random_->Chance(70) ? Swap(t) : Rotate(t);
      break;
    case 6:
      out = Recreate(t);
      break;
    case 7:
      out = ChangeParent(t);
      break;
    default:
      break;
  }
  return out.empty() ? Update(t) : out;
}

Statements DmlGenerator::Swap(size_t t) {
  auto& rows = tracker_->rows(t);
  if (rows.size() < 2 || table(t).uniques.empty()) return {};
  const auto u = static_cast<size_t>(random_->Below(static_cast<int>(table(t).uniques.size())));
  // Two rows, or three for a rotation; all with a value.
  std::vector<Row*> chosen;
  const size_t wanted = random_->Chance(60) ? 2 : 3;
  const auto start = static_cast<size_t>(random_->Below(static_cast<int>(rows.size())));
  for (size_t i = 0; i < rows.size() && chosen.size() < wanted; ++i) {
    Row& row = rows[(start + i) % rows.size()];
    if (u < row.uniques.size() && row.uniques[u] != kNull) chosen.push_back(&row);
  }
  if (chosen.size() < 2) return {};
  const auto& columns = table(t).uniques[u].columns;
  const bool nullable = table(t).columns[columns[0]].nullable;
  const int parked = nullable && random_->Chance(50) ? kNull : tracker_->FreeUnique(t, u, random_);
  if (parked == kNull && !nullable) return {};
  const auto set = [&](Row* row, int number) {
    row->uniques[u] = number;
    return "UPDATE " + table(t).Quoted() + " SET " +
           text_.Assignments(t, columns, text_.UniqueLiterals(t, u, number)) + " WHERE " +
           text_.Predicate(t, *row);
  };
  Note(chosen.size() == 2 ? "unique swap" : "unique rotation");
  std::vector<int> had;
  for (const Row* row : chosen) had.push_back(row->uniques[u]);
  Statements out = {set(chosen[0], parked)};
  for (size_t i = 1; i < chosen.size(); ++i) out.push_back(set(chosen[i], had[i - 1]));
  out.push_back(set(chosen[0], had.back()));
  return out;
}

Statements DmlGenerator::Rotate(size_t t) {
  for (size_t u = 0; u < table(t).uniques.size(); ++u) {
    const auto& columns = table(t).uniques[u].columns;
    if (columns.size() != 1 || !table(t).columns[columns[0]].type.plain) continue;
    const std::string name = Quote(table(t).columns[columns[0]].name);
    int low = tracker_->domain();
    for (const Row& row : tracker_->rows(t)) {
      if (u < row.uniques.size() && row.uniques[u] != kNull) low = std::min(low, row.uniques[u]);
    }
    const bool down = low > 0 && random_->Chance(50);
    for (Row& row : tracker_->rows(t)) {
      if (u < row.uniques.size() && row.uniques[u] != kNull) row.uniques[u] += down ? -1 : 1;
    }
    Note("unique shift");
    return {"UPDATE " + table(t).Quoted() + " SET " + name + " = " + name + (down ? " - 1" : " + 1") +
            " ORDER BY " + name + (down ? "" : " DESC")};
  }
  // The same with the key, where it is an integer of its own and nobody refers to it.
  if (table(t).key.size() != 1 || !table(t).columns[table(t).key[0]].type.plain) return {};
  for (const Row& row : tracker_->rows(t)) {
    if (act_ && !tracker_->CanRemove(t, row.key, true)) return {};
  }
  const std::string name = Quote(table(t).columns[table(t).key[0]].name);
  auto rows = tracker_->rows(t);
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key > b.key; });
  for (const Row& row : rows) tracker_->ChangeKey(t, row.key, row.key + 1, act_);
  Note("key shift");
  return {"UPDATE " + table(t).Quoted() + " SET " + name + " = " + name + " + 1 ORDER BY " + name + " DESC"};
}

Statements DmlGenerator::Recreate(size_t t) {
  const auto old = SomeRow(t);
  if (!old.has_value() || (act_ && !tracker_->CanRemove(t, old->key, false))) return {};
  Statements out = RemoveRow(t, *old, "recreate");
  if (out.empty()) return {};
  auto row = NewRow(t, old->key);
  if (!row.has_value()) return out;
  if (random_->Chance(50)) row->uniques = old->uniques;  // the row's own value, again
  if (table(t).key_has_parent) row->parents = old->parents;
  for (size_t f = 0; f < row->parents.size(); ++f) {
    const size_t parent = table(t).foreign_keys[f].parent;
    if (row->parents[f] != kNull && !tracker_->HasKey(parent, row->parents[f])) return out;
  }
  tracker_->rows(t).push_back(*row);
  out.push_back(InsertText(t, "INSERT", {*row}));
  return out;
}

Statements DmlGenerator::Chain(size_t t) {
  const auto row = NewRow(t, tracker_->FreeKey(t, random_));
  if (!row.has_value()) return {};
  Note("chain");
  Statements out = {InsertText(t, "INSERT", {*row})};
  tracker_->rows(t).push_back(*row);
  const auto update = [&] {
    const std::string set = SetPlain(t);
    if (!set.empty())
      out.push_back("UPDATE " + table(t).Quoted() + " SET " + set + " WHERE " + text_.Predicate(t, *row));
  };
  for (int i = random_->Between(0, 2); i > 0; --i) update();
  if (random_->Chance(70)) {
    Append(&out, RemoveRow(t, *row, "chain delete"));
    if (!tracker_->HasKey(t, row->key) && random_->Chance(50)) {
      out.push_back(InsertText(t, "INSERT", {*row}));
      tracker_->rows(t).push_back(*row);
      if (random_->Chance(50)) update();
    }
  }
  return out;
}

Statements DmlGenerator::MoveChildThenDeleteParent(size_t t) {
  for (size_t f = table(t).key_has_parent ? 1 : 0; f < table(t).foreign_keys.size(); ++f) {
    const size_t parent = table(t).foreign_keys[f].parent;
    if (parent == t) continue;
    for (Row& child : tracker_->rows(t)) {
      if (f >= child.parents.size() || child.parents[f] == kNull) continue;
      const int from = child.parents[f];
      const auto to = SomeRow(parent);
      if (!to.has_value() || to->key == from) continue;
      child.parents[f] = to->key;
      Statements out = {
          "UPDATE " + table(t).Quoted() + " SET " +
          text_.Assignments(t, table(t).foreign_keys[f].columns, text_.ForeignLiterals(t, f, to->key)) +
          " WHERE " + text_.Predicate(t, child)};
      for (const Row& row : tracker_->rows(parent)) {
        if (row.key != from) continue;
        Append(&out, RemoveRow(parent, Row(row), "child moved, parent deleted"));
        break;
      }
      return out;
    }
  }
  return {};
}

Statements DmlGenerator::InsertChildThenDeleteParent(size_t t) {
  if (table(t).foreign_keys.empty()) return {};
  auto child = NewRow(t, tracker_->FreeKey(t, random_));
  if (!child.has_value() || child->parents.empty() || child->parents[0] == kNull) return {};
  const size_t parent = table(t).foreign_keys[0].parent;
  tracker_->rows(t).push_back(*child);
  Statements out = {InsertText(t, "INSERT", {*child})};
  for (const Row& row : tracker_->rows(parent)) {
    if (row.key != child->parents[0] || parent == t) continue;
    Append(&out, RemoveRow(parent, Row(row), "child inserted, parent deleted"));
    break;
  }
  return out;
}

}  // namespace srdf::differential
