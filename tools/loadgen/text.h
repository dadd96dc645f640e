// Text: random words, names and bytes for rows, the same ones for the same seed.
//
// Not thread-safe; one per generator.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace srdf::loadgen {

class Text {
 public:
  explicit Text(uint64_t seed) : random_(seed) {}

  // Between `low` and `high`, both included.
  uint64_t Between(uint64_t low, uint64_t high);
  bool Chance(unsigned percent) { return Between(1, 100) <= percent; }

  // Words of several scripts, so that character sets are put to the test. No quotes or backslashes.
  std::string Words(unsigned count);
  // Lower-case letters and digits.
  std::string Token(unsigned length);
  // A SQL literal x'…' of `length` random bytes.
  std::string BytesLiteral(unsigned length);
  // `length` printable characters that compress to about half.
  std::string Body(size_t length);

 private:
  std::mt19937_64 random_;
};

}  // namespace srdf::loadgen
