// StreamGate: where something can be put between two transactions of a flow's stream.
//
// It stands between the reader of a source's log and the feed. Most of the time records pass untouched.
// Others take the gate between two transactions: then nothing passes, and the stream stands at a position
// that is known. They take it to open a snapshot of the source that lies at or after that position, and keep
// a *place* in the stream where the snapshot stands exactly; what they put there (a mark, a range of a copy)
// is in the stream between the transactions that the snapshot shows and those that it does not:
//
//   log       … T7 T8 T9 T10 …
//   stream      ^ held here, after T7
//   snapshot         ^ taken meanwhile, shows T8 too: so T8 passes, then the place comes, then T9
//
// The stream waits at a place until its owner has put there what belongs there, or lets go of it. While a
// copy of tables goes on, changes pass through CopyFilter, and the state of the copy changes at the gate
// only, with what is put there.
//
// Made for one session of the feed, and ended with it. Threads: the reader's (Consume), and any number of
// others; the session's Send is called by one of them at a time. Nothing is durable here.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "capture/copy_filter.h"
#include "capture/feed_client.h"
#include "engine/source.h"
#include "snapshot_service/snapshots.h"

namespace srdf::capture {

// Looks at the state of the copy (nothing: none goes on), and may change it together with what is sent. An
// error leaves both; without a change nothing but records is sent.
using CopyChange = std::function<Status(std::optional<CopyState>*)>;
using snapshot_service::CallLimits;

class StreamGate : public engine::ChangeSink, public std::enable_shared_from_this<StreamGate> {
 public:
  class Place;
  struct PlacedSnapshot {
    std::unique_ptr<engine::Snapshot> snapshot;
    std::unique_ptr<Place> place;
  };

  // Both outlive Close. kDataLoss: the session's resume position has a copy that cannot be read.
  static Result<std::shared_ptr<StreamGate>> New(engine::SourceEngine* source, FeedSession* session);

  Status Consume(std::string_view records, bool transaction_end) override;
  void Idle(const engine::SourceLag& lag) override;

  // Takes a snapshot at or after where the stream stands, and a place for it. The stream is held for as long
  // as that takes. kCancelled, kDeadlineExceeded by the limits; kUnavailable when the session has ended.
  Result<PlacedSnapshot> OpenSnapshot(const CallLimits& limits);
  // A place at this position, or where the stream stands now when that is later, behind the places that are
  // already kept.
  Result<std::unique_ptr<Place>> PlaceAfter(const SourcePosition& position, const CallLimits& limits);
  // Changes the state of the copy where the stream stands now.
  Status Change(const CopyChange& change, const CallLimits& limits);

  // After the last transaction that passed or what was put behind it.
  SourcePosition position() const;
  std::optional<CopyState> copy() const;
  // Statements that have come to the gate, whether they passed or not. May be asked in a CopyChange.
  uint64_t statements() const;
  // OK while the session lives.
  Status ended() const;

  // Waits until everything that was put here up to now is durable in the outbox.
  Status WaitDurable(const CallLimits& limits);

  // From now on everything that waits here ends with this error.
  void Interrupt(Status why);
  // The same; on return nobody uses the session any more. Cancel the session before.
  void Close();

 private:
  struct Spot {
    SourcePosition at;
    bool due = false;     // the stream has reached it
    bool missed = false;  // and is behind it: the log is not what the snapshot's server said
  };

  StreamGate(engine::SourceEngine* source, FeedSession* session)
      : source_(source), session_(session), position_(session->resume()) {}
  Status Pass(std::string_view* records, const std::optional<SourcePosition>& up_to);
  Result<size_t> Walk(std::string_view records, const std::optional<SourcePosition>& up_to);
  Status PassFiltered(std::string_view records);
  // Tables that a statement gives other names keep their place in the copy; those whose rows it moves, or
  // that have no key any more, are copied anew; those that are dropped leave it.
  Status FollowStatement(ByteView statement);
  Status FollowSchema(ByteView schema);
  Status Follow(const std::function<void(CopyState*)>& change);
  Status WaitToPass(std::unique_lock<std::mutex>* lock);
  template <typename Ready>
  Status WaitUntil(std::unique_lock<std::mutex>* lock, const CallLimits& limits, const Ready& ready);
  Status Take(const CallLimits& limits);
  void Release();
  // The gate is held by the caller.
  Result<std::unique_ptr<engine::Snapshot>> OpenReached(const CallLimits& limits);
  Status SendHere(std::string_view records, const CopyChange& change);
  Status SendAt(const std::shared_ptr<Spot>& spot, std::string_view records, const CopyChange& change,
                bool last, const CallLimits& limits);
  void Leave(const std::shared_ptr<Spot>& spot);
  void FindDue();  // mu_ is held
  bool BetweenTransactions() const { return !held_ && !passing_ && !open_; }

  // constant
  engine::SourceEngine* const source_;
  FeedSession* const session_;

  // whoever passes or holds the gate
  CopyFilter filter_;
  std::string filtered_;   // reused, so that its buffer is
  bool followed_ = false;  // by a statement of the transaction that is passing

  mutable std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_
  SourcePosition position_;
  std::optional<CopyState> copy_;
  Status ended_;
  bool passing_ = false;  // the reader's records are being handed on
  bool open_ = false;     // a transaction has passed in part
  bool held_ = false;
  size_t users_ = 0;   // of the session, besides the reader
  size_t takers_ = 0;  // who wait to hold it
  std::deque<std::shared_ptr<Spot>> spots_;
  uint64_t statements_ = 0;
  uint64_t ends_ = 0;      // transaction ends that were sent
  uint64_t put_ends_ = 0;  // up to the last that was put here
};

// A place in the stream. Let go of (destroyed), the stream goes on without it. Driven by one thread.
class StreamGate::Place {
 public:
  Place(std::shared_ptr<StreamGate> gate, std::shared_ptr<Spot> spot)
      : gate_(std::move(gate)), spot_(std::move(spot)) {}
  ~Place() { gate_->Leave(spot_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  // Puts the records, as one pseudo-transaction, into the stream: waits until it has come here. `change` may
  // be null. After the `last` one the stream goes on. An error of `change` is returned, and nothing was sent.
  Status Send(std::string_view records, const CopyChange& change, bool last, const CallLimits& limits) {
    return gate_->SendAt(spot_, records, change, last, limits);
  }

 private:
  const std::shared_ptr<StreamGate> gate_;
  const std::shared_ptr<Spot> spot_;
};

}  // namespace srdf::capture
