// Random schemas and random valid histories, drawn from numbers that rapidcheck makes and shrinks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "unit/compaction/model_database.h"

namespace srdf::compaction::test {

// Numbers to draw from; any list is good, and a shorter or smaller one gives a simpler case.
class Tape {
 public:
  explicit Tape(std::vector<uint16_t> numbers) : numbers_(std::move(numbers)) {}
  uint32_t Draw(uint32_t below) {
    const uint32_t turn = static_cast<uint32_t>(at_ / std::max<size_t>(1, numbers_.size()));
    const uint32_t number = numbers_.empty() ? 0 : numbers_[at_ % numbers_.size()];
    ++at_;
    return (number + turn * 7919) % below;
  }
  bool OneIn(uint32_t n) { return Draw(n) == n - 1; }

 private:
  std::vector<uint16_t> numbers_;
  size_t at_ = 0;
};

struct HistoryOptions {
  bool barriers = true;  // cascades, in-place runs, partial images, a second ref for a table
  // What a case is about; each draws what the default draws too, only far more often.
  bool minimal_images = false;   // binlog_row_image=MINIMAL: the key before, what changed after
  bool moving_uniques = false;   // rows exchange and rotate unique values, over a NULL in between
  bool cascades = false;         // every table but the first is its child; parents go and come
  uint32_t partial_one_in = 12;  // after images without all columns
};

// What the source did: the feed's records, and its database before and after.
struct History {
  std::vector<TableSchema> schemas;
  std::vector<std::string> runs;  // whole records
  ModelDatabase before;
  ModelDatabase after;
  uint64_t rows = 0;
};

History MakeHistory(const std::vector<uint16_t>& schema_tape, const std::vector<std::vector<uint16_t>>& steps,
                    const HistoryOptions& options);

}  // namespace srdf::compaction::test
