// The statements with a meaning of their own: REPLACE, IGNORE, ON DUPLICATE KEY UPDATE, INSERT … SELECT,
// multi-table UPDATE and DELETE, LOAD DATA, CALL, sequences.
#include "differential/generator/dml_generator.h"
#include "differential/generator/schema_generator.h"

namespace srdf::differential {

Statements DmlGenerator::Replace(size_t t) {
  const auto old = SomeRow(t);
  if (!old.has_value() || table(t).shape == KeyShape::kNone) return {};
  if (act_ && !tracker_->CanRemove(t, old->key, false)) return {};
  auto row = random_->Chance(60) ? NewRow(t, old->key) : NewRow(t, tracker_->FreeKey(t, random_));
  if (!row.has_value()) return {};
  const bool clash = row->key != old->key && !old->uniques.empty() && old->uniques[0] != kNull;
  if (clash) row->uniques = old->uniques;  // another key, the same unique values: the old row goes
  if (table(t).key_has_parent && row->key == old->key) row->parents[0] = old->parents[0];
  // The text before the tracker: a parent that is the row itself is still there.
  const std::string sql = InsertText(t, "REPLACE", {*row});
  if (row->key == old->key || clash) {
    if (tracker_->Remove(t, old->key, act_) > 0) Note("cascade"), Note("replace cascade");
  }
  tracker_->rows(t).push_back(*row);
  Note("replace");
  return {sql};
}

Statements DmlGenerator::InsertIgnore(size_t t) {
  const auto old = SomeRow(t);
  const auto row = NewRow(t, tracker_->FreeKey(t, random_));
  if (!old.has_value() || !row.has_value()) return {};
  Note("insert ignore");
  const std::string sql = InsertText(t, "INSERT IGNORE", {*old, *row});
  tracker_->rows(t).push_back(*row);
  return {sql};
}

Statements DmlGenerator::Upsert(size_t t) {
  const auto old = SomeRow(t);
  const std::string set = SetPlain(t);
  if (!old.has_value() || set.empty()) return {};
  std::vector<Row> rows = {*old};
  if (random_->Chance(50)) {
    if (auto row = NewRow(t, tracker_->FreeKey(t, random_))) rows.push_back(*row);
  }
  const std::string sql = InsertText(t, "INSERT", rows) + " ON DUPLICATE KEY UPDATE " + set;
  if (rows.size() > 1) tracker_->rows(t).push_back(rows[1]);
  Note("upsert");
  return {sql};
}

Statements DmlGenerator::InsertSelect(size_t t) {
  const auto from = SomeRow(t);
  const auto row = NewRow(t, tracker_->FreeKey(t, random_));
  if (!from.has_value() || !row.has_value()) return {};
  const auto places = Insertable(t);
  const auto numbered = text_.Numbered(t, *row);
  std::string values;
  for (const size_t place : places) {
    const auto found = numbered.find(place);
    values += (values.empty() ? "" : ", ") +
              (found != numbered.end() ? found->second : Quote(table(t).columns[place].name));
  }
  const std::string sql = "INSERT INTO " + table(t).Quoted() + " (" + ColumnList(table(t), places) +
                          ") SELECT " + values + " FROM " + table(t).Quoted() + " WHERE " +
                          text_.Predicate(t, *from);
  tracker_->rows(t).push_back(*row);
  Note("insert select");
  return {sql};
}

Statements DmlGenerator::MultiTable(size_t t) {
  if (table(t).foreign_keys.empty()) return {};
  const ForeignKey& f = table(t).foreign_keys[0];
  if (f.parent == t || f.dropped || IsGone(f)) return {};
  for (const Row& child : tracker_->rows(t)) {
    if (child.parents.empty() || child.parents[0] == kNull) continue;
    const std::string parent_name = table(f.parent).Quoted(), child_name = table(t).Quoted();
    std::string join = parent_name + " JOIN " + child_name + " ON ";
    for (size_t i = 0; i < f.columns.size(); ++i) {
      join += (i == 0 ? "" : " AND ") + parent_name + "." +
              Quote(table(f.parent).columns[ReferredColumns(table(f.parent), f)[i]].name) + " = " +
              child_name + "." + Quote(table(t).columns[f.columns[i]].name);
    }
    const std::string where = " WHERE " + text_.Predicate(t, child, child_name + ".");
    if (random_->Chance(50)) {
      const int key = child.key;  // not a reference into what goes
      tracker_->Remove(t, key, act_);
      Note("multi-table delete");
      return {"DELETE " + child_name + " FROM " + join + where};
    }
    // One column of each side, so that two tables change.
    std::string set;
    for (const size_t side : {f.parent, t}) {
      for (const Column& column : table(side).columns) {
        if (!column.IsPlain()) continue;
        set += (set.empty() ? "" : ", ") + table(side).Quoted() + "." + Quote(column.name) + " = " +
               text_.PlainLiteral(column);
        break;
      }
    }
    if (set.empty()) return {};
    Note("multi-table update");
    return {"UPDATE " + join + " SET " + set + where};
  }
  return {};
}

Statements DmlGenerator::LoadData(size_t t) {
  const auto row = NewRow(t, tracker_->FreeKey(t, random_));
  if (!row.has_value()) return {};
  const auto numbered = text_.Numbered(t, *row);
  std::vector<size_t> places;
  std::string values;
  for (size_t place = 0; place < table(t).columns.size(); ++place) {
    const Column& column = table(t).columns[place];
    if (column.dropped || !column.generated.empty()) continue;
    const Kind kind = column.type.kind;
    // A file holds text: what has no faithful text is left out, or rules the table out.
    const bool text = kind == Kind::kInt || kind == Kind::kText || kind == Kind::kDecimal ||
                      kind == Kind::kDate || kind == Kind::kDatetime || kind == Kind::kTime ||
                      kind == Kind::kEnum || kind == Kind::kUuid || kind == Kind::kInet6;
    if (!text && column.nullable && column.IsPlain()) continue;
    if (!text) return {};
    const auto found = numbered.find(place);
    values +=
        (values.empty() ? "" : ", ") + (found != numbered.end() ? found->second : text_.PlainLiteral(column));
    places.push_back(place);
  }
  // In the data directory, whatever the default database is.
  const std::string file =
      "'./" + file_prefix_ + "_" + std::to_string(++files_) + ".txt' CHARACTER SET utf8mb4";
  tracker_->rows(t).push_back(*row);
  Note("load data");
  return {"SELECT " + values + " INTO OUTFILE " + file,
          "LOAD DATA INFILE " + file.substr(0, file.find(" CHARACTER")) + " INTO TABLE " + table(t).Quoted() +
              " CHARACTER SET utf8mb4 (" + ColumnList(table(t), places) + ")"};
}

Statements DmlGenerator::CallOrSequence() {
  if (!schema_->procedures.empty() && random_->Chance(60)) {
    Note("call");
    return {"CALL " + random_->Pick(schema_->procedures) + "(" + std::to_string(random_->Between(1, 20)) +
            ")"};
  }
  if (schema_->sequences.empty()) return {};
  Note("sequence");
  const std::string& name = random_->Pick(schema_->sequences);
  if (random_->Chance(60)) return {"DO NEXT VALUE FOR " + name};
  return {"SELECT SETVAL(" + name + ", " + std::to_string(random_->Between(10, 5000)) + ")"};
}

Statements DmlGenerator::Temporary(size_t t) {
  const auto row = NewRow(t, tracker_->FreeKey(t, random_));
  if (!row.has_value()) return {};
  const std::string set = SetPlain(t);
  if (set.empty()) return {};
  const std::string name = Quote(table(t).database) + "." + Quote("tmp" + std::to_string(++files_));
  Note("temporary table");
  Statements out = {
      "CREATE TEMPORARY TABLE " + name + " AS SELECT * FROM " + table(t).Quoted() + " LIMIT 3",
      "UPDATE " + table(t).Quoted() + " SET " + set + " WHERE EXISTS (SELECT 1 FROM " + name + ")",
      "DELETE FROM " + name + " LIMIT 1"};
  if (random_->Chance(60)) out.push_back("DROP TEMPORARY TABLE " + name);
  return out;
}

Statements DmlGenerator::Bulk(size_t t) {
  // Rows beyond the numbered ones: made, changed, moved and removed all at once.
  const Table& own = table(t);
  const std::string set = SetPlain(t);
  if (own.key.size() != 1 || !own.columns[own.key[0]].type.plain || !own.uniques.empty() || set.empty())
    return {};
  const std::string key = Quote(own.columns[own.key[0]].name);
  std::vector<size_t> places = {own.key[0]};
  std::string values = "1000 + seq";
  for (size_t place = 0; place < own.columns.size(); ++place) {
    const Column& column = own.columns[place];
    const bool needed = !column.nullable && column.attributes.find("DEFAULT") == std::string::npos;
    if (!column.IsPlain() || !needed) continue;
    places.push_back(place);
    values += ", " + text_.PlainLiteral(column);
  }
  Note("bulk");
  const std::string head = own.Quoted();
  Statements out = {"INSERT IGNORE INTO " + head + " (" + ColumnList(own, places) + ") SELECT " + values +
                    " FROM " + Quote(own.database) + ".seq_1_to_" +
                    std::to_string(random_->Between(50, 700))};
  if (random_->Chance(60)) out.push_back("UPDATE " + head + " SET " + set + " WHERE " + key + " > 1000");
  if (random_->Chance(40)) {
    out.push_back("UPDATE " + head + " SET " + key + " = " + key + " + 3 WHERE " + key + " > 1000 ORDER BY " +
                  key + " DESC");
  }
  if (random_->Chance(70))
    out.push_back("DELETE FROM " + head + " WHERE " + key + " > " + random_->Pick({"1000", "1200"}));
  return out;
}

Statements DmlGenerator::Block() {
  const auto t = static_cast<size_t>(random_->Below(static_cast<int>(schema_->tables.size())));
  Statements inner = random_->Chance(50) ? Update(t) : Insert(t, 2);
  if (inner.empty()) return {};
  switch (random_->Below(3)) {
    case 0: {
      Append(&inner, Delete(t));
      std::string body;
      for (const auto& sql : inner) body += sql + "; ";
      Note("anonymous block");
      return {"BEGIN NOT ATOMIC " + body + "END"};
    }
    case 1: {
      std::string quoted;
      for (const char c : inner[0]) quoted += c == '\'' ? "''" : c == '\\' ? "\\\\" : std::string(1, c);
      Note("execute immediate");
      return {"EXECUTE IMMEDIATE '" + quoted + "'"};
    }
    default:
      if (inner[0].rfind("INSERT", 0) != 0) return inner;
      Note("returning");
      return {inner[0] + " RETURNING 1"};
  }
}

}  // namespace srdf::differential
