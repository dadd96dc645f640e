// PayloadStore: the compressed payload of a wagon while it grows: in memory up to a limit, then in a file.
//
// The file is unlinked as soon as it is made, so a crash leaves nothing behind; nothing is durable. Written
// to the end first, then read from the front once. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace srdf::wire {

class PayloadStore {
 public:
  PayloadStore(std::string spill_dir, size_t memory_bytes_max)
      : spill_dir_(std::move(spill_dir)), memory_bytes_max_(memory_bytes_max) {}
  PayloadStore(const PayloadStore&) = delete;
  PayloadStore& operator=(const PayloadStore&) = delete;
  ~PayloadStore();

  // Bytes are appended here, then Settle is called, which keeps the memory within its limit.
  std::string* tail() { return &tail_; }
  // kResourceExhausted when the directory's disk is full, kFailedPrecondition when it cannot be used.
  Status Settle();

  uint64_t bytes() const { return file_bytes_ + tail_.size(); }
  bool spilled() const { return fd_ >= 0; }

  // Everything, from the front, in pieces of at most `piece_bytes_max`.
  Status Read(size_t piece_bytes_max, const std::function<Status(std::string_view)>& sink);

 private:
  Status OpenFile();
  Status WriteTail();

  const std::string spill_dir_;
  const size_t memory_bytes_max_;
  std::string tail_;  // what is not in the file
  int fd_ = -1;
  uint64_t file_bytes_ = 0;
};

}  // namespace srdf::wire
