// Lays one partial row image of a MariaDB table over another, for compaction. Pure; needs no Connector/C.
#pragma once

#include <memory>

#include "compaction/compactor.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// Nothing for a table with a column whose length in an image is not known.
std::unique_ptr<compaction::ImageMerger> NewImageMerger(const TableSchema& schema);

}  // namespace srdf::engine_mariadb
