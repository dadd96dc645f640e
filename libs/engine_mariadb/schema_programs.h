// What of a schema has a text that somebody wrote: routines, views, triggers and events, in the order in
// which they can be made. A part of SchemaReader.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/schema_dump.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/schema_context.h"

namespace srdf::engine_mariadb {

// " NOT IN (…)": the schemas that never replicate, as statement_classifier.h has them.
inline constexpr char kNotInternalSchema[] =
    " NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys', 'srdf')";

// `database`.`name`
std::string QuotedName(const engine::ObjectName& object);

// The row of SHOW CREATE. kAborted when the object is gone since it was listed; kFailedPrecondition when the
// row has fewer columns.
Result<ResultRow> ShowCreate(Connection* connection, const std::string& kind, const engine::ObjectName& name,
                             size_t columns_min);

class SchemaPrograms {
 public:
  // Adds to dump->after_rows and left_out; all outlive the object.
  SchemaPrograms(Connection* connection, const SchemaContext* context, engine::SchemaDump* dump)
      : connection_(connection), context_(context), dump_(dump) {}

  Status AddRoutines();
  // Those that cannot be made are left out.
  Status AddViews(const std::vector<engine::ObjectName>& views);
  // Of the tables for which `wanted` says so.
  Status AddTriggers(const std::function<bool(const engine::ObjectName& table)>& wanted);
  Status AddEvents();

 private:
  // A server takes the database's collation of the moment, whatever the session says.
  Result<std::string> CollationOf(const std::string& database);
  Result<std::string> WhyBroken(const engine::ObjectName& view);
  Status Add(const std::string& kind, const engine::ObjectName& name, const ShownColumns& at,
             const Value& written_us);

  Connection* const connection_;
  const SchemaContext* const context_;
  engine::SchemaDump* const dump_;
  std::map<std::string, std::string> collations_;  // of databases, as far as asked
};

}  // namespace srdf::engine_mariadb
