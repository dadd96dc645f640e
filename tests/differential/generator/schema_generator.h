// SchemaGenerator: random databases, tables, triggers, views, routines and sequences, as the statements that
// make them. It fills the tables' descriptions; rows come later, as steps of the scenario.
#pragma once

#include <string>
#include <vector>

#include "differential/generator/features.h"
#include "differential/generator/schema.h"

namespace srdf::differential {

class SchemaGenerator {
 public:
  SchemaGenerator(Random* random, const Features* features) : random_(random), features_(features) {}

  Schema Make(std::vector<std::string>* statements);

  // A table of its own, named `name`, with foreign keys to tables of `schema` where the features allow; it is
  // not added to the schema.
  // `place`: where it stands among the tables; it refers to tables before it only, so that there is no ring.
  Table MakeTable(const Schema& schema, const std::string& database, const std::string& name, size_t place);
  std::string CreateStatement(const Schema& schema, const Table& table);
  // A plain column: for CREATE TABLE and ADD COLUMN.
  Column MakePlainColumn(const std::string& name);

 private:
  bool Has(Feature feature) const { return features_->Has(feature); }
  void AddKey(Table* table);
  void AddForeignKeys(const Schema& schema, size_t place, Table* table);
  void AddForeignKey(const Schema& schema, size_t place, size_t parent, bool in_key, Table* table);
  void AddUniqueKeys(Table* table);
  void AddGenerated(Table* table);
  void AddPartitions(Table* table);
  size_t AddNumbered(const std::string& name, const ColumnType& type, bool nullable, Table* table);
  std::string ColumnName(const std::string& plain);

  Random* const random_;
  const Features* const features_;
};

// The columns of a unique key as in CREATE TABLE.
std::string UniqueColumns(const Table& table, const UniqueKey& unique);
// "`a`, `b`"
// The columns that a foreign key refers to.
const std::vector<size_t>& ReferredColumns(const Table& parent, const ForeignKey& f);
std::string ColumnList(const Table& table, const std::vector<size_t>& places);

}  // namespace srdf::differential
