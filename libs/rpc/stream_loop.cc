#include "rpc/stream_loop.h"

#include <pthread.h>

#include <utility>

namespace srdf::rpc {

namespace {

thread_local uint64_t present_turn = 0;  // of the calling thread, while it polls

std::mutex process_mu;
std::weak_ptr<StreamLoop> of_process;  // guarded by process_mu

}  // namespace

StreamLoop::StreamLoop(std::unique_ptr<grpc::CompletionQueue> queue) : queue_(std::move(queue)) {
  std::lock_guard lock(mu_);
  Grow();
}

StreamLoop::~StreamLoop() {
  queue_->Shutdown();
  std::vector<std::thread> threads;
  {
    std::unique_lock lock(mu_);
    standby_.wait(lock, [&] { return over_; });
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

std::shared_ptr<StreamLoop> StreamLoop::OfProcess() {
  std::lock_guard lock(process_mu);
  auto loop = of_process.lock();
  if (loop == nullptr) {
    loop = std::make_shared<StreamLoop>(std::make_unique<grpc::CompletionQueue>());
    of_process = loop;
  }
  return loop;
}

void StreamLoop::OfferToProcess(const std::shared_ptr<StreamLoop>& loop) {
  std::lock_guard lock(process_mu);
  if (of_process.expired()) of_process = loop;
}

void StreamLoop::Grow() {
  ++free_;
  threads_.emplace_back([this] { Run(); });
}

void StreamLoop::HandOver() {
  ++turn_;
  taken_ = handling_ = false;
  standby_.notify_all();
}

void StreamLoop::EventBegins() {
  std::lock_guard lock(mu_);
  handling_ = true;
  ++events_;
}

bool StreamLoop::EventEnds(uint64_t turn) {
  std::lock_guard lock(mu_);
  if (turn_ != turn) return false;
  handling_ = false;
  return true;
}

// A thread that polls, or waits until it is to.
void StreamLoop::Run() {
  pthread_setname_np(pthread_self(), "srdf-streams");
  std::unique_lock lock(mu_);
  while (!over_) {
    if (taken_) {
      StandBy(&lock);
      continue;
    }
    taken_ = true;
    --free_;
    // Somebody stands by at any time.
    if (free_ == 0) Grow();
    const uint64_t turn = turn_;
    lock.unlock();
    Poll(turn);
    lock.lock();
    ++free_;
  }
}

// Until it is relieved, or the queue is at its end.
void StreamLoop::Poll(uint64_t turn) {
  void* tag = nullptr;
  bool ok = false;
  present_turn = turn;
  while (queue_->Next(&tag, &ok)) {
    EventBegins();
    BlockingSection::Listen(this);
    static_cast<LoopEvent*>(tag)->OnEvent(ok);
    BlockingSection::Listen(nullptr);
    if (!EventEnds(turn)) return;
  }
  std::lock_guard lock(mu_);
  over_ = true;
  standby_.notify_all();
}

void StreamLoop::StandBy(std::unique_lock<std::mutex>* lock) {
  if (std::exchange(watched_, true)) {
    standby_.wait(*lock, [&] { return over_ || !taken_ || !watched_; });
    return;
  }
  const uint64_t event = events_;
  const bool woken = standby_.wait_for(*lock, kStallAfter, [&] { return over_ || !taken_; });
  watched_ = false;
  if (!woken && handling_ && events_ == event) HandOver();
  // Who leaves leaves the watch to another.
  if (!taken_) standby_.notify_all();
}

// A listener of a turn that is over: the watch was faster.
void StreamLoop::OnBlocking() {
  std::lock_guard lock(mu_);
  if (turn_ == present_turn) HandOver();
}

}  // namespace srdf::rpc
