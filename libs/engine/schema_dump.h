// SchemaDump: the statements that make a target able to take the rows of tables: what their source has, in
// the order in which it can be made.
//
// Run one after the other, each in its own context, they leave the same whatever was there: what has the name
// of something that is to be made is dropped or replaced, nothing else is. Nothing of the system's schemas
// and of `srdf` is read or named.
//
//   before_rows   what rows need: databases, sequences (with their counters), tables with their indexes,
//                 foreign keys and AUTO_INCREMENT counters
//   after_rows    what rows do not need: routines, views in the order in which they use each other, triggers
//   in
//                 the order in which they fire, events. Rows may come before or after them, but a target that
//                 applies rows as SQL statements would fire the triggers
//
// A dump is no snapshot. Everything in it was so at some moment between the beginning of the read and
// `read_by`: when no DDL statement stands in the log between a place at which the source stood before the
// read and `read_by`, it is the schema at each position between them; else read again. The same holds for
// whoever keeps after_rows for later.
#pragma once

#include <string>
#include <vector>

#include "model/position.h"
#include "model/statement.h"

namespace srdf::engine {

struct ObjectName {
  std::string database;
  std::string name;

  friend bool operator==(const ObjectName&, const ObjectName&) = default;
};

struct SchemaRequest {
  // These tables, their databases and triggers; none: everything of the source.
  std::vector<ObjectName> tables;
};

// One object that is not, or perhaps not rightly, in the dump.
struct SchemaRemark {
  std::string object;  // "view `shop`.`best`"
  std::string what;
};

struct SchemaDump {
  std::vector<Statement> before_rows;
  std::vector<Statement> after_rows;
  // Of no use at the source itself, such as a view on a table that is gone: not in after_rows.
  std::vector<SchemaRemark> left_out;
  // In the dump, but the source could not show all of it.
  std::vector<SchemaRemark> doubts;
  SourcePosition read_by;
};

}  // namespace srdf::engine
