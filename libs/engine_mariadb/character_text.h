// Text of a column in its character set, as UTF-8 for people. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace srdf::engine_mariadb {

constexpr uint16_t kBinaryCollation = 63;

bool IsUtf8(std::string_view text);

// The bytes of a column with this collation as UTF-8; nothing when they are binary, are not valid in it, or
// the character set is one that this version does not convert and they are not plain ASCII.
std::optional<std::string> TextAsUtf8(ByteView bytes, uint16_t collation);

}  // namespace srdf::engine_mariadb
