// Reading and writing flat little-endian bytes with bounds checks.
//
// ByteWriter appends to a caller's std::string. ByteReader walks a view; a read past the end returns zero or
// an empty view and makes ok() false for good, so a decoder checks once at the end of a record instead of
// after every field. Views returned by a reader live as long as the bytes it was given.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace srdf {

using ByteView = std::string_view;

class ByteWriter {
 public:
  explicit ByteWriter(std::string* out) : out_(out) {}

  void U8(uint8_t v) { out_->push_back(static_cast<char>(v)); }
  void U16(uint16_t v) { Fixed(v); }
  void U32(uint32_t v) { Fixed(v); }
  void U64(uint64_t v) { Fixed(v); }
  // LEB128, at most 10 bytes.
  void Varint(uint64_t v) {
    while (v >= 0x80) {
      U8(static_cast<uint8_t>(v) | 0x80);
      v >>= 7;
    }
    U8(static_cast<uint8_t>(v));
  }
  void Raw(ByteView bytes) { out_->append(bytes); }
  // Varint length, then the bytes.
  void Blob(ByteView bytes) {
    Varint(bytes.size());
    Raw(bytes);
  }
  size_t size() const { return out_->size(); }
  void PatchU32(size_t at, uint32_t v) {
    for (int i = 0; i < 4; ++i) (*out_)[at + i] = static_cast<char>(v >> (8 * i));
  }

 private:
  template <typename T>
  void Fixed(T v) {
    char buf[sizeof(T)];
    for (size_t i = 0; i < sizeof(T); ++i) buf[i] = static_cast<char>(v >> (8 * i));
    out_->append(buf, sizeof(T));
  }

  std::string* out_;
};

class ByteReader {
 public:
  explicit ByteReader(ByteView in) : in_(in) {}

  bool ok() const { return ok_; }
  size_t remaining() const { return in_.size() - at_; }
  size_t offset() const { return at_; }
  bool AtEnd() const { return at_ == in_.size(); }

  uint8_t U8() { return static_cast<uint8_t>(Fixed(1)); }
  uint16_t U16() { return static_cast<uint16_t>(Fixed(2)); }
  uint32_t U24() { return static_cast<uint32_t>(Fixed(3)); }
  uint32_t U32() { return static_cast<uint32_t>(Fixed(4)); }
  uint64_t U48() { return Fixed(6); }
  uint64_t U64() { return Fixed(8); }
  uint64_t Varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ >= in_.size()) break;
      const auto b = static_cast<uint8_t>(in_[at_++]);
      if (shift == 63 && b > 1) break;
      v |= static_cast<uint64_t>(b & 0x7f) << shift;
      if ((b & 0x80) == 0) return v;
    }
    Fail();
    return 0;
  }
  ByteView Raw(size_t n) {
    if (n > remaining()) {
      Fail();
      return {};
    }
    ByteView v = in_.substr(at_, n);
    at_ += n;
    return v;
  }
  ByteView Blob() { return Raw(Varint()); }
  ByteView Rest() { return Raw(remaining()); }
  void Skip(size_t n) { Raw(n); }

 private:
  void Fail() {
    ok_ = false;
    at_ = in_.size();
  }
  uint64_t Fixed(size_t n) {
    if (n > remaining()) {
      Fail();
      return 0;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < n; ++i) v |= static_cast<uint64_t>(static_cast<uint8_t>(in_[at_ + i])) << (8 * i);
    at_ += n;
    return v;
  }

  ByteView in_;
  size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace srdf
