#include "differential/generator/row_text.h"

#include "differential/generator/value_generator.h"

namespace srdf::differential {

std::vector<std::string> RowText::Literals(size_t table, const std::vector<size_t>& places, size_t first,
                                           int number) {
  // The number is cut into one digit per column, so that composite keys share parts.
  std::vector<std::string> out;
  int rest = number;
  for (size_t i = first; i < places.size(); ++i) {
    const bool last = i + 1 == places.size();
    const int base = places.size() - first == 2 ? 3 : 2;
    const int digit = last ? rest : rest % base;
    rest /= base;
    const ColumnType& type = schema_->tables[table].columns[places[i]].type;
    out.push_back(number == kNull ? "NULL" : KeyLiteral(type, digit, random_));
  }
  return out;
}

Row RowText::FindRow(size_t table, int key) {
  for (const Row& row : tracker_->rows(table)) {
    if (row.key == key) return row;
  }
  Row missing;
  missing.key = key;
  missing.parents.assign(schema_->tables[table].foreign_keys.size(), 0);
  return missing;
}

std::vector<std::string> RowText::KeyLiterals(size_t table, const Row& row) {
  const Table& t = schema_->tables[table];
  if (!t.key_has_parent) return Literals(table, t.key, 0, row.key);
  std::vector<std::string> out = ForeignLiterals(table, 0, row.parents.empty() ? 0 : row.parents[0]);
  for (auto& literal : Literals(table, t.key, t.foreign_keys[0].columns.size(), row.key)) {
    out.push_back(std::move(literal));
  }
  return out;
}

std::vector<std::string> RowText::UniqueLiterals(size_t table, size_t unique, int number) {
  return Literals(table, schema_->tables[table].uniques[unique].columns, 0, number);
}

std::vector<std::string> RowText::ForeignLiterals(size_t table, size_t foreign_key, int number) {
  const ForeignKey& f = schema_->tables[table].foreign_keys[foreign_key];
  if (number == kNull) return std::vector<std::string>(f.columns.size(), "NULL");
  const Row parent = FindRow(f.parent, number);
  if (f.parent_unique < 0) return KeyLiterals(f.parent, parent);
  const auto unique = static_cast<size_t>(f.parent_unique);
  if (unique >= schema_->tables[f.parent].uniques.size()) {  // the parent is another table by now
    return std::vector<std::string>(f.columns.size(), "NULL");
  }
  return UniqueLiterals(f.parent, unique, unique < parent.uniques.size() ? parent.uniques[unique] : 0);
}

std::map<size_t, std::string> RowText::Numbered(size_t table, const Row& row) {
  const Table& t = schema_->tables[table];
  std::map<size_t, std::string> out;
  const auto put = [&](const std::vector<size_t>& places, const std::vector<std::string>& literals) {
    for (size_t i = 0; i < places.size() && i < literals.size(); ++i) out[places[i]] = literals[i];
  };
  for (size_t u = 0; u < t.uniques.size() && u < row.uniques.size(); ++u) {
    put(t.uniques[u].columns, UniqueLiterals(table, u, row.uniques[u]));
  }
  for (size_t f = 0; f < t.foreign_keys.size() && f < row.parents.size(); ++f) {
    put(t.foreign_keys[f].columns, ForeignLiterals(table, f, row.parents[f]));
  }
  put(t.key, KeyLiterals(table, row));
  return out;
}

std::string RowText::Predicate(size_t table, const Row& row, const std::string& alias) {
  const Table& t = schema_->tables[table];
  const auto literals = KeyLiterals(table, row);
  std::string out;
  for (size_t i = 0; i < t.key.size() && i < literals.size(); ++i) {
    out += (out.empty() ? "" : " AND ") + alias + Quote(t.columns[t.key[i]].name) + " = " + literals[i];
  }
  return out;
}

std::string RowText::Assignments(size_t table, const std::vector<size_t>& places,
                                 const std::vector<std::string>& values) {
  std::string out;
  for (size_t i = 0; i < places.size() && i < values.size(); ++i) {
    out +=
        (out.empty() ? "" : ", ") + Quote(schema_->tables[table].columns[places[i]].name) + " = " + values[i];
  }
  return out;
}

std::string RowText::PlainLiteral(const Column& column) {
  if (column.nullable && random_->Chance(15)) return "NULL";
  if (bent_ && random_->Chance(25)) return BentLiteral(column.type, random_);
  if (!schema_->sequences.empty() && column.type.kind == Kind::kInt && random_->Chance(30)) {
    return "NEXT VALUE FOR " + random_->Pick(schema_->sequences);
  }
  if (large_ && column.type.sql.rfind("long", 0) == 0 && random_->Chance(30)) {
    return "repeat('" + random_->Pick({"x", "ab", "\\n"}) + "', " +
           std::to_string(random_->Between(20'000, 200'000)) + ")";
  }
  return SomeLiteral(column.type, random_);
}

}  // namespace srdf::differential
