// Definitions that change what a row is: its key, its history, its character sets, its place.
#include "differential/generator/ddl_generator.h"
#include "differential/generator/schema_objects.h"

namespace srdf::differential {

Statements DdlGenerator::Keys(size_t t) {
  Table& table = schema_->tables[t];
  if (IsReferred(t) || !table.partitions.empty() || table.columns[table.key[0]].auto_increment) return {};
  const std::string head = "ALTER TABLE " + table.Quoted();
  const std::string columns = "(" + ColumnList(table, table.key) + table.key_prefix + ")";
  Note("key definition");
  switch (table.shape) {
    case KeyShape::kPrimary:
      if (random_->Chance(50)) return {head + " DROP PRIMARY KEY, ADD PRIMARY KEY " + columns};
      table.shape = random_->Chance(50) ? KeyShape::kNone : KeyShape::kUniqueNotNull;
      return {head + " DROP PRIMARY KEY" +
              (table.shape == KeyShape::kNone ? "" : ", ADD UNIQUE KEY `un` " + columns)};
    case KeyShape::kUniqueNotNull:
      table.shape = KeyShape::kPrimary;
      return {head + " DROP INDEX `un`, ADD PRIMARY KEY " + columns};
    case KeyShape::kNone:
      break;
  }
  // Rows of a table without a key may be there twice: one that fails is no harm.
  return {head + " ADD INDEX `maybe" + std::to_string(++made_) + "` " + columns};
}

Statements DdlGenerator::Convert(size_t t) {
  Table& table = schema_->tables[t];
  for (const ForeignKey& f : table.foreign_keys) {
    for (const size_t place : f.columns) {
      if (table.columns[place].type.kind == Kind::kText) return {};
    }
  }
  if (IsReferred(t)) return {};
  // To what holds everything; keys that differed by case or accent still do.
  for (Column& column : table.columns) {
    if (column.type.kind == Kind::kText) column.type.charset = "utf8mb4", column.type.ignores_case = false;
  }
  Note("convert");
  return {"ALTER TABLE " + table.Quoted() + " CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"};
}

Statements DdlGenerator::Versioning(size_t t) {
  Table& table = schema_->tables[t];
  if (!table.partitions.empty()) return {};
  if (table.versioned) {
    if (random_->Chance(50)) {
      Note("delete history");
      return {"DELETE HISTORY FROM " + table.Quoted()};
    }
    table.versioned = false;
    Note("drop versioning");
    return {"ALTER TABLE " + table.Quoted() + " DROP SYSTEM VERSIONING"};
  }
  if (!Has(Feature::kVersioned)) return {};
  table.versioned = true;
  Note("add versioning");
  return {"ALTER TABLE " + table.Quoted() + " ADD SYSTEM VERSIONING"};
}

Statements DdlGenerator::SwapTables(size_t t) {
  const Table& table = schema_->tables[t];
  if (Has(Feature::kTriggers) || Has(Feature::kRoutines) || IsReferred(t) || !table.foreign_keys.empty())
    return {};
  // A copy takes the table's place, in one statement; the table goes on under another name, or not at all.
  const std::string copy = Quote(table.database) + ".`copy" + std::to_string(++made_) + "`";
  const std::string old = Quote(table.database) + ".`old" + std::to_string(made_) + "`";
  std::vector<size_t> places;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].dropped && table.columns[i].generated.empty()) places.push_back(i);
  }
  const std::string list = ColumnList(table, places);
  ForgetViews(t);
  Note("swap tables");
  Statements out = {"CREATE TABLE " + copy + " LIKE " + table.Quoted(),
                    "INSERT INTO " + copy + " (" + list + ") SELECT " + list + " FROM " + table.Quoted(),
                    "RENAME TABLE " + table.Quoted() + " TO " + old + ", " + copy + " TO " + table.Quoted()};
  if (random_->Chance(50)) out.push_back("DROP TABLE " + old);
  return out;
}

Statements DdlGenerator::ReplaceTable(size_t t) {
  Table& table = schema_->tables[t];
  if (Has(Feature::kTriggers) || Has(Feature::kRoutines) || IsReferred(t)) return {};
  // The same name, another table: rows of before and after look alike and are not.
  ForgetViews(t);
  tracker_->Clear(t);
  table = tables_.MakeTable(*schema_, table.database, table.name, t);
  for (ForeignKey& f : table.foreign_keys) f.name += "_" + std::to_string(++made_);
  Note("replace table");
  std::string sql = tables_.CreateStatement(*schema_, table);
  if (random_->Chance(50)) return {"DROP TABLE " + table.Quoted(), sql};
  return {"CREATE OR REPLACE" + sql.substr(std::string("CREATE").size())};
}

Statements DdlGenerator::Several(size_t t) {
  // Two changes of one table in one statement.
  Table& table = schema_->tables[t];
  Column a = tables_.MakePlainColumn("m" + std::to_string(++made_));
  Column b = tables_.MakePlainColumn("m" + std::to_string(++made_));
  const auto text = [](const Column& column) {
    return Quote(column.name) + " " + column.type.sql + " " + column.attributes;
  };
  const std::string sql = "ALTER TABLE " + table.Quoted() + " ADD COLUMN " + text(a) + ", ADD COLUMN " +
                          text(b) + random_->Pick({"", " FIRST", ", COMMENT 'two'", ", ALGORITHM=COPY"});
  table.columns.push_back(std::move(a));
  table.columns.push_back(std::move(b));
  Note("several changes");
  return {sql};
}

Statements DdlGenerator::Sequences() {
  if (schema_->sequences.empty()) return {};
  const std::string& name = random_->Pick(schema_->sequences);
  Note("alter sequence");
  return {"ALTER SEQUENCE " + name +
          random_->Pick({" RESTART 100", " INCREMENT BY 2", " NOCACHE", " RESTART"})};
}

Statements DdlGenerator::Unrepeatable(size_t t) {
  Table& table = schema_->tables[t];
  const std::string name = "x" + std::to_string(++made_);
  Note("unrepeatable");
  Column column;
  column.name = name;
  column.generated = "-";  // nothing is written into it
  table.columns.push_back(column);
  if (table.shape == KeyShape::kNone && random_->Chance(50)) {
    table.shape = KeyShape::kUniqueNotNull;
    return {"ALTER TABLE " + table.Quoted() + " ADD COLUMN " + Quote(name) + " BIGINT AUTO_INCREMENT UNIQUE"};
  }
  return {"ALTER TABLE " + table.Quoted() + " ADD COLUMN " + Quote(name) + " " +
          random_->Pick({"UUID DEFAULT (uuid())", "DOUBLE DEFAULT (rand())"})};
}

}  // namespace srdf::differential
