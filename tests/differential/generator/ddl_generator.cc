#include "differential/generator/ddl_generator.h"

#include "differential/generator/schema_objects.h"

namespace srdf::differential {

Statements DdlGenerator::Some() {
  const size_t t = SomeTable();
  Statements out;
  if (Has(Feature::kTruncate) && random_->Chance(20)) out = Truncate(t);
  if (out.empty() && Has(Feature::kRename) && random_->Chance(25)) out = Rename(t);
  if (out.empty() && !schema_->tables[t].partitions.empty() && random_->Chance(50)) out = Partition(t);
  if (!out.empty() || !Has(Feature::kDdl)) return out;
  if (schema_->tables[t].versioned && random_->Chance(50)) return Versioning(t);
  if (Has(Feature::kUnrepeatableDdl) && random_->Chance(20)) return Unrepeatable(t);
  switch (random_->Below(21)) {
    case 0:
    case 1:
      return AddColumn(t);
    case 2:
      return DropColumn(t);
    case 3:
      return RenameColumn(t);
    case 4:
    case 5:
      return ModifyColumn(t);
    case 6:
      return Index(t);
    case 7:
      return ForeignKeys(t);
    case 8:
      return TableOptions(t);
    case 9:
      return CreateAndDrop(t);
    case 10:
      return CreateSelect(t);
    case 11:
      return Keys(t);
    case 12:
      return Convert(t);
    case 13:
      return Versioning(t);
    case 14:
      return SwapTables(t);
    case 15:
      return ReplaceTable(t);
    case 16:
    case 17:
      return Several(t);
    case 18:
      return Sequences();
    default:
      return Objects(t);
  }
}

size_t DdlGenerator::SomeTable() {
  return static_cast<size_t>(random_->Below(static_cast<int>(schema_->tables.size())));
}

Column* DdlGenerator::SomePlain(size_t t) {
  std::vector<Column*> plain;
  for (Column& column : schema_->tables[t].columns) {
    if (column.IsPlain()) plain.push_back(&column);
  }
  return plain.empty() ? nullptr : random_->Pick(plain);
}

bool DdlGenerator::IsReferred(size_t t) const {
  for (const Table& table : schema_->tables) {
    for (const ForeignKey& f : table.foreign_keys) {
      if (f.parent == t && !f.dropped) return true;
    }
  }
  return false;
}

void DdlGenerator::ForgetViews(size_t t) {
  for (size_t i = schema_->views.size(); i-- > 0;) {
    if (schema_->view_tables[i] != t) continue;
    schema_->views.erase(schema_->views.begin() + static_cast<long>(i));
    schema_->view_tables.erase(schema_->view_tables.begin() + static_cast<long>(i));
  }
}

Statements DdlGenerator::AddColumn(size_t t) {
  Table& table = schema_->tables[t];
  Column column = tables_.MakePlainColumn("a" + std::to_string(++made_));
  std::string sql = "ALTER TABLE " + table.Quoted() + " ADD COLUMN " + Quote(column.name) + " " +
                    column.type.sql + " " + column.attributes;
  if (random_->Chance(30))
    sql += random_->Chance(50) ? " FIRST" : " AFTER " + Quote(table.columns[table.key[0]].name);
  if (random_->Chance(20)) sql += random_->Pick({", ALGORITHM=INPLACE", ", ALGORITHM=COPY", ", LOCK=SHARED"});
  table.columns.push_back(std::move(column));
  Note("add column");
  return {sql};
}

Statements DdlGenerator::DropColumn(size_t t) {
  Table& table = schema_->tables[t];
  int plain = 0;
  bool generated = false;
  for (const Column& c : table.columns) {
    plain += c.IsPlain() ? 1 : 0;
    generated = generated || (!c.generated.empty() && !c.dropped);
  }
  if (plain < 2 || generated || Has(Feature::kTriggers) || Has(Feature::kRoutines)) return {};
  Column* column = SomePlain(t);
  column->dropped = true;
  ForgetViews(t);
  Note("drop column");
  return {"ALTER TABLE " + table.Quoted() + " DROP COLUMN " + Quote(column->name)};
}

Statements DdlGenerator::RenameColumn(size_t t) {
  Column* column = SomePlain(t);
  if (column == nullptr || Has(Feature::kTriggers) || Has(Feature::kRoutines) ||
      column->attributes.find("CHECK") != std::string::npos) {
    return {};
  }
  const std::string old = column->name;
  column->name = "r" + std::to_string(++made_);
  ForgetViews(t);
  Note("rename column");
  return {"ALTER TABLE " + schema_->tables[t].Quoted() + " RENAME COLUMN " + Quote(old) + " TO " +
          Quote(column->name)};
}

Statements DdlGenerator::ModifyColumn(size_t t) {
  Column* column = SomePlain(t);
  if (column == nullptr) return {};
  ColumnType& type = column->type;
  std::string sql;
  if (type.kind == Kind::kInt) {
    type.size = 8;
    type.sql = type.is_unsigned ? "bigint unsigned" : "bigint";
  } else if (type.kind == Kind::kText && !type.large) {
    type.size += 30;
    const bool latin = type.charset == "latin1" || type.charset == "ascii";
    if (latin && random_->Chance(50)) type.charset = "utf8mb4";
    type.sql = "varchar(" + std::to_string(type.size) + ") character set " + type.charset;
  } else if (type.kind == Kind::kEnum) {
    type.members.push_back("n" + std::to_string(++made_));
    type.sql = "enum(";
    for (const auto& member : type.members)
      type.sql += (&member == &type.members[0] ? "'" : ",'") + member + "'";
    type.sql += ")";
  } else if (type.kind == Kind::kDatetime || type.kind == Kind::kTime) {
    if (type.scale == 6 || !column->nullable || column->attributes.find("DEFAULT") != std::string::npos)
      return {};
    type.scale = 6;
    type.sql = (type.kind == Kind::kTime ? "time(6)" : "datetime(6)");
  } else {
    return {};
  }
  column->attributes = column->nullable ? "NULL" : "NOT NULL";
  Note("modify column");
  return {"ALTER TABLE " + schema_->tables[t].Quoted() + " MODIFY COLUMN " + Quote(column->name) + " " +
          type.sql + " " + column->attributes + random_->Pick({"", ", ALGORITHM=COPY"})};
}

Statements DdlGenerator::Index(size_t t) {
  Table& table = schema_->tables[t];
  Note("index");
  if (!table.uniques.empty() && random_->Chance(30)) {
    // Its columns stay what they are: the values are still meant to be different.
    const std::string name = table.uniques.back().name;
    return {"ALTER TABLE " + table.Quoted() + " DROP INDEX " + Quote(name),
            "CREATE UNIQUE INDEX " + Quote(name) + " ON " + table.Quoted() + " (" +
                UniqueColumns(table, table.uniques.back()) + ")"};
  }
  const Column* column = SomePlain(t);
  if (column == nullptr || column->type.kind == Kind::kGeometry) return {};
  const std::string name = "i" + std::to_string(++made_);
  const bool long_value = column->type.large || column->type.kind == Kind::kJson || column->type.size > 150;
  const bool compressed = column->type.sql.find("compressed") != std::string::npos;
  if (compressed) return {};
  Statements out = {"CREATE INDEX " + Quote(name) + " ON " + table.Quoted() + " (" + Quote(column->name) +
                    (long_value && (column->type.kind == Kind::kText || column->type.kind == Kind::kBytes ||
                                    column->type.kind == Kind::kJson)
                         ? "(5))"
                         : ")")};
  if (random_->Chance(40)) out.push_back("DROP INDEX " + Quote(name) + " ON " + table.Quoted());
  return out;
}

Statements DdlGenerator::ForeignKeys(size_t t) {
  Table& table = schema_->tables[t];
  if (table.foreign_keys.empty()) return {};
  ForeignKey& f = table.foreign_keys.back();
  Note("alter foreign key");
  if (!f.dropped) {
    f.dropped = true;
    return {"ALTER TABLE " + table.Quoted() + " DROP FOREIGN KEY " + Quote(f.name)};
  }
  f.dropped = false;
  f.on_delete = table.columns[f.columns[0]].nullable ? random_->Pick({"CASCADE", "SET NULL"}) : "CASCADE";
  const Table& parent = schema_->tables[f.parent];
  if (f.parent_unique >= static_cast<int>(parent.uniques.size())) return {};
  return {"ALTER TABLE " + table.Quoted() + " ADD CONSTRAINT " + Quote(f.name) + " FOREIGN KEY (" +
          ColumnList(table, f.columns) + ") REFERENCES " + parent.Quoted() + " (" +
          ColumnList(parent, ReferredColumns(parent, f)) + ") ON DELETE " + f.on_delete + " ON UPDATE " +
          f.on_update};
}

Statements DdlGenerator::TableOptions(size_t t) {
  const std::string table = schema_->tables[t].Quoted();
  Note("table options");
  switch (random_->Below(6)) {
    case 0:
      return {"ALTER TABLE " + table + " COMMENT 'note " + std::to_string(++made_) + "'"};
    case 1:
      return {"ALTER TABLE " + table + " FORCE"};
    case 2:
      return {"ALTER TABLE " + table + " ROW_FORMAT=" + random_->Pick({"DYNAMIC", "COMPACT", "REDUNDANT"})};
    case 3:
      return {"ALTER TABLE " + table + " DEFAULT CHARACTER SET " +
              random_->Pick({"latin1", "utf8mb3", "utf8mb4"})};
    case 4:
      return {"ALTER TABLE " + table + " AUTO_INCREMENT = " + std::to_string(random_->Between(100, 900))};
    default:
      return {"ANALYZE TABLE " + table};
  }
}

Statements DdlGenerator::Truncate(size_t t) {
  if (schema_->tables[t].versioned) return {};
  Note("truncate");
  const std::string sql = "TRUNCATE TABLE " + schema_->tables[t].Quoted();
  if (IsReferred(t)) {
    if (!Has(Feature::kChecksOff)) return {};
    tracker_->Clear(t);
    return {"SET STATEMENT foreign_key_checks=0 FOR " + sql};
  }
  tracker_->Clear(t);
  return {sql};
}

Statements DdlGenerator::Rename(size_t t) {
  Table& table = schema_->tables[t];
  if (Has(Feature::kTriggers) || Has(Feature::kRoutines)) return {};
  const std::string old = table.Quoted();
  ForgetViews(t);
  table.name = "n" + std::to_string(++made_);
  const bool move = schema_->databases.size() > 1 && random_->Chance(30);
  if (move) table.database = random_->Pick(schema_->databases);
  Note("rename table");
  if (random_->Chance(30)) return {"ALTER TABLE " + old + " RENAME TO " + table.Quoted()};
  // Through a third name and on: a swap's way.
  const std::string through = Quote(schema_->databases[0]) + ".`through`";
  if (random_->Chance(50)) return {"RENAME TABLE " + old + " TO " + table.Quoted()};
  return {"RENAME TABLE " + old + " TO " + through + ", " + through + " TO " + table.Quoted()};
}

Statements DdlGenerator::Partition(size_t t) {
  Table& table = schema_->tables[t];
  Note("partition");
  const std::string head = "ALTER TABLE " + table.Quoted();
  const std::string& partition = random_->Pick(table.partition_names);
  switch (random_->Below(4)) {
    case 0:
      return {head + " TRUNCATE PARTITION " + partition};
    case 1: {
      const std::string other = Quote(table.database) + ".`ex" + std::to_string(++made_) + "`";
      return {"CREATE TABLE " + other + " LIKE " + table.Quoted(),
              "ALTER TABLE " + other + " REMOVE PARTITIONING",
              head + " EXCHANGE PARTITION " + partition + " WITH TABLE " + other};
    }
    case 2:
      if (table.partitions == "key")
        return {head + " COALESCE PARTITION 1", head + " ADD PARTITION PARTITIONS 1"};
      return {head + " REBUILD PARTITION " + partition};
    default:
      if (table.partitions != "range" || table.partition_names.size() != 3)
        return {head + " OPTIMIZE PARTITION " + partition};
      table.partition_names.push_back("d");
      return {head +
              " REORGANIZE PARTITION c INTO (PARTITION c VALUES LESS THAN (20), PARTITION d VALUES LESS THAN "
              "MAXVALUE)"};
  }
}

Statements DdlGenerator::CreateAndDrop(size_t t) {
  const Table& like = schema_->tables[t];
  const std::string name = Quote(random_->Pick(schema_->databases)) + ".`l" + std::to_string(++made_) + "`";
  Note("create like");
  Statements out = {"CREATE TABLE " + name + " LIKE " + like.Quoted()};
  if (!like.versioned && random_->Chance(60)) {
    // Only what can be written: generated columns cannot.
    std::vector<size_t> places;
    for (size_t i = 0; i < like.columns.size(); ++i) {
      if (!like.columns[i].dropped && like.columns[i].generated.empty()) places.push_back(i);
    }
    const std::string list = ColumnList(like, places);
    out.push_back("INSERT INTO " + name + " (" + list + ") SELECT " + list + " FROM " + like.Quoted());
  }
  if (random_->Chance(50))
    out.push_back("DROP TABLE " + std::string(random_->Chance(50) ? "IF EXISTS " : "") + name);
  return out;
}

Statements DdlGenerator::CreateSelect(size_t t) {
  const Table& from = schema_->tables[t];
  const std::string name = Quote(random_->Pick(schema_->databases)) + ".`s" + std::to_string(++made_) + "`";
  Note("create select");
  const std::string verb =
      random_->Pick({"CREATE TABLE ", "CREATE OR REPLACE TABLE ", "CREATE TABLE IF NOT EXISTS "});
  Statements out = {verb + name + " AS SELECT * FROM " + from.Quoted()};
  if (random_->Chance(50)) out.push_back("DELETE FROM " + name + " LIMIT 2");
  if (random_->Chance(40)) out.push_back("DROP TABLE " + name);
  return out;
}

Statements DdlGenerator::Objects(size_t t) {
  const Table& table = schema_->tables[t];
  const std::string number = std::to_string(++made_);
  const std::string name = Quote(table.database) + "." + Quote("o" + number);
  Note("objects");
  switch (random_->Below(7)) {
    case 3:
      return {"USE " + Quote(table.database),
              "CREATE TABLE plain" + number + " (a INT PRIMARY KEY, b VARCHAR(9) DEFAULT 'x')",
              "INSERT INTO plain" + number + " VALUES (1, 'y'), (2, DEFAULT)",
              "CREATE INDEX i ON plain" + number + " (b)"};
    case 4:
      return {"SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'",
              "CREATE TABLE " + name +
                  " (\"a b\" INT PRIMARY KEY, b VARCHAR(30) DEFAULT 'back\\', c VARCHAR(30) AS ('x' || b))",
              "INSERT INTO " + name + " (\"a b\", b) VALUES (1, 'q\\'), (2, DEFAULT)",
              "SET SESSION sql_mode = DEFAULT"};
    case 5:
      // The same bytes are two characters for this session.
      return {"SET NAMES latin1",
              "CREATE TABLE " + name +
                  " (a INT PRIMARY KEY, b VARCHAR(30) DEFAULT '\xC3\xA9' COMMENT '\xC3\xBC')",
              "INSERT INTO " + name + " VALUES (1, DEFAULT), (2, '\xC3\xA9')", "SET NAMES utf8mb4"};
    case 0:
      return {ViewStatement(random_, table, name), "DROP VIEW " + name};
    case 1:
      return {"CREATE FUNCTION " + name + " (a INT) RETURNS INT DETERMINISTIC RETURN a + " + number};
    case 2: {
      if (schema_->log_table.empty()) return {};
      const std::string sql = TriggerStatement(random_, *schema_, table, "o" + number);
      if (sql.empty()) return {};
      if (random_->Chance(50)) return {sql};
      return {sql, "DROP TRIGGER " + name};
    }
    default:
      return {"CREATE DATABASE `extra" + number + "` CHARACTER SET latin1",
              "CREATE TABLE `extra" + number + "`.t (a INT PRIMARY KEY, b VARCHAR(9))",
              "INSERT INTO `extra" + number + "`.t VALUES (1, 'x'), (2, NULL)",
              random_->Chance(50) ? "DROP DATABASE `extra" + number + "`"
                                  : "ALTER DATABASE `extra" + number + "` CHARACTER SET utf8mb4"};
  }
}

}  // namespace srdf::differential
