// StreamLoop: the thread on which a process's streams move.
//
// gRPC's synchronous streams wake three threads for one message: the one that polls, the one that handles,
// and the next one to poll. On a quiet flow a wake-up costs more than the work. Here one thread polls the
// sockets of all streams and handles what arrives itself, and what it writes to the next stream leaves from
// the same thread: one wake-up per message (measured: a message and its answer in 50 µs instead of 300).
//
//   cq->Next → LoopEvent::OnEvent, on this thread → cq->Next → …
//
// What handles an event may wait, if it says so: for the time of a BlockingSection (base/blocking_section.h)
// another thread polls. One that forgets to say it is found after kStallAfter, and relieved the same way.
//
// With gRPC's epoll1 engine whichever thread polls serves every socket of the process, so there is to be one
// that polls: a server with a loop polls nowhere else (its other methods' queues are of the kind that does
// not poll, "hybrid server" in gRPC's src/cpp/server/server_builder.cc), and a process has one loop for all
// its streams, its server's if it has one.
//
// Thread rules: any thread, but the destructor waits for the loop's threads and must not run on one of them.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/blocking_section.h"

namespace srdf::rpc {

// What is given to gRPC as the tag of an operation. It lives until OnEvent was called.
class LoopEvent {
 public:
  virtual ~LoopEvent() = default;
  // The operation is over. Called on the loop's thread.
  virtual void OnEvent(bool ok) = 0;
};

class StreamLoop final : private BlockingSection::Listener {
 public:
  static constexpr std::chrono::milliseconds kStallAfter{100};

  // Takes the queue over; it must have been made for this, and nothing else reads it.
  explicit StreamLoop(std::unique_ptr<grpc::CompletionQueue> queue);
  // Every operation must be over, and the queue's server shut down.
  ~StreamLoop();
  StreamLoop(const StreamLoop&) = delete;
  StreamLoop& operator=(const StreamLoop&) = delete;

  // The process's loop: that of the server which was started first and lives, else one that is made now.
  static std::shared_ptr<StreamLoop> OfProcess();
  // Makes it the process's loop, unless there is one.
  static void OfferToProcess(const std::shared_ptr<StreamLoop>& loop);

  grpc::CompletionQueue* queue() const { return queue_.get(); }

 private:
  // The thread that polls will wait: another one takes over.
  void OnBlocking() override;
  void Run();
  // With mu_ held: one more thread.
  void Grow();
  void Poll(uint64_t turn);
  // With mu_ held: until there is a turn to take. One of those who wait looks after the one who polls.
  void StandBy(std::unique_lock<std::mutex>* lock);
  // With mu_ held: whoever polled does so no longer, and another thread does.
  void HandOver();
  void EventBegins();
  // Whether the thread with this turn still is the one that polls.
  bool EventEnds(uint64_t turn);

  const std::unique_ptr<grpc::CompletionQueue> queue_;

  std::mutex mu_;
  std::condition_variable standby_;
  // guarded by mu_
  uint64_t turn_ = 0;      // grows with every hand-over; the thread with the last one polls
  bool taken_ = false;     // somebody has this turn
  bool handling_ = false;  // it handles an event
  uint64_t events_ = 0;
  bool over_ = false;
  size_t free_ = 0;       // threads that could poll
  bool watched_ = false;  // one of them looks after the one who polls
  std::vector<std::thread> threads_;
};

}  // namespace srdf::rpc
