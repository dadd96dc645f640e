// RowDigest: how many rows there are, and the sum of their hashes: equal for equal sets of rows, in any
// order.
//
// A row's hash is the first 16 bytes of SHA-256 over its image, read as a little-endian number; the sum is
// modulo 2^128. Sums can be added up and taken apart, so a range is the sum of its parts. Two different
// multisets of rows have the same sum by accident with a probability of 2^-128; somebody who may choose the
// rows of a table freely could make such a set with effort (sums of hashes are weaker than hashes), which
// this does not guard against: it compares databases that are to be equal, not parties that lie.
//
// Pure. A RowHasher is for one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace srdf::verify {

constexpr size_t kHashBytes = 16;

// An unsigned number of 128 bits.
struct RowHash {
  uint64_t low = 0;
  uint64_t high = 0;

  friend bool operator==(const RowHash&, const RowHash&) = default;
  friend auto operator<=>(const RowHash&, const RowHash&) = default;

  RowHash& operator+=(const RowHash& other) {
    low += other.low;
    high += other.high + (low < other.low ? 1 : 0);
    return *this;
  }
};

// 16 bytes, little-endian.
std::string HashBytes(const RowHash& hash);
// False when there are not 16 bytes.
bool ParseHash(ByteView bytes, RowHash* hash);

struct RowDigest {
  uint64_t rows = 0;
  RowHash sum;

  void Add(const RowHash& hash) {
    ++rows;
    sum += hash;
  }
  void Add(const RowDigest& other) {
    rows += other.rows;
    sum += other.sum;
  }
  friend bool operator==(const RowDigest&, const RowDigest&) = default;
};

class RowHasher {
 public:
  RowHasher();
  RowHasher(RowHasher&&) noexcept;
  RowHasher& operator=(RowHasher&&) noexcept;
  ~RowHasher();

  RowHash Hash(ByteView image);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// The part of 1 to 65536 that a row belongs to.
inline uint32_t BucketOf(const RowHash& hash, uint32_t buckets) {
  return static_cast<uint32_t>(hash.low & 0xffff) % buckets;
}
constexpr uint32_t kBucketsMax = 65536;

}  // namespace srdf::verify

template <>
struct std::hash<srdf::verify::RowHash> {
  size_t operator()(const srdf::verify::RowHash& value) const noexcept { return value.low; }
};
