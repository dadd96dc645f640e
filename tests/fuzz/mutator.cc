#include "fuzz/mutator.h"

#include <array>

namespace srdf::fuzz {

namespace {

// Lengths and counts that break careless arithmetic.
constexpr std::array<uint64_t, 12> kNumbers = {
    0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x00ffffff, 0x7fffffff, 0xffffffff, 1ull << 63, UINT64_MAX};
constexpr size_t kInputBytesMax = 1u << 20;

}  // namespace

std::string Mutator::Next() {
  std::string input = seeds_.empty() ? std::string() : seeds_[Below(seeds_.size())];
  for (size_t changes = 1 + Below(8); changes > 0; --changes) Change(&input);
  if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
  return input;
}

void Mutator::Change(std::string* input) {
  const size_t at = Below(input->size() + 1);
  const size_t left = input->size() - at;
  switch (Below(8)) {
    case 0:
      if (left > 0) (*input)[at] = static_cast<char>((*input)[at] ^ (1 << Below(8)));
      break;
    case 1:
      if (left > 0) (*input)[at] = static_cast<char>(random_());
      break;
    case 2: {
      const uint64_t number = kNumbers[Below(kNumbers.size())];
      const size_t bytes = std::min<size_t>(left, size_t{1} << Below(4));
      for (size_t i = 0; i < bytes; ++i) (*input)[at + i] = static_cast<char>(number >> (8 * i));
      break;
    }
    case 3:
      input->erase(at, 1 + Below(std::min<size_t>(left, 64)));
      break;
    case 4:
      input->insert(at, std::string(1 + Below(16), static_cast<char>(random_())));
      break;
    case 5:
      input->insert(Below(input->size() + 1), input->substr(at, 1 + Below(64)));
      break;
    case 6: {
      const std::string& other = seeds_[Below(seeds_.size())];
      input->insert(at, other.substr(Below(other.size() + 1), 1 + Below(128)));
      break;
    }
    default:
      input->resize(at);
  }
}

}  // namespace srdf::fuzz
