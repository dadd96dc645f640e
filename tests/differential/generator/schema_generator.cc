#include "differential/generator/schema_generator.h"

#include "differential/generator/schema_objects.h"
#include "differential/generator/value_generator.h"

namespace srdf::differential {

std::string ColumnList(const Table& table, const std::vector<size_t>& places) {
  std::string out;
  for (const size_t place : places) out += (out.empty() ? "" : ", ") + Quote(table.columns[place].name);
  return out;
}

const std::vector<size_t>& ReferredColumns(const Table& parent, const ForeignKey& f) {
  return f.parent_unique < 0 ? parent.key : parent.uniques[static_cast<size_t>(f.parent_unique)].columns;
}

std::string UniqueColumns(const Table& table, const UniqueKey& unique) {
  std::string out;
  for (const size_t place : unique.columns) {
    out += (out.empty() ? "" : ", ") + Quote(table.columns[place].name);
    if (place == unique.columns[0]) out += unique.prefix;
  }
  for (const size_t place : unique.also) out += ", " + Quote(table.columns[place].name);
  return out;
}

Schema SchemaGenerator::Make(std::vector<std::string>* statements) {
  Schema schema;
  const int databases = Has(Feature::kSeveralDatabases) ? random_->Between(2, 3) : 1;
  for (int i = 0; i < databases; ++i) {
    std::string name = "diff" + std::to_string(i);
    if (Has(Feature::kOddNames) && i > 0) name += random_->Pick({" x", "`q", "-\xC3\xA9", "$"});
    statements->push_back("CREATE DATABASE " + Quote(name) + " CHARACTER SET " +
                          random_->Pick({"utf8mb4", "latin1", "utf8mb3", "utf8mb4 COLLATE utf8mb4_bin"}));
    schema.databases.push_back(name);
  }
  const int tables = random_->Chance(30) ? 1 : random_->Between(2, 6);
  for (int i = 0; i < tables; ++i) {
    std::string name = "t" + std::to_string(i);
    if (Has(Feature::kOddNames) && random_->Chance(50))
      name += random_->Pick({" x", "`", "\xC3\xA9", "select"});
    schema.tables.push_back(MakeTable(schema, random_->Pick(schema.databases), name, schema.tables.size()));
    statements->push_back(CreateStatement(schema, schema.tables.back()));
  }
  AddSchemaObjects(random_, *features_, &schema, statements);
  return schema;
}

std::string SchemaGenerator::ColumnName(const std::string& plain) {
  if (!Has(Feature::kOddNames) || random_->Chance(60)) return plain;
  return plain + random_->Pick({" a", "`", "\xC3\xBC", "-", "Key"});
}

size_t SchemaGenerator::AddNumbered(const std::string& name, const ColumnType& type, bool nullable,
                                    Table* table) {
  Column column;
  column.name = name;
  column.type = type;
  column.nullable = nullable;
  column.in_key = true;
  column.attributes = nullable ? "NULL" : "NOT NULL";
  table->columns.push_back(column);
  return table->columns.size() - 1;
}

void SchemaGenerator::AddKey(Table* table) {
  const int columns = table->key_has_parent || !Has(Feature::kCompositeKeys) ? 1
                      : random_->Chance(60)                                  ? random_->Between(2, 3)
                                                                             : 1;
  for (int i = 0; i < columns; ++i) {
    const ColumnType type = table->partitions == "range" || table->partitions == "list"
                                ? PlainInt()
                                : SomeKeyType(random_, *features_);
    const bool keyless = table->shape == KeyShape::kNone;
    table->key.push_back(AddNumbered(ColumnName("k" + std::to_string(i)), type, keyless, table));
  }
  Column& first = table->columns[table->key[0]];
  const bool bytes = first.type.kind == Kind::kText || first.type.kind == Kind::kBytes;
  if (columns == 1 && !table->key_has_parent && bytes && first.type.size >= 8 && table->partitions.empty() &&
      Has(Feature::kPrefixKeys) && random_->Chance(60)) {
    table->key_prefix = "(6)";  // the numbered values differ in their first characters
  }
  if (columns == 1 && !table->key_has_parent && table->shape == KeyShape::kPrimary && first.type.plain &&
      Has(Feature::kAutoIncrement) && random_->Chance(60)) {
    first.auto_increment = true;
    first.attributes += " AUTO_INCREMENT";
  }
}

void SchemaGenerator::AddForeignKey(const Schema& schema, size_t place, size_t parent, bool in_key,
                                    Table* table) {
  const bool self = parent == place;
  const Table& to = self ? *table : schema.tables[parent];
  ForeignKey key;
  key.parent = parent;
  // Names of foreign keys are unique within a database.
  key.name = "f" + std::to_string(place) + "_" + std::to_string(table->foreign_keys.size());
  const bool nullable = !in_key && random_->Chance(75);
  if (!in_key && !self && !to.uniques.empty() && random_->Chance(40)) {
    const int u = random_->Below(static_cast<int>(to.uniques.size()));
    const UniqueKey& unique = to.uniques[static_cast<size_t>(u)];
    const bool whole =
        unique.prefix.empty() && unique.also.empty() && !to.columns[unique.columns[0]].type.large;
    if (whole) key.parent_unique = u;
  }
  const std::vector<size_t> parent_key =
      ReferredColumns(to, key);  // a copy: with self the columns are about to grow
  for (size_t i = 0; i < parent_key.size(); ++i) {
    const ColumnType type = to.columns[parent_key[i]].type;
    const std::string name = "p" + std::to_string(table->foreign_keys.size()) + "_" + std::to_string(i);
    key.columns.push_back(AddNumbered(name, type, nullable, table));
  }
  const auto action = [&]() -> std::string {
    if (Has(Feature::kCascade) && random_->Chance(65)) return "CASCADE";
    if (nullable && Has(Feature::kSetNull) && random_->Chance(65)) return "SET NULL";
    if (Has(Feature::kRestrict) && random_->Chance(60)) return random_->Pick({"RESTRICT", "NO ACTION"});
    return Has(Feature::kCascade) ? "CASCADE" : nullable && Has(Feature::kSetNull) ? "SET NULL" : "RESTRICT";
  };
  key.on_delete = action();
  key.on_update = self ? "NO ACTION" : action();  // the server refuses other updates of its own key
  if (in_key) {
    table->key = key.columns;
    table->key_has_parent = true;
  }
  table->foreign_keys.push_back(std::move(key));
}

void SchemaGenerator::AddForeignKeys(const Schema& schema, size_t place, Table* table) {
  std::vector<size_t> parents;
  for (size_t i = 0; i < place; ++i) {
    const Table& t = schema.tables[i];
    if (t.shape != KeyShape::kNone && t.partitions.empty() && t.engine == "InnoDB" && t.key_prefix.empty() &&
        t.key.size() <= 4)
      parents.push_back(i);
  }
  if (parents.empty()) return;
  for (int i = random_->Chance(75) ? random_->Between(1, 2) : 0; i > 0; --i) {
    const bool in_key = table->foreign_keys.empty() && table->shape != KeyShape::kNone &&
                        Has(Feature::kKeyIsForeignKey) && random_->Chance(50);
    AddForeignKey(schema, place, random_->Pick(parents), in_key, table);
  }
}

void SchemaGenerator::AddUniqueKeys(Table* table) {
  for (int i = random_->Chance(80) ? random_->Between(1, 2) : 0; i > 0; --i) {
    UniqueKey unique;
    const std::string number = std::to_string(table->uniques.size());
    unique.name = "u" + number;
    const bool nullable = random_->Chance(50);
    for (int c = random_->Chance(25) ? 2 : 1; c > 0; --c) {
      const ColumnType type = random_->Chance(50) ? PlainInt() : SomeKeyType(random_, *features_);
      unique.columns.push_back(
          AddNumbered(ColumnName("u" + number + "_" + std::to_string(c)), type, nullable, table));
    }
    const ColumnType& type = table->columns[unique.columns[0]].type;
    if (Has(Feature::kOddUniqueKeys) && unique.columns.size() == 1 && random_->Chance(60)) {
      const bool bytes = type.kind == Kind::kText || type.kind == Kind::kBytes;
      if (bytes && type.size >= 8 && random_->Chance(70)) {
        unique.prefix = "(6)";
      } else if (!table->key.empty() && random_->Chance(70)) {
        unique.also.push_back(table->key.back());
      }
    } else if (Has(Feature::kOddUniqueKeys) && unique.columns.size() == 1 && table->foreign_keys.empty() &&
               random_->Chance(60)) {
      table->columns[unique.columns[0]].type = HashedText(random_);  // without a prefix: kept by hash
    }
    table->uniques.push_back(std::move(unique));
  }
}

Column SchemaGenerator::MakePlainColumn(const std::string& name) {
  Column column;
  column.name = name;
  column.type = SomeColumnType(random_, *features_);
  column.nullable = random_->Chance(70);
  column.attributes = column.nullable ? "NULL" : "NOT NULL";
  const Kind kind = column.type.kind;
  const bool compressed = column.type.sql.find("compressed") != std::string::npos;
  if (Has(Feature::kDefaults) && random_->Chance(50) && kind != Kind::kGeometry && !compressed) {
    const bool moment = kind == Kind::kDatetime || kind == Kind::kTimestamp;
    const std::string scale = column.type.scale > 0 ? "(" + std::to_string(column.type.scale) + ")" : "";
    if (moment && random_->Chance(60)) {
      column.attributes += " DEFAULT current_timestamp" + scale;
      if (random_->Chance(60)) column.attributes += " ON UPDATE current_timestamp" + scale;
    } else if (kind == Kind::kInt && random_->Chance(50)) {
      column.attributes += " DEFAULT (1 + 2 * 3)";
    } else {
      column.attributes += " DEFAULT (" + SomeLiteral(column.type, random_) + ")";
    }
  } else if (column.nullable && random_->Chance(30)) {
    column.attributes += " DEFAULT NULL";
  }
  if (Has(Feature::kInvisible) && column.nullable && random_->Chance(40)) column.attributes += " INVISIBLE";
  if (Has(Feature::kVersioned) && random_->Chance(10)) column.attributes += " WITHOUT SYSTEM VERSIONING";
  if (Has(Feature::kChecks) && kind == Kind::kInt && random_->Chance(60)) {
    column.attributes += " CHECK (" + Quote(name) + " <> 77)";
  }
  return column;
}

void SchemaGenerator::AddGenerated(Table* table) {
  for (size_t i = 0, count = table->columns.size(); i < count && table->columns.size() < count + 3; ++i) {
    const Column& base = table->columns[i];
    const bool unique = base.in_key && base.type.plain && !base.auto_increment && table->partitions.empty() &&
                        Has(Feature::kUniqueOverGenerated) && table->uniques.size() > 0 &&
                        base.name[0] == 'u';
    // What depends on sql_mode (a CHAR may be padded when read) is refused.
    const bool padded = base.type.sql.rfind("char", 0) == 0;
    if (!(base.IsPlain() || unique) || padded || random_->Chance(40)) continue;
    Column column;
    column.name = ColumnName("g" + std::to_string(i));
    const std::string of = Quote(base.name);
    const bool number = base.type.kind == Kind::kInt;
    const bool varying = base.type.sql.rfind("varchar", 0) == 0;
    column.type.sql = varying ? "varchar(30) character set " + base.type.charset : "bigint";
    column.generated = unique    ? of + " + 1000"
                       : varying ? "left(" + of + ", 20)"
                       : number  ? "coalesce(" + of + " % 10, -1)"
                                 : "length(" + of + ")";
    column.attributes = "AS (" + column.generated + ") " +
                        (unique && !table->foreign_keys.empty() ? std::string("STORED")
                                                                : random_->Pick({"STORED", "VIRTUAL"}));
    if (unique) {
      column.attributes += " UNIQUE";
    } else if (Has(Feature::kInvisible) && random_->Chance(40)) {
      column.attributes += " INVISIBLE";
    }
    table->columns.push_back(std::move(column));
  }
}

void SchemaGenerator::AddPartitions(Table* table) {
  table->partitions = random_->Pick({"key", "range", "list"});
  if (table->partitions == "key") {
    table->partition_names = {"p0", "p1", "p2"};
  } else {
    table->partition_names = {"a", "b", "c"};
  }
}

Table SchemaGenerator::MakeTable(const Schema& schema, const std::string& database, const std::string& name,
                                 size_t place) {
  Table table;
  table.database = database;
  table.name = name;
  // Keys whose columns stand in the table in another order, and behind columns that are in no key.
  table.reversed = random_->Chance(30);
  if (Has(Feature::kKeyless) && random_->Chance(40)) table.shape = KeyShape::kNone;
  if (Has(Feature::kUniqueNotNullKeys) && random_->Chance(50)) table.shape = KeyShape::kUniqueNotNull;
  if (Has(Feature::kNontransactional) && random_->Chance(50))
    table.engine = random_->Pick({"MyISAM", "Aria"});
  if (Has(Feature::kPartitions) && random_->Chance(50)) AddPartitions(&table);
  if (Has(Feature::kVersioned) && table.partitions.empty() && random_->Chance(50)) table.versioned = true;
  const bool may_refer = table.partitions.empty() && table.engine == "InnoDB" && Has(Feature::kForeignKeys);
  if (may_refer) AddForeignKeys(schema, place, &table);
  AddKey(&table);
  if (may_refer && Has(Feature::kSelfReference) && table.shape != KeyShape::kNone && !table.key_has_parent &&
      table.key_prefix.empty() && random_->Chance(50)) {
    AddForeignKey(schema, place, place, false, &table);
  }
  if (Has(Feature::kUniqueKeys) && table.partitions.empty()) AddUniqueKeys(&table);
  const int plain = Has(Feature::kManyColumns) && random_->Chance(60) ? random_->Between(20, 70)
                    : Has(Feature::kWideTypes)                        ? random_->Between(1, 6)
                                                                      : random_->Between(1, 3);
  for (int i = plain, n = 0; n < i; ++n) {
    Column column = MakePlainColumn(ColumnName("c" + std::to_string(n)));
    if (plain > 10) {  // what many columns are about is their number; types would make rows too long
      column.type = PlainInt();
      column.nullable = random_->Chance(60);
      column.attributes = column.nullable ? "NULL" : "NOT NULL DEFAULT 3";
    }
    if (column.type.kind == Kind::kGeometry && !table.partitions.empty())
      column.type = PlainInt();  // refused
    table.columns.push_back(std::move(column));
  }
  if (Has(Feature::kGenerated)) AddGenerated(&table);
  return table;
}

std::string SchemaGenerator::CreateStatement(const Schema& schema, const Table& table) {
  std::string sql = "CREATE TABLE " + table.Quoted() + " (";
  std::string columns;
  for (const Column& column : table.columns) {
    const std::string text = Quote(column.name) + " " + column.type.sql + " " + column.attributes + ", ";
    columns = table.reversed ? text + columns : columns + text;
  }
  sql += columns;
  const std::string key = ColumnList(table, table.key) + table.key_prefix;
  if (table.shape == KeyShape::kPrimary) sql += "PRIMARY KEY (" + key + "), ";
  if (table.shape == KeyShape::kUniqueNotNull) sql += "UNIQUE KEY `un` (" + key + "), ";
  for (const UniqueKey& unique : table.uniques) {
    sql += "UNIQUE KEY " + Quote(unique.name) + " (" + UniqueColumns(table, unique) + "), ";
  }
  for (const ForeignKey& f : table.foreign_keys) {
    const Table& parent = f.parent < schema.tables.size() ? schema.tables[f.parent] : table;
    sql += "CONSTRAINT " + Quote(f.name) + " FOREIGN KEY (" + ColumnList(table, f.columns) + ") REFERENCES " +
           (&parent == &table ? table.Quoted() : parent.Quoted()) + " (" +
           ColumnList(parent, ReferredColumns(parent, f)) + ") ON DELETE " + f.on_delete + " ON UPDATE " +
           f.on_update + ", ";
  }
  sql.resize(sql.size() - 2);
  sql += ") ENGINE=" + table.engine;
  if (table.versioned) sql += " WITH SYSTEM VERSIONING";
  const std::string& first = table.columns[table.key[0]].name;
  if (table.partitions == "key") {
    sql += " PARTITION BY KEY (" + key + ") PARTITIONS 3";
  } else if (table.partitions == "range") {
    sql += " PARTITION BY RANGE (" + Quote(first) +
           ") (PARTITION a VALUES LESS THAN (5), PARTITION b VALUES LESS THAN (12), PARTITION c VALUES LESS "
           "THAN MAXVALUE)";
  } else if (table.partitions == "list") {
    sql += " PARTITION BY LIST (" + Quote(first) +
           " % 3) (PARTITION a VALUES IN (0, NULL), PARTITION b VALUES IN (1), PARTITION c VALUES IN (2))";
  }
  return sql;
}

}  // namespace srdf::differential
