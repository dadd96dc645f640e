#include "engine_mariadb/sql_mode.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "engine_mariadb/sql_tokens.h"

namespace srdf::engine_mariadb {

namespace {

// In the order of their bits, which never changes: they stand in logs.
constexpr std::string_view kModes[] = {
    "REAL_AS_FLOAT",
    "PIPES_AS_CONCAT",
    "ANSI_QUOTES",
    "IGNORE_SPACE",
    "IGNORE_BAD_TABLE_OPTIONS",
    "ONLY_FULL_GROUP_BY",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_DIR_IN_CREATE",
    "POSTGRESQL",
    "ORACLE",
    "MSSQL",
    "DB2",
    "MAXDB",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
    "NO_FIELD_OPTIONS",
    "MYSQL323",
    "MYSQL40",
    "ANSI",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_BACKSLASH_ESCAPES",
    "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES",
    "NO_ZERO_IN_DATE",
    "NO_ZERO_DATE",
    "ALLOW_INVALID_DATES",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "TRADITIONAL",
    "NO_AUTO_CREATE_USER",
    "HIGH_NOT_PRECEDENCE",
    "NO_ENGINE_SUBSTITUTION",
    "PAD_CHAR_TO_FULL_LENGTH",
    "EMPTY_STRING_IS_NULL",
    "SIMULTANEOUS_ASSIGNMENT",
    "TIME_ROUND_FRACTIONAL",
};

}  // namespace

Result<uint64_t> SqlModeBits(std::string_view words) {
  uint64_t bits = 0;
  while (!words.empty()) {
    const size_t comma = std::min(words.find(','), words.size());
    const std::string_view word = words.substr(0, comma);
    words.remove_prefix(std::min(comma + 1, words.size()));
    const auto* mode = std::find_if(std::begin(kModes), std::end(kModes),
                                    [&](std::string_view m) { return EqualsIgnoringCase(m, word); });
    if (mode == std::end(kModes)) {
      return Status(StatusCode::kFailedPrecondition,
                    "sql_mode " + std::string(word) + " is not known to this version of SRDF");
    }
    bits |= uint64_t{1} << (mode - std::begin(kModes));
  }
  return bits;
}

}  // namespace srdf::engine_mariadb
