// The logical key of a row: the packed bytes of its key's columns, as stored, one after the other. Injective
// for one table, since every column has a fixed length or carries its own. Pure; needs no Connector/C.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compaction/payload_merger.h"
#include "engine_mariadb/row_layout.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// Empty when a column of the key is missing or NULL. A view into the image when the columns stand side by
// side there, as they mostly do, else into *scratch. A column that `row` does not have is taken from
// `unchanged`, when that is given: the after image of a MINIMAL update of (1,2) to (1,3) has the second
// column alone.
ByteView KeyOf(const RowSlices& row, const RowSlices* unchanged, const std::vector<uint16_t>& columns,
               std::string* scratch);

// Reads keys off the images of a wagon. Nothing for a table with a column whose length in an image is not
// known.
std::unique_ptr<compaction::KeyReader> NewKeyReader(const TableSchema& schema);

}  // namespace srdf::engine_mariadb
