#include "loadgen/text.h"

#include <array>
#include <string_view>

namespace srdf::loadgen {

namespace {

constexpr std::array<std::string_view, 24> kWords = {
    "amber", "bridge",  "cargo", "delta",   "éclair", "fjord", "garçon", "harbour",
    "île",   "jardin",  "küste", "lantern", "mañana", "naïve", "орбита", "πλοίο",
    "quai",  "rivière", "東京",  "貨車",    "undula", "voilà", "wagon",  "🚃🚃"};
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kHex = "0123456789abcdef";

}  // namespace

uint64_t Text::Between(uint64_t low, uint64_t high) {
  return high <= low ? low : low + random_() % (high - low + 1);
}

std::string Text::Words(unsigned count) {
  std::string out;
  for (unsigned i = 0; i < count; ++i) {
    if (i > 0) out.push_back(' ');
    out.append(kWords[Between(0, kWords.size() - 1)]);
  }
  return out;
}

std::string Text::Token(unsigned length) {
  std::string out;
  for (unsigned i = 0; i < length; ++i) out.push_back(kAlphabet[Between(0, kAlphabet.size() - 1)]);
  return out;
}

std::string Text::BytesLiteral(unsigned length) {
  std::string out = "x'";
  for (unsigned i = 0; i < length * 2; ++i) out.push_back(kHex[Between(0, 15)]);
  out.push_back('\'');
  return out;
}

std::string Text::Body(size_t length) {
  std::string out;
  out.reserve(length + 16);
  while (out.size() < length) {
    // Eight random characters, then eight that are always the same.
    uint64_t bits = random_();
    for (int i = 0; i < 8; ++i, bits >>= 6) out.push_back(kAlphabet[(bits & 63) % kAlphabet.size()]);
    out.append(" payload");
  }
  out.resize(length);
  return out;
}

}  // namespace srdf::loadgen
