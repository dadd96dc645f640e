// Schema objects: triggers, views, routines and sequences around the tables of a schema, and the table that
// triggers and routines write.
#pragma once

#include <string>
#include <vector>

#include "differential/generator/features.h"
#include "differential/generator/schema.h"

namespace srdf::differential {

void AddSchemaObjects(Random* random, const Features& features, Schema* schema,
                      std::vector<std::string>* statements);

// For a table of the schema; empty when the table has no column to work on.
std::string TriggerStatement(Random* random, const Schema& schema, const Table& table,
                             const std::string& name);
std::string ViewStatement(Random* random, const Table& table, const std::string& quoted_name);
std::string ProcedureStatement(Random* random, const Schema& schema, const Table& table,
                               const std::string& quoted_name);

}  // namespace srdf::differential
