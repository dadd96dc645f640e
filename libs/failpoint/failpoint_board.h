// Board: a file in which a test gives orders to the failure points of running processes, and reads how often
// each was passed and ended a process. It is mapped into each of them, so that the counts outlive a kill -9.
//
// One process creates it, any number open it; every field is atomic and may be read and written at any time.
// The layout is that of one build on one host: nothing of it is kept.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "failpoint/failpoint_names.h"

namespace srdf::failpoint {

class Board {
 public:
  struct Slot {
    std::atomic<uint64_t> passes;
    std::atomic<uint64_t> crashes;
    std::atomic<uint32_t> chance_ppm;  // of each pass to end its process, in millionths
    std::atomic<int64_t> budget;       // how many processes may still end here
  };

  static Result<std::unique_ptr<Board>> Create(const std::string& path);
  // kFailedPrecondition when it is not a board of this build.
  static Result<std::unique_ptr<Board>> Open(const std::string& path);
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  Slot& slot(size_t index) { return map_->slots[index]; }
  // The number of this process among those that opened the board, from 1.
  uint64_t TakeNumber() { return ++map_->processes; }

  // Counts the pass. True when the process has to end here; counted as a crash then. `draw` is a random
  // number below a million.
  bool Pass(size_t index, uint32_t draw);

 private:
  struct Map {
    std::atomic<uint64_t> magic;
    std::atomic<uint64_t> processes;
    std::array<Slot, kCount> slots;
  };
  explicit Board(Map* map) : map_(map) {}
  static Result<std::unique_ptr<Board>> Attach(const std::string& path, bool create);
  static uint64_t Magic();

  Map* const map_;
};

}  // namespace srdf::failpoint
