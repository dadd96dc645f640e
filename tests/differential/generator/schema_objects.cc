#include "differential/generator/schema_objects.h"

#include "differential/generator/value_generator.h"

namespace srdf::differential {

namespace {

const Column* SomePlain(Random* random, const Table& table) {
  std::vector<const Column*> plain;
  for (const Column& column : table.columns) {
    if (column.IsPlain()) plain.push_back(&column);
  }
  return plain.empty() ? nullptr : random->Pick(plain);
}

std::string LogInsert(const Schema& schema, const std::string& what) {
  return "INSERT INTO " + schema.log_table + " (what, n) VALUES (" + what + ", 1)";
}

void AddTriggers(Random* random, const Schema& schema, std::vector<std::string>* statements) {
  for (size_t i = 0; i < schema.tables.size(); ++i) {
    if (random->Chance(40)) continue;
    for (int n = random->Between(1, 3); n > 0; --n) {
      const std::string name = "tr" + std::to_string(i) + "_" + std::to_string(n);
      const std::string sql = TriggerStatement(random, schema, schema.tables[i], name);
      if (!sql.empty()) statements->push_back(sql);
    }
  }
}

}  // namespace

std::string TriggerStatement(Random* random, const Schema& schema, const Table& table,
                             const std::string& name) {
  const std::string head = "CREATE TRIGGER " + Quote(table.database) + "." + Quote(name) + " ";
  const std::string on = " ON " + table.Quoted() + " FOR EACH ROW ";
  const Column* plain = SomePlain(random, table);
  switch (random->Below(6)) {
    case 0:
      return head + "AFTER INSERT" + on + LogInsert(schema, "'" + name + " insert'");
    case 1:
      return head + "AFTER UPDATE" + on + "UPDATE " + schema.log_table + " SET n = n + 1 ORDER BY id LIMIT 2";
    case 2:
      return head + "AFTER DELETE" + on + "BEGIN DELETE FROM " + schema.log_table + " ORDER BY id LIMIT 1; " +
             LogInsert(schema, "'" + name + " delete'") + "; END";
    case 3:
      return head + "BEFORE DELETE" + on + LogInsert(schema, "'" + name + " before delete'");
    case 4:
      if (plain == nullptr) return "";
      return head + "BEFORE INSERT" + on + "SET NEW." + Quote(plain->name) + " = coalesce(NEW." +
             Quote(plain->name) + ", " + SomeLiteral(plain->type, random) + ")";
    default:
      if (plain == nullptr) return "";
      return head + "BEFORE UPDATE" + on + "IF NEW." + Quote(plain->name) + " IS NULL THEN SET NEW." +
             Quote(plain->name) + " = " + SomeLiteral(plain->type, random) + "; END IF";
  }
}

std::string ViewStatement(Random* random, const Table& table, const std::string& quoted_name) {
  std::string columns;
  for (const Column& column : table.columns) {
    if (!column.dropped) columns += (columns.empty() ? "" : ", ") + Quote(column.name);
  }
  return "CREATE " + random->Pick({"", "ALGORITHM=MERGE ", "OR REPLACE SQL SECURITY INVOKER "}) + "VIEW " +
         quoted_name + " AS SELECT " + columns + " FROM " + table.Quoted();
}

std::string ProcedureStatement(Random* random, const Schema& schema, const Table& table,
                               const std::string& quoted_name) {
  const Column* plain = SomePlain(random, table);
  const std::string key = Quote(table.columns[table.key[0]].name);
  std::string body;
  if (plain != nullptr) {
    body += "UPDATE " + table.Quoted() + " SET " + Quote(plain->name) + " = " +
            SomeLiteral(plain->type, random) + " WHERE " + key + " <= wanted; ";
  }
  body += LogInsert(schema, "concat('call ', wanted)") + "; ";
  return "CREATE PROCEDURE " + quoted_name + " (wanted INT) BEGIN " + body + "END";
}

void AddSchemaObjects(Random* random, const Features& features, Schema* schema,
                      std::vector<std::string>* statements) {
  const bool routines = features.Has(Feature::kRoutines);
  if (features.Has(Feature::kTriggers) || routines) {
    schema->log_table = Quote(schema->databases[0]) + ".log";
    statements->push_back("CREATE TABLE " + schema->log_table +
                          " (id BIGINT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(80), n INT)");
  }
  if (features.Has(Feature::kTriggers)) AddTriggers(random, *schema, statements);
  for (size_t i = 0; features.Has(Feature::kViews) && i < schema->tables.size(); ++i) {
    if (random->Chance(50)) continue;
    const std::string name = Quote(random->Pick(schema->databases)) + "." + Quote("v" + std::to_string(i));
    statements->push_back(ViewStatement(random, schema->tables[i], name));
    schema->views.push_back(name);
    schema->view_tables.push_back(i);
  }
  for (size_t i = 0; routines && i < schema->tables.size(); ++i) {
    const ColumnType& type = schema->tables[i].columns[schema->tables[i].key[0]].type;
    if (type.kind != Kind::kInt || random->Chance(30)) continue;
    const std::string name = Quote(schema->databases[0]) + "." + Quote("proc" + std::to_string(i));
    statements->push_back(ProcedureStatement(random, *schema, schema->tables[i], name));
    schema->procedures.push_back(name);
  }
  for (int i = 0; features.Has(Feature::kSequences) && i < random->Between(1, 2); ++i) {
    const std::string name = Quote(random->Pick(schema->databases)) + "." + Quote("seq" + std::to_string(i));
    statements->push_back(
        "CREATE SEQUENCE " + name + " START WITH " + std::to_string(random->Between(1, 50)) +
        random->Pick({"", " INCREMENT BY 3", " CACHE 5", " NOCACHE", " MAXVALUE 100000 CYCLE"}));
    schema->sequences.push_back(name);
  }
}

}  // namespace srdf::differential
