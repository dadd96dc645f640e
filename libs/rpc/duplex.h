// Two ends of a bidirectional stream, with the thread rules of gRPC's synchronous API kept in one place:
// one reader, any number of writers, nobody writes after the end.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/sync_stream.h>

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/status.h"
#include "rpc/status_map.h"

namespace srdf::rpc {

// The client's end. Start() begins a thread that hands every response to `on_message` and, once, the final
// status to `on_end`. Write and Cancel may be called from any thread. The destructor cancels and joins; it
// must not run on the reader thread.
template <typename Request, typename Response>
class ClientDuplex {
 public:
  using Stream = grpc::ClientReaderWriter<Request, Response>;
  using Opener = std::function<std::unique_ptr<Stream>(grpc::ClientContext*)>;

  explicit ClientDuplex(const Opener& open) : stream_(open(&context_)) {}
  ~ClientDuplex() {
    Cancel();
    if (reader_.joinable()) reader_.join();
  }
  ClientDuplex(const ClientDuplex&) = delete;
  ClientDuplex& operator=(const ClientDuplex&) = delete;

  void Start(std::function<void(Response&)> on_message, std::function<void(Status)> on_end) {
    reader_ = std::thread([this, on_message = std::move(on_message), on_end = std::move(on_end)] {
      Response response;
      while (stream_->Read(&response)) on_message(response);
      const grpc::Status status = stream_->Finish();
      on_end(status.ok() ? Status(StatusCode::kUnavailable, "the other end closed the stream")
                         : FromGrpc(status));
    });
  }

  // False when the stream has ended; on_end tells why. Blocks while the peer does not read (back-pressure).
  bool Write(const Request& request) {
    std::lock_guard lock(write_mu_);
    return stream_->Write(request);
  }

  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
  std::mutex write_mu_;
  std::thread reader_;
};

// The server's end, for the threads that write beside the handler. The handler owns the stream, reads from
// it, and calls Close before it returns; afterwards Write returns false.
template <typename Request, typename Response>
class ServerDuplex {
 public:
  using Stream = grpc::ServerReaderWriter<Response, Request>;
  ServerDuplex(grpc::ServerContext* context, Stream* stream) : stream_(stream), context_(context) {}

  bool Write(const Response& response) {
    std::lock_guard lock(write_mu_);
    return stream_ != nullptr && stream_->Write(response);
  }
  // Ends the handler's Read soon, and a Write that waits for the client; `status` is what the handler should
  // return.
  void Cancel(Status status) {
    std::lock_guard lock(mu_);
    if (end_status_.ok()) end_status_ = std::move(status);
    if (context_ != nullptr) context_->TryCancel();
  }
  // Records why the stream ends and tells the client with `last_word`, on which the client is to cancel: a
  // call that the server cancels reaches the client without its status.
  void AskToEnd(Status status, const Response& last_word) {
    {
      std::lock_guard lock(mu_);
      if (end_status_.ok()) end_status_ = std::move(status);
    }
    Write(last_word);
  }
  Status end_status() const {
    std::lock_guard lock(mu_);
    return end_status_;
  }
  void Close() {
    {
      std::lock_guard lock(write_mu_);
      stream_ = nullptr;
    }
    std::lock_guard lock(mu_);
    context_ = nullptr;
  }

 private:
  std::mutex write_mu_;
  Stream* stream_;  // guarded by write_mu_
  // Not held while a Write waits, so that Cancel can end it.
  mutable std::mutex mu_;
  grpc::ServerContext* context_;  // guarded by mu_
  Status end_status_;             // guarded by mu_
};

}  // namespace srdf::rpc
