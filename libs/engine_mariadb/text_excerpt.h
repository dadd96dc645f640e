// Text from elsewhere, made fit for a message: the beginning, as valid UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace srdf::engine_mariadb {

// At most bytes_max bytes of `text`, cut between characters and followed by "…" when something is left out.
// Bytes that are not UTF-8 (a statement keeps its client's character set) become '?': messages travel in
// protobuf strings, which have to be UTF-8.
std::string Excerpt(std::string_view text, size_t bytes_max);

}  // namespace srdf::engine_mariadb
