// The bits of sql_mode, by which a Statement carries it (model/statement.h); a server shows them as words.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace srdf::engine_mariadb {

// Of "STRICT_TRANS_TABLES,NO_ZERO_DATE", the form in which a server shows it. kFailedPrecondition names a
// word that is not known. Pure.
Result<uint64_t> SqlModeBits(std::string_view words);

}  // namespace srdf::engine_mariadb
