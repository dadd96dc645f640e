#include "engine_mariadb/row_applier.h"

namespace srdf::engine_mariadb {

Status NoSchema(uint32_t table_ref) {
  return {StatusCode::kDataLoss,
          "rows of table " + std::to_string(table_ref) + " without a schema before them"};
}

bool EndsTransaction(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kAborted;
}

Result<bool> InTransaction(Connection* connection) {
  const auto open = connection->QueryValue("SELECT @@in_transaction");
  if (!open.ok()) return open.status();
  return open.value() == "1";
}

}  // namespace srdf::engine_mariadb
