// InboxMemory: each flow as the newest committed write left it, so that what is asked with every wagon needs
// no transaction. The file stays the truth: an entry is made from it within a write, and counts while the
// file has not been opened again since.
//
// Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "store/inbox.h"

namespace srdf::store {

class InboxMemory {
 public:
  struct Entry {
    uint64_t number = 0;      // of the write
    uint64_t generation = 0;  // of the file
    InboxFlow flow;
  };

  // To be called by the writes, while no other one runs: their order.
  uint64_t NextNumber() { return ++last_number_; }

  // The write is committed. Two that are kept in the other order leave the later one's.
  void Keep(const std::string& flow, Entry entry) {
    std::lock_guard lock(mu_);
    Entry& kept = entries_[flow];
    if (kept.number < entry.number) kept = std::move(entry);
  }

  std::optional<InboxFlow> Recall(const std::string& flow, uint64_t generation) const {
    std::lock_guard lock(mu_);
    const auto found = entries_.find(flow);
    if (found == entries_.end() || found->second.generation != generation) return std::nullopt;
    return found->second.flow;
  }

 private:
  std::atomic<uint64_t> last_number_ = 0;

  mutable std::mutex mu_;
  // guarded by mu_
  std::map<std::string, Entry> entries_;
};

}  // namespace srdf::store
