// ClientDuplex: the client's end of a bidirectional stream.
//
// What the server says arrives on the loop's thread (rpc/stream_loop.h), one message at a time and in order.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/async_stream.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "base/status.h"
#include "rpc/loop_call.h"
#include "rpc/status_map.h"
#include "rpc/stream_loop.h"
#include "rpc/stream_writer.h"

namespace srdf::rpc {

// Start begins the call; then every response is handed to `on_message` and, once, the final status to
// `on_end`. Write, Resume and Cancel may be called from any thread. The destructor cancels and waits until
// neither is called any more; it must not run in one of them.
template <typename Request, typename Response>
class ClientDuplex {
 public:
  using Stream = grpc::ClientAsyncReaderWriter<Request, Response>;
  // As a stub's PrepareAsync method.
  using Opener = std::function<std::unique_ptr<Stream>(grpc::ClientContext*, grpc::CompletionQueue*)>;

  explicit ClientDuplex(const Opener& open)
      : loop_(StreamLoop::OfProcess()), stream_(open(&context_, loop_->queue())) {}
  ~ClientDuplex() {
    Cancel();
    std::unique_lock lock(mu_);
    if (!started_) return;
    const BlockingSection section;
    closing_ = true;
    // A pause ends here: the read that follows fails, and the call with it.
    if (std::exchange(paused_, false)) stream_->Read(&response_, &on_read_);
    ended_changed_.wait(lock, [&] { return ended_; });
    lock.unlock();
    writer_.Close();
    writer_.WaitIdle();
  }
  ClientDuplex(const ClientDuplex&) = delete;
  ClientDuplex& operator=(const ClientDuplex&) = delete;

  // `on_message` returns whether to go on; if not, the next message is read after Resume. `on_metadata` is
  // called first, when the server has sent its initial metadata or nothing more is to come of the call.
  void Start(std::function<bool(Response&)> on_message, std::function<void(Status)> on_end,
             std::function<void(const grpc::ClientContext&)> on_metadata = nullptr) {
    on_message_ = std::move(on_message);
    on_metadata_ = std::move(on_metadata);
    on_end_ = std::move(on_end);
    std::lock_guard lock(mu_);
    started_ = true;
    stream_->StartCall(&on_started_);
  }
  void Resume() {
    std::lock_guard lock(mu_);
    resumed_ = true;
    if (std::exchange(paused_, false)) stream_->Read(&response_, &on_read_);
  }

  // False when the stream has ended; on_end tells why. Waits while the peer does not read (back-pressure).
  bool Write(const Request& request) { return writer_.Write(request); }
  // The last word of this side. After it nothing is to be written.
  bool WritesDone() {
    return writer_.StartOther([this](void* tag) { stream_->WritesDone(tag); });
  }

  void Cancel() { context_.TryCancel(); }

 private:
  void OnStarted(bool ok) {
    writer_.Open(ok);
    if (!ok) return stream_->Finish(&status_, &on_finished_);
    if (on_metadata_ != nullptr) return stream_->ReadInitialMetadata(&on_initial_metadata_);
    stream_->Read(&response_, &on_read_);
  }
  void OnInitialMetadata(bool ok) {
    if (ok) on_metadata_(context_);
    stream_->Read(&response_, &on_read_);
  }
  void OnRead(bool ok) {
    if (!ok) return stream_->Finish(&status_, &on_finished_);
    {
      std::lock_guard lock(mu_);
      resumed_ = false;
    }
    const bool go_on = HandleMessage(response_, on_message_);
    std::lock_guard lock(mu_);
    paused_ = !go_on && !resumed_ && !closing_;
    if (!paused_) stream_->Read(&response_, &on_read_);
  }
  void OnFinished(bool) {
    on_end_(status_.ok() ? Status(StatusCode::kUnavailable, "the other end closed the stream")
                         : FromGrpc(status_));
    std::lock_guard lock(mu_);
    ended_ = true;
    ended_changed_.notify_all();
  }

  const std::shared_ptr<StreamLoop> loop_;
  grpc::ClientContext context_;
  const std::unique_ptr<Stream> stream_;
  StreamWriter<Request> writer_{[this](const Request& request, void* tag) { stream_->Write(request, tag); }};
  std::function<bool(Response&)> on_message_;  // constant once started
  std::function<void(Status)> on_end_;         // the same
  std::function<void(const grpc::ClientContext&)> on_metadata_;
  Response response_;  // of the read that is under way
  grpc::Status status_;
  LoopCall on_started_{[this](bool ok) { OnStarted(ok); }};
  LoopCall on_initial_metadata_{[this](bool ok) { OnInitialMetadata(ok); }};
  LoopCall on_read_{[this](bool ok) { OnRead(ok); }};
  LoopCall on_finished_{[this](bool ok) { OnFinished(ok); }};

  std::mutex mu_;
  std::condition_variable ended_changed_;
  // guarded by mu_
  bool started_ = false;
  bool paused_ = false;
  bool resumed_ = false;  // since the message at hand came
  bool closing_ = false;
  bool ended_ = false;
};

}  // namespace srdf::rpc
