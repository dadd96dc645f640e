// Pair: two snapshots, one of each side, that show the same place of the source's log.
//
// One thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/status.h"
#include "compare/side.h"
#include "model/position.h"

namespace srdf::compare {

class Pair {
 public:
  // Sides outlive the pair.
  Pair(Side* source, Side* target) : source_(source), target_(target) {}
  ~Pair() { Close(); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  // In place of the one that was open. The target is waited for: all that lies before the mark has to be
  // applied, for `lag_max` at most. Errors as Side; kDataLoss when the two are not of one place. After an
  // error neither side has anything open, or is to open it when the mark comes.
  Status Open(std::chrono::milliseconds lag_max = std::chrono::minutes(10),
              const std::function<bool()>& cancelled = {});
  void Close();
  bool open() const { return open_; }
  std::chrono::steady_clock::duration age() const { return std::chrono::steady_clock::now() - opened_at_; }
  const SourcePosition& position() const { return position_; }
  uint64_t opened() const { return opened_; }

 private:
  Status OpenBoth(std::chrono::milliseconds lag_max, const std::function<bool()>& cancelled);
  Result<SourcePosition> AwaitTarget(const SourcePosition& at_source, std::chrono::milliseconds lag_max,
                                     const std::function<bool()>& cancelled);

  Side* const source_;
  Side* const target_;
  std::string mark_;  // that the sides may have something of; empty: none
  bool open_ = false;
  uint64_t opened_ = 0;
  std::chrono::steady_clock::time_point opened_at_;
  SourcePosition position_;
};

}  // namespace srdf::compare
