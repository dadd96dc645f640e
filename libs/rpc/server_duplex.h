// ServerDuplex: the server's end of a bidirectional stream.
//
// Each call has a thread of its own, its handler's, which reads the first message, prepares what the stream
// needs, and then leaves the messages to the loop's thread (rpc/stream_loop.h) until the stream ends:
//
//   Read → … → ForEach(on_message) → Close; the handler returns the status
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/async_stream.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/status.h"
#include "rpc/loop_call.h"
#include "rpc/status_map.h"
#include "rpc/stream_loop.h"
#include "rpc/stream_writer.h"

namespace srdf::rpc {

template <typename Request, typename Response>
class ServerDuplex {
 public:
  using Stream = grpc::ServerAsyncReaderWriter<Response, Request>;

  ServerDuplex() = default;
  ServerDuplex(const ServerDuplex&) = delete;
  ServerDuplex& operator=(const ServerDuplex&) = delete;

  // For the handler's thread.

  const grpc::ServerContext& context() const { return context_; }
  // Before anything is written: the client learns `key` at once.
  void SendInitialMetadata(const std::string& key, const std::string& value) {
    context_.AddInitialMetadata(key, value);
    writer_.StartOther([this](void* tag) { stream_.SendInitialMetadata(tag); });
  }
  // Waits for the next message; false when the stream has ended.
  bool Read(Request* request) {
    std::unique_lock lock(mu_);
    reading_ = true;
    stream_.Read(&request_, &on_read_);
    read_over_.wait(lock, [&] { return !reading_; });
    if (read_ok_) request->Swap(&request_);
    return read_ok_;
  }
  // Every message that comes from now on is handed to `on_message`, on the loop's thread, until that returns
  // false or the stream ends; then ForEach returns.
  void ForEach(std::function<bool(Request&)> on_message) {
    std::unique_lock lock(mu_);
    on_message_ = std::move(on_message);
    reading_ = true;
    stream_.Read(&request_, &on_read_);
    read_over_.wait(lock, [&] { return !reading_; });
  }
  // Afterwards Write returns false and Cancel does nothing. What was written before still leaves.
  void Close() {
    writer_.Close();
    writer_.WaitIdle();
    std::lock_guard lock(end_mu_);
    open_ = false;
  }

  // For any thread.

  bool Write(const Response& response) { return writer_.Write(response); }
  // Ends the handler's reads soon, and a Write that waits for the client; `status` is what the handler should
  // return.
  void Cancel(Status status) {
    std::lock_guard lock(end_mu_);
    if (end_status_.ok()) end_status_ = std::move(status);
    if (open_) context_.TryCancel();
  }
  // Records why the stream ends and tells the client with `last_word`, on which the client is to cancel: a
  // call that the server cancels reaches the client without its status.
  void AskToEnd(Status status, const Response& last_word) {
    {
      std::lock_guard lock(end_mu_);
      if (end_status_.ok()) end_status_ = std::move(status);
    }
    Write(last_word);
  }
  Status end_status() const {
    std::lock_guard lock(end_mu_);
    return end_status_;
  }

  // For rpc/stream_method.h, which begins and ends the call.

  grpc::ServerContext* accept_context() { return &context_; }
  Stream* stream() { return &stream_; }
  // The call has come.
  void Begin() {
    std::lock_guard lock(end_mu_);
    open_ = true;
    writer_.Open(true);
  }
  // After the handler; returns when the client was told, or cannot be. Nothing is under way then.
  void Finish(const grpc::Status& status) {
    Close();
    std::unique_lock lock(mu_);
    reading_ = true;
    stream_.Finish(status, &on_finished_);
    read_over_.wait(lock, [&] { return !reading_; });
  }

 private:
  void OnRead(bool ok) {
    if (!ok || on_message_ == nullptr) return OnOver(ok);
    if (!HandleMessage(request_, on_message_)) return OnOver(true);
    stream_.Read(&request_, &on_read_);
  }
  void OnOver(bool ok) {
    std::lock_guard lock(mu_);
    read_ok_ = ok;
    reading_ = false;
    read_over_.notify_all();
  }

  grpc::ServerContext context_;
  Stream stream_{&context_};
  StreamWriter<Response> writer_{
      [this](const Response& response, void* tag) { stream_.Write(response, tag); }};
  LoopCall on_read_{[this](bool ok) { OnRead(ok); }};
  LoopCall on_finished_{[this](bool ok) { OnOver(ok); }};
  Request request_;                           // of the read that is under way
  std::function<bool(Request&)> on_message_;  // set while nothing is read

  std::mutex mu_;
  std::condition_variable read_over_;
  // guarded by mu_
  bool reading_ = false;
  bool read_ok_ = false;

  mutable std::mutex end_mu_;
  // guarded by end_mu_
  bool open_ = false;
  Status end_status_;
};

}  // namespace srdf::rpc
