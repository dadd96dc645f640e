#include "differential/generator/dml_generator.h"

#include <algorithm>

#include "differential/generator/schema_generator.h"

namespace srdf::differential {

void Append(Statements* to, Statements from) {
  for (auto& sql : from) to->push_back(std::move(sql));
}

Statements DmlGenerator::Some() {
  const bool focused = random_->Chance(focus_percent_);
  const size_t t =
      focused ? focus_ : static_cast<size_t>(random_->Below(static_cast<int>(schema_->tables.size())));
  const auto count = static_cast<int>(tracker_->rows(t).size());
  if (count < 2 || (count < tracker_->domain() / 2 && random_->Chance(25)))
    return Insert(t, random_->Between(1, 4));
  const auto allowed = [&](Feature feature, int percent) { return Has(feature) && random_->Chance(percent); };
  Statements out;
  if (allowed(Feature::kSwaps, 20)) out = random_->Chance(30) ? Rotate(t) : Swap(t);
  if (out.empty() && allowed(Feature::kKeyChanges, 14))
    out = random_->Chance(25) ? RespellKey(t) : ChangeKey(t);
  if (out.empty() && allowed(Feature::kRecreate, 12)) out = random_->Chance(50) ? Chain(t) : Recreate(t);
  if (out.empty() && allowed(Feature::kForeignKeys, 22)) {
    switch (random_->Below(3)) {
      case 0:
        out = MoveChildThenDeleteParent(t);
        break;
      case 1:
        out = InsertChildThenDeleteParent(t);
        break;
      default:
        out = ChangeParent(t);
    }
  }
  if (out.empty() && allowed(Feature::kReplace, 10)) out = Replace(t);
  if (out.empty() && allowed(Feature::kIgnore, 8)) out = InsertIgnore(t);
  if (out.empty() && allowed(Feature::kUpsert, 10)) out = Upsert(t);
  if (out.empty() && allowed(Feature::kInsertSelect, 8)) out = InsertSelect(t);
  if (out.empty() && allowed(Feature::kMultiTable, 8)) out = MultiTable(t);
  if (out.empty() && allowed(Feature::kLoadData, 8)) out = LoadData(t);
  if (out.empty() && allowed(Feature::kTemporaryTables, 8)) out = Temporary(t);
  if (out.empty() && allowed(Feature::kBulk, 10)) out = Bulk(t);
  if (out.empty() && allowed(Feature::kBlocks, 12)) out = Block();
  if (out.empty() && random_->Chance(12)) out = CallOrSequence();
  if (out.empty() && allowed(Feature::kUniqueKeys, 20)) out = ChangeUnique(t);
  if (out.empty()) {
    const int choice = random_->Below(100);
    out = choice < 35   ? Insert(t, random_->Chance(60) ? 1 : random_->Between(2, 4))
            : choice < 75 ? Update(t)
                        : Delete(t);
  }
  return out.empty() ? Update(t) : out;
}

std::string DmlGenerator::Target(size_t t) {
  for (size_t i = 0; i < schema_->views.size(); ++i) {
    if (schema_->view_tables[i] == t && random_->Chance(25)) return Note("view"), schema_->views[i];
  }
  return table(t).Quoted();
}

std::optional<Row> DmlGenerator::SomeRow(size_t t) {
  const auto& rows = tracker_->rows(t);
  if (rows.empty()) return std::nullopt;
  return random_->Pick(rows);
}

std::optional<Row> DmlGenerator::NewRow(size_t t, int key) {
  if (key == kNull) return std::nullopt;
  Row row;
  row.key = key;
  for (size_t u = 0; u < table(t).uniques.size(); ++u) {
    const bool nullable = table(t).columns[table(t).uniques[u].columns[0]].nullable;
    row.uniques.push_back(nullable && random_->Chance(15) ? kNull : tracker_->FreeUnique(t, u, random_));
    if (row.uniques.back() == kNull && !nullable) return std::nullopt;
  }
  for (const ForeignKey& f : table(t).foreign_keys) {
    const bool nullable = table(t).columns[f.columns[0]].nullable;
    const auto parent = SomeRow(f.parent);
    const bool none = !parent.has_value() || (nullable && random_->Chance(15));
    if (none && !nullable) return std::nullopt;
    row.parents.push_back(none ? kNull : parent->key);
  }
  return row;
}

std::vector<size_t> DmlGenerator::Insertable(size_t t) {
  std::vector<size_t> places;
  for (size_t i = 0; i < table(t).columns.size(); ++i) {
    const Column& column = table(t).columns[i];
    const bool optional = column.nullable || column.attributes.find("DEFAULT") != std::string::npos;
    if (column.dropped || !column.generated.empty()) continue;
    if (column.IsPlain() && optional && random_->Chance(15)) continue;  // the default's turn
    places.push_back(i);
  }
  return places;
}

std::string DmlGenerator::InsertText(size_t t, const std::string& verb, const std::vector<Row>& rows) {
  const auto places = Insertable(t);
  std::string sql = verb + " INTO " + Target(t) + " (" + ColumnList(table(t), places) + ") VALUES ";
  for (const Row& row : rows) {
    const auto numbered = text_.Numbered(t, row);
    sql += &row == &rows[0] ? "(" : ", (";
    for (const size_t place : places) {
      const auto found = numbered.find(place);
      sql += found != numbered.end() ? found->second : text_.PlainLiteral(table(t).columns[place]);
      sql += place == places.back() ? ")" : ", ";
    }
  }
  return sql;
}

Statements DmlGenerator::Insert(size_t t, int count) {
  std::vector<Row> rows;
  for (int i = 0; i < count; ++i) {
    auto row = NewRow(t, tracker_->FreeKey(t, random_));
    if (!row.has_value()) break;
    tracker_->rows(t).push_back(*row);
    rows.push_back(*row);
  }
  if (rows.empty()) return {};
  const Column& first = table(t).columns[table(t).key[0]];
  if (first.auto_increment && random_->Chance(30)) return InsertGenerated(t, rows);
  Note(rows.size() > 1 ? "multi-row insert" : "insert");
  return {InsertText(t, "INSERT", rows)};
}

Statements DmlGenerator::InsertGenerated(size_t t, const std::vector<Row>& rows) {
  // With the server's number, beyond those that are known here: the rows are not followed.
  for (size_t i = 0; i < rows.size(); ++i) tracker_->rows(t).pop_back();
  const auto numbered = text_.Numbered(t, rows[0]);
  std::vector<size_t> places;
  std::string values;
  for (const size_t place : Insertable(t)) {
    if (place == table(t).key[0]) continue;
    const auto found = numbered.find(place);
    values += (values.empty() ? "" : ", ") +
              (found != numbered.end() ? found->second : text_.PlainLiteral(table(t).columns[place]));
    places.push_back(place);
  }
  Note("generated key");
  return {"INSERT INTO " + table(t).Quoted() + " (" + ColumnList(table(t), places) + ") VALUES (" + values +
          ")"};
}

std::string DmlGenerator::SetPlain(size_t t) {
  std::vector<const Column*> plain;
  for (const Column& column : table(t).columns) {
    if (column.IsPlain()) plain.push_back(&column);
  }
  if (plain.empty()) return "";
  std::string sql;
  for (int i = random_->Chance(60) ? 1 : 2; i > 0; --i) {
    const Column& column = *random_->Pick(plain);
    std::string value = text_.PlainLiteral(column);
    const std::string name = Quote(column.name);
    if (column.type.kind == Kind::kInt && random_->Chance(25)) value = "coalesce(" + name + ", 0) % 50 + 1";
    if (column.type.kind == Kind::kText && random_->Chance(25))
      value = "concat(left(coalesce(" + name + ", ''), 5), 'x')";
    sql += (sql.empty() ? "" : ", ") + name + " = " + value;
  }
  return sql;
}

std::string DmlGenerator::OrderByKey(size_t t, const std::string& direction) {
  std::string sql = " ORDER BY ";
  for (const size_t place : table(t).key) {
    sql += (place == table(t).key[0] ? "" : ", ") + Quote(table(t).columns[place].name) + direction;
  }
  return sql;
}

Statements DmlGenerator::Update(size_t t) {
  const std::string set = SetPlain(t);
  const auto row = SomeRow(t);
  if (set.empty() || !row.has_value()) return {};
  const std::string head = "UPDATE " + Target(t) + " SET " + set;
  Note("update");
  switch (random_->Below(6)) {
    case 0:
      Note("update order by limit");
      return {"UPDATE " + table(t).Quoted() + " SET " + set + OrderByKey(t, random_->Pick({"", " DESC"})) +
              " LIMIT " + std::to_string(random_->Between(1, 4))};
    case 1:
      return {head};
    case 2:
      return {head + " WHERE (" + text_.Predicate(t, *row) + ") OR (" + text_.Predicate(t, *SomeRow(t)) +
              ")"};
    default:
      return {head + " WHERE " + text_.Predicate(t, *row)};
  }
}

Statements DmlGenerator::RemoveRow(size_t t, const Row& row, const std::string& note) {
  if (act_ && !tracker_->CanRemove(t, row.key, false) && random_->Chance(90)) return {};
  const std::string where = text_.Predicate(t, row);
  if (tracker_->Remove(t, row.key, act_) > 0) Note("cascade");
  Note(note);
  return {"DELETE FROM " + Target(t) + " WHERE " + where};
}

Statements DmlGenerator::Delete(size_t t) {
  if (table(t).versioned && random_->Chance(15)) {
    Note("delete history");
    return {"DELETE HISTORY FROM " + table(t).Quoted()};
  }
  const auto row = SomeRow(t);
  if (!row.has_value()) return {};
  if (random_->Chance(70)) return RemoveRow(t, *row, "delete");
  std::string where;
  for (int i = random_->Between(2, 3); i > 0; --i) {
    const auto next = SomeRow(t);
    if (!next.has_value() || (act_ && !tracker_->CanRemove(t, next->key, false))) continue;
    where += (where.empty() ? "(" : " OR (") + text_.Predicate(t, *next) + ")";
    if (tracker_->Remove(t, next->key, act_) > 0) Note("cascade");
  }
  if (where.empty()) return {};
  Note("multi-row delete");
  std::string sql = "DELETE FROM " + table(t).Quoted() + " WHERE " + where;
  if (random_->Chance(40)) sql += OrderByKey(t, random_->Pick({"", " DESC"})) + " LIMIT 5";
  return {sql};
}

Statements DmlGenerator::ChangeKey(size_t t) {
  const auto row = SomeRow(t);
  const int to = tracker_->FreeKey(t, random_);
  if (!row.has_value() || to == kNull) return {};
  if (act_ && !tracker_->CanRemove(t, row->key, true) && random_->Chance(90)) return {};
  const std::string where = text_.Predicate(t, *row);
  Row changed = *row;
  changed.key = to;
  std::string set = text_.Assignments(t, table(t).key, text_.KeyLiterals(t, changed));
  const std::string also = random_->Chance(40) ? SetPlain(t) : "";
  if (!also.empty()) set += ", " + also;
  if (tracker_->ChangeKey(t, row->key, to, act_) > 0) Note("update cascade");
  Note("key change");
  return {"UPDATE " + Target(t) + " SET " + set + " WHERE " + where};
}

Statements DmlGenerator::RespellKey(size_t t) {
  const auto row = SomeRow(t);
  if (!row.has_value() || (act_ && !tracker_->CanRemove(t, row->key, true))) return {};
  bool any = false;
  for (const size_t place : table(t).key) any = any || table(t).columns[place].type.ignores_case;
  if (!any) return {};
  Note("key respelled");
  return {"UPDATE " + Target(t) + " SET " + text_.Assignments(t, table(t).key, text_.KeyLiterals(t, *row)) +
          " WHERE " + text_.Predicate(t, *row)};
}

Statements DmlGenerator::ChangeUnique(size_t t) {
  if (table(t).uniques.empty() || tracker_->rows(t).empty()) return {};
  const auto u = static_cast<size_t>(random_->Below(static_cast<int>(table(t).uniques.size())));
  Row& row =
      tracker_->rows(t)[static_cast<size_t>(random_->Below(static_cast<int>(tracker_->rows(t).size())))];
  const int to = tracker_->FreeUnique(t, u, random_);
  if (to == kNull || u >= row.uniques.size()) return {};
  row.uniques[u] = to;
  Note("unique change");
  return {"UPDATE " + Target(t) + " SET " +
          text_.Assignments(t, table(t).uniques[u].columns, text_.UniqueLiterals(t, u, to)) + " WHERE " +
          text_.Predicate(t, row)};
}

Statements DmlGenerator::ChangeParent(size_t t) {
  const Table& child = table(t);
  const size_t first = child.key_has_parent ? 1 : 0;  // the other is part of the key
  if (child.foreign_keys.size() <= first || tracker_->rows(t).empty()) return {};
  const auto f =
      first + static_cast<size_t>(random_->Below(static_cast<int>(child.foreign_keys.size() - first)));
  const auto parent = SomeRow(child.foreign_keys[f].parent);
  if (!parent.has_value()) return {};
  Row& row =
      tracker_->rows(t)[static_cast<size_t>(random_->Below(static_cast<int>(tracker_->rows(t).size())))];
  if (f >= row.parents.size()) return {};
  row.parents[f] = parent->key;
  Note("child moved");
  return {"UPDATE " + Target(t) + " SET " +
          text_.Assignments(t, child.foreign_keys[f].columns, text_.ForeignLiterals(t, f, parent->key)) +
          " WHERE " + text_.Predicate(t, row)};
}

}  // namespace srdf::differential
