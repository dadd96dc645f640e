// Schema: the tables of a scenario as the generator thinks of them. Columns keep their place for ever; what
// ALTER drops is marked, so that places held elsewhere stay right.
#pragma once

#include <string>
#include <vector>

#include "differential/generator/column_type.h"

namespace srdf::differential {

struct Column {
  std::string name;
  ColumnType type;
  bool nullable = true;
  bool in_key = false;     // its values are numbered: part of the key, of a unique key or of a foreign key
  std::string generated;   // the expression
  std::string attributes;  // all that follows the type in CREATE TABLE
  bool auto_increment = false;
  bool dropped = false;

  bool IsPlain() const { return !in_key && generated.empty() && !dropped; }
};

struct UniqueKey {
  std::string name;
  std::vector<size_t> columns;  // all numbered together
  std::vector<size_t> also;     // columns of others that the index has besides
  std::string prefix;           // "(6)" after the first column
};

struct ForeignKey {
  std::string name;
  std::vector<size_t> columns;  // as many as the parent's key has
  size_t parent = 0;
  int parent_unique = -1;  // the parent's unique key that it refers to; -1: the logical key
  std::string on_delete;   // "CASCADE", "SET NULL", "RESTRICT", "NO ACTION"
  std::string on_update;
  bool dropped = false;
};

enum class KeyShape { kPrimary, kUniqueNotNull, kNone };

struct Table {
  std::string database;
  std::string name;
  std::vector<Column> columns;
  KeyShape shape = KeyShape::kPrimary;
  std::vector<size_t> key;      // places of the columns that tell rows apart (also of a keyless table)
  bool key_has_parent = false;  // the first columns of the key are those of foreign key 0
  std::vector<UniqueKey> uniques;
  std::vector<ForeignKey> foreign_keys;
  std::string key_prefix;  // "(6)" after the key's only column
  bool versioned = false;
  std::string partitions;  // "", "hash", "range", "list"
  std::string engine = "InnoDB";
  bool reversed = false;  // the columns stand in CREATE TABLE in the other order
  std::vector<std::string> partition_names;

  std::string Quoted() const;
};

struct Schema {
  std::vector<std::string> databases;
  std::vector<Table> tables;
  std::vector<std::string> views;  // quoted, updatable, of tables[view_tables[i]]
  std::vector<size_t> view_tables;
  std::vector<std::string> procedures;  // quoted, one integer argument: the number of a row
  std::vector<std::string> sequences;   // quoted
  std::string log_table;                // quoted; what triggers and routines write: "" for none
};

std::string Quote(const std::string& identifier);

}  // namespace srdf::differential
