// OpenSnapshots: the snapshots that clients have open, by flow and mark.
//
// A snapshot keeps its server from forgetting old row versions, and a client may vanish without a word. So
// there are few of them per flow, and one that nobody has used for a while is closed, by a thread of this
// object, which also has `source` forget marks that nobody asks for. A snapshot is used by one call at a
// time; others wait for it.
//
// Any thread. Nothing is durable: what is lost is kNotFound, and the client opens another pair.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/status.h"
#include "engine/snapshot.h"
#include "snapshot_service/snapshots.h"

namespace srdf::snapshot_service {

class OpenSnapshots {
 public:
  struct Limits {
    size_t per_flow_max = 4;
    std::chrono::milliseconds idle_max = std::chrono::minutes(2);
  };
  // `source` outlives this.
  OpenSnapshots(Snapshots* source, Limits limits) : source_(source), limits_(limits) {}
  ~OpenSnapshots() { Stop(); }
  OpenSnapshots(const OpenSnapshots&) = delete;
  OpenSnapshots& operator=(const OpenSnapshots&) = delete;

  // Idle snapshots are closed from now on, and unused marks forgotten.
  void Start();
  // Closes all that nobody uses; later Opens are kUnavailable.
  void Stop();

  // The snapshot's use by one call; given back by its destructor.
  class Lease;

  // Idempotent by mark: a second call finds the first one's snapshot, or waits for it to be opened. Errors as
  // Snapshots::Open; kResourceExhausted when the flow has as many as it may, all in use.
  Result<SourcePosition> Open(const std::string& flow, const std::string& mark, const CallLimits& limits);
  // kNotFound: not open, or no longer.
  Result<Lease> Use(const std::string& flow, const std::string& mark, const CallLimits& limits);
  // After the call that uses it, if one does. A mark whose snapshot is not there yet is forgotten.
  // Idempotent.
  void Close(const std::string& flow, const std::string& mark);

 private:
  using Name = std::pair<std::string, std::string>;  // flow, mark
  struct Entry {
    std::unique_ptr<engine::Snapshot> snapshot;  // none: it is being opened
    bool in_use = true;
    bool closing = false;
    std::chrono::steady_clock::time_point used_at;
  };
  using Entries = std::map<Name, std::shared_ptr<Entry>>;

  // Makes room for one more of the flow. `closed` keeps what is to be destroyed without the lock.
  Status MakeRoom(const std::string& flow, std::shared_ptr<Entry>* closed);
  // Takes an entry that nobody uses, waiting for it; nothing when there is none.
  Result<std::shared_ptr<Entry>> Take(std::unique_lock<std::mutex>* lock, const Name& name,
                                      const CallLimits& limits);
  void GiveBack(const Name& name, Entry* entry);
  void CloseIdle(const std::stop_token& stop);

  // constant
  Snapshots* const source_;
  const Limits limits_;

  std::mutex mu_;
  std::condition_variable_any changed_;
  // guarded by mu_
  Entries entries_;
  bool stopped_ = false;

  std::jthread thread_;
};

class OpenSnapshots::Lease {
 public:
  Lease(Lease&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)),
        name_(std::move(other.name_)),
        entry_(std::move(other.entry_)) {}
  Lease& operator=(Lease&&) = delete;
  ~Lease() {
    if (owner_ != nullptr) owner_->GiveBack(name_, entry_.get());
  }
  engine::Snapshot* operator->() const { return entry_->snapshot.get(); }
  engine::Snapshot* get() const { return entry_->snapshot.get(); }

 private:
  friend class OpenSnapshots;
  Lease(OpenSnapshots* owner, Name name, std::shared_ptr<Entry> entry)
      : owner_(owner), name_(std::move(name)), entry_(std::move(entry)) {}

  OpenSnapshots* owner_;
  Name name_;
  std::shared_ptr<Entry> entry_;
};

}  // namespace srdf::snapshot_service
