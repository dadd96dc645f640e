// StreamMethod: accepts the calls of one bidirectional method, each on a thread of its own.
//
// The service is built with the generated WithAsyncMethod_…; what accepts is its Request… method.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "rpc/loop_call.h"
#include "rpc/server_duplex.h"

namespace srdf::rpc {

// The calls that a server has under way, and those that it waits for.
class RunningCalls {
 public:
  void Enter() {
    std::lock_guard lock(mu_);
    ++running_;
  }
  void Leave() {
    std::lock_guard lock(mu_);
    --running_;
    none_.notify_all();
  }
  void WaitForNone() {
    std::unique_lock lock(mu_);
    none_.wait(lock, [&] { return running_ == 0; });
  }

 private:
  std::mutex mu_;
  std::condition_variable none_;
  size_t running_ = 0;  // guarded by mu_
};

class StreamMethod {
 public:
  virtual ~StreamMethod() = default;
  // Begins to accept; goes on until the server is shut down. `queue` is the loop's, `calls` outlives all
  // calls.
  virtual void Begin(grpc::ServerCompletionQueue* queue, RunningCalls* calls) = 0;
};

template <typename Request, typename Response>
class DuplexMethod final : public StreamMethod {
 public:
  using Duplex = ServerDuplex<Request, Response>;
  using Acceptor = std::function<void(grpc::ServerContext*, typename Duplex::Stream*, grpc::CompletionQueue*,
                                      grpc::ServerCompletionQueue*, void* tag)>;
  using Handler = std::function<grpc::Status(const std::shared_ptr<Duplex>&)>;

  DuplexMethod(Acceptor accept, Handler handle) : accept_(std::move(accept)), handle_(std::move(handle)) {}

  void Begin(grpc::ServerCompletionQueue* queue, RunningCalls* calls) override {
    queue_ = queue;
    calls_ = calls;
    AcceptNext();
  }

 private:
  void AcceptNext() {
    calls_->Enter();
    next_ = std::make_shared<Duplex>();
    accept_(next_->accept_context(), next_->stream(), queue_, queue_, &on_call_);
  }
  void OnCall(bool ok) {
    std::shared_ptr<Duplex> call = std::move(next_);
    if (!ok) return calls_->Leave();  // the last: the server may go now
    AcceptNext();
    call->Begin();
    std::thread([this, call, calls = calls_]() mutable {
      call->Finish(handle_(call));
      call.reset();
      calls->Leave();
    }).detach();
  }

  const Acceptor accept_;
  const Handler handle_;
  grpc::ServerCompletionQueue* queue_ = nullptr;
  RunningCalls* calls_ = nullptr;
  std::shared_ptr<Duplex> next_;  // loop's thread, once begun
  LoopCall on_call_{[this](bool ok) { OnCall(ok); }};
};

}  // namespace srdf::rpc
