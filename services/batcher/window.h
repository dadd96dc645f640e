// Window: gathers whole transactions of a flow and decides when they become a consistency group.
//
// The feed's thread appends records; whoever seals takes groups: the sealer's thread, or, a small group of a
// quiet flow, the thread that made it due. A group is closed when a limit is
// reached (events, bytes, age), at every commit in that mode, by DDL and by what capture puts between
// transactions (a mark, rows of a copy, a new state of it), each of which is a group of its own, by an
// operator, and in adaptive mode as soon as the destination can take the next wagon: so a quiet flow seals
// each commit at once and a busy one gathers while the last wagon is on its way, and one that is busy beyond
// that for some milliseconds more: a wagon costs the machine as much as a hundred rows.
//
// Memory: the open window and the closed groups that wait are bounded; Append blocks beyond that. A
// transaction larger than the byte limit is passed on in parts (Group::huge).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_set>

#include "base/status.h"
#include "batcher/group.h"

namespace srdf::batcher {

struct WindowLimits {
  bool adaptive = true;
  bool on_commit = false;
  uint64_t events_max = 200000;
  uint64_t bytes_max = 32ull << 20;
  std::chrono::milliseconds age_max{300000};
};

struct WindowStatus {
  GroupCounts open;
  int64_t opened_at_ms = 0;  // 0: empty
  int64_t commit_time_first_ms = 0;
  size_t closed_groups = 0;  // waiting for the sealer, or in its hands
};

class Window {
 public:
  explicit Window(const WindowLimits& limits) : limits_(limits) {}

  // Before the first Append: the state of the copy where the feed begins.
  void BeginWithCopy(std::string copy) { copy_ = std::move(copy); }

  // Feed thread. A whole number of records; transactions may span calls. kDataLoss for a malformed stream;
  // kCancelled when stopped or closed.
  Status Append(std::string records, const std::stop_token& stop);

  // Feed thread: whether the sealer's thread is told of every transaction. If not, TakeSmall is to be called
  // after Append, or what it would do done.
  void TellOfAppends(bool tell) { tell_of_appends_ = tell; }

  // Feed thread: nothing comes any more; a transaction under way is given up, then as Drain.
  void EndFeed();

  // Sealer thread. Waits until there is a group to be taken, or never will be, for no longer than the
  // deadline; false when that has come, and after Wake.
  bool WaitUntil(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop);

  // Any thread. The next group; nothing when none is due, or closed and empty.
  std::optional<Group> TakeNow();
  // Any thread. The open window, when the destination is ready for it (adaptive mode), nothing is before it
  // and it has no more bytes than this. If not, and there is something to seal, the sealer's thread is told.
  std::optional<Group> TakeSmall(uint64_t bytes_max);
  // Any thread. Nothing is left, and nothing will come.
  bool IsDrained() const;

  // Any thread: a WaitUntil under way, or else the next one, returns false.
  void Wake();

  // Any thread: the group taken last is sealed, or given up.
  void Done();

  // Any thread. `tell`: the sealer's thread; if not, TakeSmall is to be called.
  void SetDestinationReady(bool ready, bool tell = true);
  // Closes what is gathered now with this reason; false when there is nothing.
  bool CloseNow(SealReason reason);
  // No more appends; what is whole is sealed (reason kDrain), the rest is dropped.
  void Drain();
  WindowStatus GetStatus() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // The transaction under way; only the feed's thread touches it.
  struct Pending {
    bool open = false;
    GroupPart part;
    std::string gtid;
    int64_t commit_time_ms = 0;
    uint64_t rows = 0, statements = 0, bytes = 0;
    SealReason alone = SealReason::kUnknown;  // kCopy, kMark: it is a group of its own
    std::unordered_set<uint32_t> refs;
    std::shared_ptr<BoundedQueue<HugePart>> huge;
    uint64_t huge_rows = 0, huge_statements = 0;
  };

  Status AppendRecord(const Record& record, const Buffer& buffer, const std::stop_token& stop);
  Status AppendRun(const Record& record, const Buffer& buffer);
  Status AppendPrepared(const Record& record, const Buffer& buffer);
  Status AppendCopy(const Record& record, const Buffer& buffer);
  // Takes the schema along of the table that is referred to; kDataLoss when it was not sent.
  Status Refer(uint32_t table_ref);
  Status EndTransaction(TransactionEnd end, const std::stop_token& stop);
  Status BeginHuge(const std::stop_token& stop);
  Status PushHugePart(std::shared_ptr<GroupEnd> end, const std::stop_token& stop);
  Status WaitForRoom(const std::stop_token& stop);
  void KeepBuffer(const Buffer& buffer);
  // The body where it lives as long as the part under way.
  ByteView Keep(ByteView body, const Buffer& buffer);
  // With mu_ held.
  void AddPendingToOpen(TransactionEnd end);
  void CloseOpen(SealReason reason);
  Group PopClosed();
  std::optional<SealReason> Due(SteadyTime now) const;
  // Adaptive mode: whether the destination waits for what is gathered, and since when or from when on it may
  // have it. A feed of many transactions a second is gathered for kBusyGap at least.
  bool MayGo(SteadyTime now) const;
  SteadyTime NextDue() const;
  void CountTransaction(SteadyTime now);

  const WindowLimits limits_;

  // feed thread only
  Pending pending_;
  bool tell_of_appends_ = true;
  std::map<uint32_t, SchemaPtr> schemas_;
  std::shared_ptr<std::string> block_;  // only its free end is written to; groups refer to the rest

  mutable std::mutex mu_;
  std::condition_variable_any changed_;
  // guarded by mu_
  Group open_;
  std::unordered_set<uint32_t> open_refs_;
  SteadyTime opened_at_;
  std::string copy_;  // state of the copy after what was appended
  std::deque<Group> closed_;
  uint64_t closed_bytes_ = 0;
  size_t in_hand_ = 0;
  bool destination_ready_ = false;
  SteadyTime adaptive_closed_at_{};
  SteadyTime rate_since_{};
  uint64_t rate_transactions_ = 0;
  bool busy_ = false;
  bool sealer_knows_ = false;  // when the open window is due, as things are
  bool woken_ = false;
  bool draining_ = false;
};

}  // namespace srdf::batcher
