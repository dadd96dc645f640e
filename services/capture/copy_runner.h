// CopyRunner: does the work of the copy that goes on in a flow's stream, with several readers.
//
// What is to be done is in the gate's state alone; a reader takes the next piece of it that no other has,
// does it, and looks again. So a new session, another process or a crash in between go on where the stream
// is. Tables are read in parallel, the ranges of one table one after the other. A piece that fails is tried
// again; what keeps a table from being copied is a problem until it is mended.
//
// Belongs to one session of the feed. Threads: the readers' are its own, and run while a copy goes on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "capture/copy_throttle.h"
#include "capture/copy_work.h"
#include "capture/stream_gate.h"

namespace srdf::capture {

struct CopyOptions {
  size_t readers = 2;
  uint64_t chunk_bytes = 4u << 20;
  uint64_t threads_running_max = 0;  // CopyThrottle::SetThreadsRunningMax
};

struct CopyWorkStatus {
  std::string waits_for;  // empty: rows are being read
  std::vector<Status> problems;
  std::vector<engine::TableId> busy;
  uint64_t rows_per_second = 0;
};

class CopyRunner {
 public:
  // All outlive it.
  CopyRunner(std::string flow, engine::SourceEngine* source, FeedSession* session,
             std::shared_ptr<StreamGate> gate);
  ~CopyRunner();

  // Works when a copy goes on; nothing otherwise. Any thread, any number of times.
  void Begin(const CopyOptions& options);
  // Ends the work and joins the readers. Interrupt the gate before.
  void Stop();
  CopyWorkStatus GetStatus() const;
  // For work outside of a copy that uses its numbers.
  CopyTableRefs* refs() { return &refs_; }

 private:
  struct Item {
    std::vector<TableCopy> tables;  // none: their schema
    CopyState copy;
  };

  void Work(const std::stop_token& stop);
  // Waits until there is something to do; nothing when the copy is done or the work ends.
  std::optional<Item> Next(const std::stop_token& stop);
  // mu_ is held.
  Result<std::optional<Item>> Choose(const CopyState& copy);
  Status Do(const Item& item, const std::stop_token& stop);
  void Done(const Item& item, const Status& status);
  Status RefreshForeignKeys();
  void CountRows(uint64_t rows);

  // constant
  const std::string flow_;
  engine::SourceEngine* const source_;
  const std::shared_ptr<StreamGate> gate_;

  // self-synchronised
  CopyThrottle throttle_;
  CopyTableRefs refs_;

  mutable std::mutex mu_;
  std::condition_variable_any changed_;
  // guarded by mu_
  CopyOptions options_;
  bool stopping_ = false;
  size_t working_ = 0;
  std::vector<engine::TableId> busy_;
  bool schema_busy_ = false;
  std::string waits_for_;
  std::map<std::string, Status> problems_;  // by what they are of
  std::vector<std::string> remarks_;
  std::map<std::string, std::chrono::steady_clock::time_point> again_at_;
  std::map<std::string, int> races_;  // lost in a row, by the same names
  std::optional<std::vector<engine::ForeignKey>> keys_;
  uint64_t keys_of_ = 0;  // so many statements had passed when they were read
  // Rows of the last seconds: (second, rows).
  std::vector<std::pair<int64_t, uint64_t>> recent_;

  std::vector<std::jthread> readers_;
};

}  // namespace srdf::capture
