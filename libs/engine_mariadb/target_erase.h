// RowEraser: deletes rows of a table at the target by row events, which fire no trigger.
//
// For tables with DELETE triggers, in place of a DELETE statement: the rows are read and locked, in pieces of
// some thousand rows or some MiB, and their images go into delete runs, of the key alone where the primary
// key tells the row. All of it in the transaction of the wagon.
//
// kFailedPrecondition: rows are not applied as events here; a table without a key has more than
// kKeylessRowsMax of these rows (the server would look for each from the table's beginning on); the columns
// have other types than at the source, so that what is read makes no images of the wagon's table. What was
// deleted until then is undone with the transaction. Driven by one thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/row_applier.h"
#include "engine_mariadb/row_image_builder.h"
#include "engine_mariadb/target_key.h"

namespace srdf::engine_mariadb {

class RowEraser {
 public:
  static constexpr uint64_t kKeylessRowsMax = 10'000;

  // Both outlive it.
  RowEraser(Connection* connection, RowApplier* rows) : connection_(connection), rows_(rows) {}

  // `where` is empty or " WHERE …", `index` the one that it is about, or empty; as TargetCopy::Delete. What
  // was added to the rows before is flushed.
  Status Erase(const KeyedTable& table, const std::string& where, const std::string& index);

 private:
  // Reads rows of a query into run_: how many, and the key of the last; *complete: all of them.
  Result<uint64_t> Read(const std::string& sql, const RowRunHeader& header, RowImageBuilder* builder,
                        std::string* last_key, bool* complete);

  Connection* const connection_;
  RowApplier* const rows_;
  std::string run_;
};

}  // namespace srdf::engine_mariadb
