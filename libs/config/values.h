// The texts of values: sizes, numbers, addresses, names. Pure functions without YAML.
//
// Errors of these functions are half sentences for the loader, which adds file, line and key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace srdf::config {

// Digits only; nothing for anything else, also for a number that does not fit 64 bits.
std::optional<uint64_t> ParseNumber(std::string_view text);

// "1048576", "64MiB", "20 GiB", "1TiB". Decimal units (MB) are refused: they are read as either by people.
std::optional<uint64_t> ParseSize(std::string_view text);
// The shortest exact form: "64MiB", "1000".
std::string FormatSize(uint64_t bytes);

struct Address {
  std::string host;  // without brackets
  uint16_t port = 0;
};
// "127.0.0.1:7101", "localhost:7101", "[::1]:7101". The error's message is what is wrong with it.
Result<Address> ParseAddress(std::string_view text);
// 127.0.0.0/8, ::1 or localhost.
bool IsLoopback(const Address& address);
// 0.0.0.0, :: or *: a listener on every interface, and nothing to connect to.
bool IsAnyInterface(const Address& address);
// Whether two listeners cannot be on the same host: the same port on the same or on every interface.
bool Collide(const Address& a, const Address& b);

// Letters, digits, '.', '_', '-', at most 64, the first one a letter or digit: safe in file names, labels.
bool IsName(std::string_view text);

// The candidate nearest to `text` by typing errors, or nothing when none is near.
std::optional<std::string_view> Nearest(std::string_view text,
                                        const std::vector<std::string_view>& candidates);

}  // namespace srdf::config
