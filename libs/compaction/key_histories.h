// KeyHistory: what happened to one logical key in a segment. KeyHistories: all of one table.
//
// A history is folded as its changes come; only four facts of it matter in the end: did the row exist when
// the segment began, what was it then, does it exist now, what is it now. Two more decide how the net effect
// may be written: was a value of a secondary unique key changed on the way, was the row deleted and made
// again. Example: update a→b, delete, insert c  =  existed as a, exists as c, re-created.
//
// KeyHistories is an open-addressing index over a vector in order of first appearance. Keys and images are
// views into the window; a change of a known key allocates nothing. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace srdf::compaction {

enum class NetEffect : uint8_t {
  kNothing,
  kInsert,           // last after
  kUpdate,           // first before, last after
  kDelete,           // first before
  kDeleteAndInsert,  // first before, last after, as two changes
};

struct KeyHistory {
  const char* key_data = nullptr;
  const char* before_data = nullptr;  // the row when the segment began, if it existed
  const char* after_data = nullptr;   // the row now, if it exists
  uint32_t key_bytes = 0;
  uint32_t before_bytes = 0;
  uint32_t after_bytes = 0;
  uint32_t before_bitmap = 0;  // number of the first before image's bitmap in its table
  uint32_t after_bitmap = 0;   // the same of the after image
  uint32_t merged = 0;         // number + 1 of the after image among those made by merging; 0: as it came
  bool begun = false;
  bool existed = false;
  bool exists = false;
  bool unique_changed = false;
  bool recreated = false;
  NetEffect net = NetEffect::kNothing;  // scratch space of the one who writes the segment out

  ByteView key() const { return {key_data, key_bytes}; }
  ByteView before() const { return {before_data, before_bytes}; }
  ByteView after() const { return {after_data, after_bytes}; }

  // Each folds one change in; false when the change is impossible after what came before it.
  bool Insert(ByteView after_image, uint32_t bitmap) {
    if (begun && exists) return false;
    recreated = recreated || existed;  // it was there, and was deleted since
    begun = exists = true;
    SetAfter(after_image, bitmap);
    return true;
  }
  // The after image is as it came, and has all columns that earlier ones had, or Begin made the history.
  bool Update(ByteView before_image, uint32_t bitmap, ByteView after_image, uint32_t bitmap_after,
              bool changes_unique) {
    if (!BeginAsExisting(before_image, bitmap)) return false;
    unique_changed = unique_changed || changes_unique;
    SetAfter(after_image, bitmap_after);
    return true;
  }
  bool Delete(ByteView before_image, uint32_t bitmap) {
    if (!BeginAsExisting(before_image, bitmap)) return false;
    exists = false;
    return true;
  }
  void SetAfter(ByteView image, uint32_t bitmap) {
    after_data = image.data();
    after_bytes = static_cast<uint32_t>(image.size());
    after_bitmap = bitmap;
  }

 private:
  bool BeginAsExisting(ByteView before_image, uint32_t bitmap) {
    if (begun) return exists;
    begun = existed = exists = true;
    before_data = before_image.data();
    before_bytes = static_cast<uint32_t>(before_image.size());
    before_bitmap = bitmap;
    return true;
  }
};

class KeyHistories {
 public:
  // The history of `key`, a new one when it was not seen. Valid until the next call. `key` must live as long
  // as the history.
  KeyHistory& Find(ByteView key);
  // In order of first appearance.
  std::vector<KeyHistory>& all() { return histories_; }
  void Clear();

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t history = 0;  // index + 1; 0: free
  };
  void Grow(size_t slots);

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::vector<KeyHistory> histories_;
};

}  // namespace srdf::compaction
