#include "unit/compaction/model_database.h"

namespace srdf::compaction::test {

namespace {

bool SameUnique(const std::vector<uint16_t>& unique, const Values& a, const Values& b) {
  for (const uint16_t c : unique) {
    if (!a[c].has_value() || !b[c].has_value() || *a[c] != *b[c]) return false;
  }
  return true;
}

bool ForeignKeysOn(uint8_t flags) { return (flags & kRunNoForeignKeyChecks) == 0; }

}  // namespace

std::string ModelDatabase::Apply(const std::string& name, const RowRunHeader& header, const Row& row) {
  ModelTable* t = &tables_.at(name);
  if (t->schema.key_kind == KeyKind::kNone) return ApplyKeyless(t, header, row);

  const size_t columns = t->schema.columns.size();
  Values before(columns), after(columns);
  std::string key;
  if (header.op != RowOp::kInsert) {
    if (!DecodeImage(row.before, header.bitmap_before, &before)) return "malformed before image";
    key = Key(t->schema, before);
    const auto found = t->rows.find(key);
    if (found == t->rows.end()) return "no such row in " + name;
    for (size_t i = 0; i < columns; ++i) {
      if (Present(header.bitmap_before, i) && before[i] != found->second[i]) return "row differs in " + name;
    }
    after = found->second;
  }
  if (header.op == RowOp::kDelete) return Remove(t, key, header.flags);
  if (!DecodeImage(row.after, header.bitmap_after, &after)) return "malformed after image";
  if (header.op == RowOp::kInsert) return Insert(t, after, header.flags);
  return Change(t, key, after, header.flags);
}

std::string ModelDatabase::ApplyKeyless(ModelTable* t, const RowRunHeader& header, const Row& row) {
  if (header.op != RowOp::kInsert) {
    const auto found = t->keyless_rows.find(std::string(row.before));
    if (found == t->keyless_rows.end()) return "no such row in keyless " + t->schema.table;
    if (--found->second == 0) t->keyless_rows.erase(found);
  }
  if (header.op != RowOp::kDelete) ++t->keyless_rows[std::string(row.after)];
  return {};
}

std::string ModelDatabase::CheckRow(const ModelTable& t, const Values& row, uint8_t flags) const {
  if ((flags & kRunNoCheckConstraints) == 0 && row[t.checked_column] == Value("bad"))
    return "check constraint";
  if (ForeignKeysOn(flags)) {
    for (const ForeignKey& fk : t.foreign_keys) {
      if (!row[fk.column].has_value()) continue;
      bool found = false;
      const ModelTable& parent = tables_.at(fk.parent);
      for (const auto& [key, values] : parent.rows) {
        found = found || values[parent.schema.key_columns[0]] == row[fk.column];
      }
      if (!found) return "no parent for a row of " + t.schema.table;
    }
  }
  for (const auto& [key, other] : t.rows) {
    for (const auto& unique : t.uniques) {
      if (SameUnique(unique, row, other)) return "duplicate unique value in " + t.schema.table;
    }
  }
  return {};
}

std::string ModelDatabase::Insert(ModelTable* t, const Values& row, uint8_t flags) {
  const std::string key = Key(t->schema, row);
  if (t->rows.count(key) != 0) return "duplicate key in " + t->schema.table;
  std::string error = CheckRow(*t, row, flags);
  if (error.empty()) t->rows[key] = row;
  return error;
}

std::string ModelDatabase::Remove(ModelTable* t, const std::string& key, uint8_t flags) {
  const Value key_value = t->rows.at(key)[t->schema.key_columns[0]];
  t->rows.erase(key);
  return ForeignKeysOn(flags) ? Cascade(t->schema.table, key_value, nullptr) : "";
}

std::string ModelDatabase::Change(ModelTable* t, const std::string& key, const Values& row, uint8_t flags) {
  const Value old_value = t->rows.at(key)[t->schema.key_columns[0]];
  const Value new_value = row[t->schema.key_columns[0]];
  t->rows.erase(key);
  std::string error = Insert(t, row, flags);
  if (!error.empty() || !ForeignKeysOn(flags) || old_value == new_value) return error;
  return Cascade(t->schema.table, old_value, &new_value);
}

std::string ModelDatabase::Cascade(const std::string& parent, const Value& key_value,
                                   const Value* new_value) {
  for (auto& [name, child] : tables_) {
    for (const ForeignKey& fk : child.foreign_keys) {
      if (fk.parent != parent) continue;
      std::vector<std::string> hit;
      for (const auto& [key, values] : child.rows) {
        if (values[fk.column].has_value() && values[fk.column] == key_value) hit.push_back(key);
      }
      for (const std::string& key : hit) {
        if (fk.on_delete == OnDelete::kRestrict) return "row of " + parent + " is referred to by " + name;
        Values changed = child.rows.at(key);
        const bool remove = new_value == nullptr && fk.on_delete == OnDelete::kCascade;
        changed[fk.column] = new_value != nullptr ? *new_value : Value();
        std::string error =
            remove ? Remove(&child, key, 0) : Change(&child, key, changed, kRunNoCheckConstraints);
        if (!error.empty()) return error;
      }
    }
  }
  return {};
}

bool ModelDatabase::IsCascadingParent(const std::string& table) const {
  for (const auto& [name, child] : tables_) {
    for (const ForeignKey& fk : child.foreign_keys) {
      if (fk.parent == table && fk.on_delete != OnDelete::kRestrict) return true;
    }
  }
  return false;
}

std::string ModelDatabase::Dump() const {
  std::string out;
  for (const auto& [name, t] : tables_) {
    out += name + ":\n";
    for (const auto& [key, values] : t.rows) {
      for (const Value& v : values) out += " " + (v.has_value() ? "'" + *v + "'" : "NULL");
      out += "\n";
    }
    for (const auto& [image, count] : t.keyless_rows)
      out += " " + image + " x" + std::to_string(count) + "\n";
  }
  return out;
}

}  // namespace srdf::compaction::test
