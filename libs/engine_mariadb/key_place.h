// Where the row of a logical key lies in its table, for compaction: InnoDB keeps rows in the order of their
// primary key, so that changes in that order touch each page once. Pure; needs no Connector/C.
#pragma once

#include <memory>

#include "compaction/compactor.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// By the first eight bytes of the key's values, put so that they grow as the values do: whole numbers by
// their width, with the sign; dates, times, decimals and bits as they are; texts by their bytes, whatever the
// collation. Example: the key (warehouse SMALLINT, district TINYINT, id INT) is placed exactly. A key in
// another order of columns than the table's is placed by the table's. Nothing for a table whose first key
// column cannot be placed so (floating point), or that has no key.
std::unique_ptr<compaction::KeyPlacer> NewKeyPlacer(const TableSchema& schema);

}  // namespace srdf::engine_mariadb
