#include "config/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace srdf::config {
namespace {

constexpr std::array<std::pair<std::string_view, uint64_t>, 5> kUnits = {
    {{"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}}};

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Levenshtein distance, two rows at a time.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint64_t> ParseSize(std::string_view text) {
  uint64_t factor = 1;
  for (const auto& [suffix, bytes] : kUnits) {
    if (text.size() > suffix.size() && text.substr(text.size() - suffix.size()) == suffix) {
      factor = bytes;
      text.remove_suffix(suffix.size());
      while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
      break;
    }
  }
  const std::optional<uint64_t> number = ParseNumber(text);
  if (!number || *number > std::numeric_limits<uint64_t>::max() / factor) return std::nullopt;
  return *number * factor;
}

std::string FormatSize(uint64_t bytes) {
  for (const auto& [suffix, unit] : kUnits) {
    if (unit > 1 && bytes >= unit && bytes % unit == 0)
      return std::to_string(bytes / unit) + std::string(suffix);
  }
  return std::to_string(bytes);
}

Result<Address> ParseAddress(std::string_view text) {
  Address address;
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != ':') {
      return Status(StatusCode::kInvalidArgument, "is not [IPv6 address]:port");
    }
    address.host = text.substr(1, close - 1);
    port = text.substr(close + 2);
  } else {
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return Status(StatusCode::kInvalidArgument, "has no port");
    address.host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (address.host.find(':') != std::string::npos) {
      return Status(StatusCode::kInvalidArgument, "is an IPv6 address without brackets");
    }
  }
  if (address.host.empty()) return Status(StatusCode::kInvalidArgument, "has no host");
  const std::optional<uint64_t> number = ParseNumber(port);
  if (!number || *number < 1 || *number > 65535) {
    return Status(StatusCode::kInvalidArgument, "has a port that is not between 1 and 65535");
  }
  address.port = static_cast<uint16_t>(*number);
  return address;
}

bool IsLoopback(const Address& address) {
  if (address.host == "localhost" || address.host == "::1") return true;
  if (address.host.rfind("127.", 0) != 0) return false;
  // "127.example.com" is a host name: only digits and dots make it an address.
  return address.host.find_first_not_of("0123456789.") == std::string::npos;
}

bool IsAnyInterface(const Address& address) {
  return address.host == "0.0.0.0" || address.host == "::" || address.host == "*";
}

bool Collide(const Address& a, const Address& b) {
  if (a.port != b.port) return false;
  if (IsAnyInterface(a) || IsAnyInterface(b)) return true;
  const auto normal = [](const std::string& host) { return host == "localhost" ? "127.0.0.1" : host; };
  return normal(a.host) == normal(b.host);
}

bool IsName(std::string_view text) {
  if (text.empty() || text.size() > 64 || !IsAlphanumeric(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

std::optional<std::string_view> Nearest(std::string_view text,
                                        const std::vector<std::string_view>& candidates) {
  std::optional<std::string_view> nearest;
  size_t best = std::max<size_t>(2, text.size() / 4) + 1;
  for (std::string_view candidate : candidates) {
    const size_t distance = Distance(text, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace srdf::config
