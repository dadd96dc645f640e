#include "engine_mariadb/character_text.h"

#include <algorithm>

namespace srdf::engine_mariadb {

namespace {

enum class Charset { kUtf8, kLatin1, kWide, kAsciiCompatible };

// Collation ids as in information_schema.COLLATIONS. 1024 + id is the NO PAD variant of an old collation;
// 2048 and up are the UCA 14.0.0 ones, 256 per character set.
Charset CharsetOf(uint16_t collation) {
  if (collation >= 2048) {
    switch ((collation - 2048) / 256) {
      case 0:
      case 1:
        return Charset::kUtf8;
      default:
        return Charset::kWide;
    }
  }
  const unsigned id = collation >= 1024 ? collation - 1024u : collation;
  const auto in = [id](unsigned low, unsigned high) { return id >= low && id <= high; };
  if (id == 33 || id == 83 || id == 76 || id == 45 || id == 46 || in(192, 215) || id == 223 || in(224, 247) ||
      in(255, 323) ||  // utf8mb4_0900_…, of MySQL 8
      in(576, 577) || in(608, 609)) {
    return Charset::kUtf8;
  }
  if (id == 5 || id == 8 || id == 15 || id == 31 || in(47, 49) || id == 94) return Charset::kLatin1;
  if (id == 35 || id == 90 || in(54, 56) || in(60, 62) || in(101, 124) || in(128, 151) || id == 159 ||
      in(160, 183) || in(640, 641) || in(672, 673) || in(736, 737)) {
    return Charset::kWide;
  }
  return Charset::kAsciiCompatible;
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xc0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xe0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

// MariaDB's latin1 is Windows-1252 with its five holes filled by the C1 controls.
std::string Latin1ToUtf8(ByteView bytes) {
  static constexpr uint16_t kUpper[32] = {0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                          0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,   0x017d, 0x8f,
                                          0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                          0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};
  std::string out;
  for (const char c : bytes) {
    const auto b = static_cast<uint8_t>(c);
    AppendUtf8(b >= 0x80 && b < 0xa0 ? kUpper[b - 0x80] : b, &out);
  }
  return out;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto b = static_cast<uint8_t>(text[i]);
    size_t more = 0;
    uint32_t code = b;
    if (b >= 0xf0 && b < 0xf5) {
      more = 3;
      code = b & 0x07;
    } else if (b >= 0xe0 && b < 0xf0) {
      more = 2;
      code = b & 0x0f;
    } else if (b >= 0xc2 && b < 0xe0) {
      more = 1;
      code = b & 0x1f;
    } else if (b >= 0x80) {
      return false;
    }
    if (text.size() - i <= more) return false;
    for (size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    if ((more == 2 && code < 0x800) || (more == 3 && (code < 0x10000 || code > 0x10ffff))) return false;
    if (code >= 0xd800 && code <= 0xdfff) return false;
    i += more + 1;
  }
  return true;
}

std::optional<std::string> TextAsUtf8(ByteView bytes, uint16_t collation) {
  if (collation == kBinaryCollation) return std::nullopt;
  switch (CharsetOf(collation)) {
    case Charset::kUtf8:
      return IsUtf8(bytes) ? std::optional(std::string(bytes)) : std::nullopt;
    case Charset::kLatin1:
      return Latin1ToUtf8(bytes);
    case Charset::kWide:
      return bytes.empty() ? std::optional(std::string()) : std::nullopt;
    case Charset::kAsciiCompatible:
      break;
  }
  const bool ascii = std::all_of(bytes.begin(), bytes.end(), [](char c) { return (c & 0x80) == 0; });
  return ascii ? std::optional(std::string(bytes)) : std::nullopt;
}

}  // namespace srdf::engine_mariadb
