// Both ends of a stream, and the loop under them, over real sockets.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rpc/channel.h"
#include "rpc/client_duplex.h"
#include "rpc/health_check.h"
#include "rpc/server.h"
#include "srdf/receiver/v1/receiver.grpc.pb.h"

namespace srdf::rpc {
namespace {

using receiver::v1::ReceiverService;
using receiver::v1::TakeRequest;
using receiver::v1::TakeResponse;
using namespace std::chrono_literals;

constexpr auto kSoon = 10s;

// What the tests make of a Take stream: `on_message` says what the server does with each message.
class Service final : public ReceiverService::WithAsyncMethod_Take<ReceiverService::Service> {
 public:
  using Stream = ServerDuplex<TakeRequest, TakeResponse>;
  using OnMessage = std::function<bool(Stream*, TakeRequest&)>;

  explicit Service(OnMessage on_message) : on_message_(std::move(on_message)) {}
  void AddTo(Server* server) {
    server->AddService(this);
    server->AddStream(std::make_unique<DuplexMethod<TakeRequest, TakeResponse>>(
        [this](auto... accept) { RequestTake(accept...); },
        [this](const std::shared_ptr<Stream>& stream) {
          TakeRequest first;
          if (!stream->Read(&first)) return grpc::Status::OK;
          stream->ForEach([&](TakeRequest& message) { return on_message_(stream.get(), message); });
          ++ended_;
          return ToGrpc(stream->end_status());
        }));
  }
  int ended() const { return ended_; }

 private:
  const OnMessage on_message_;
  std::atomic<int> ended_ = 0;
};

class Client {
 public:
  using OnMessage = std::function<bool(const TakeResponse&)>;
  Client(ReceiverService::Stub* stub, OnMessage on_message)
      : on_message_(std::move(on_message)),
        duplex_([stub](grpc::ClientContext* context, grpc::CompletionQueue* queue) {
          return stub->PrepareAsyncTake(context, queue);
        }) {
    duplex_.Start(
        [this](TakeResponse& response) {
          const bool go_on = on_message_ == nullptr || on_message_(response);
          std::lock_guard lock(mu_);
          arrived_.push_back(response.sequence());
          changed_.notify_all();
          return go_on;
        },
        [this](Status status) {
          std::lock_guard lock(mu_);
          ended_ = std::move(status);
          changed_.notify_all();
        });
    TakeRequest open;
    open.mutable_open()->set_protocol_version(1);
    duplex_.Write(open);
  }
  bool Send(uint64_t sequence) {
    TakeRequest request;
    request.mutable_applied()->set_sequence(sequence);
    return duplex_.Write(request);
  }
  bool WaitForMessages(size_t count) {
    std::unique_lock lock(mu_);
    return changed_.wait_for(lock, kSoon, [&] { return arrived_.size() >= count; });
  }
  Status WaitForEnd() {
    std::unique_lock lock(mu_);
    changed_.wait_for(lock, kSoon, [&] { return !ended_.ok(); });
    return ended_;
  }
  std::vector<uint64_t> arrived() {
    std::lock_guard lock(mu_);
    return arrived_;
  }
  void Resume() { duplex_.Resume(); }

 private:
  const OnMessage on_message_;
  std::mutex mu_;
  std::condition_variable changed_;
  std::vector<uint64_t> arrived_;
  Status ended_;
  ClientDuplex<TakeRequest, TakeResponse> duplex_;
};

TakeResponse Answer(uint64_t sequence, size_t bytes = 0) {
  TakeResponse response;
  response.set_sequence(sequence);
  response.set_data(std::string(bytes, 'x'));
  return response;
}

class Duplex : public ::testing::Test {
 protected:
  void Serve(Service::OnMessage on_message) {
    service_ = std::make_unique<Service>(std::move(on_message));
    server_ = std::make_unique<Server>("127.0.0.1:0", grpc::InsecureServerCredentials());
    service_->AddTo(server_.get());
    ASSERT_TRUE(server_->Start().ok());
    channel_ = NewChannel("127.0.0.1:" + std::to_string(server_->port()), grpc::InsecureChannelCredentials());
    stub_ = ReceiverService::NewStub(channel_);
  }

  std::unique_ptr<Service> service_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<ReceiverService::Stub> stub_;
};

TEST_F(Duplex, MessagesArriveInOrderAndSoDoTheirAnswers) {
  Serve([](Service::Stream* stream, TakeRequest& message) {
    return stream->Write(Answer(message.applied().sequence()));
  });
  Client client(stub_.get(), nullptr);
  std::vector<uint64_t> sent;
  for (uint64_t i = 1; i <= 2000; ++i) {
    ASSERT_TRUE(client.Send(i));
    sent.push_back(i);
  }
  ASSERT_TRUE(client.WaitForMessages(sent.size()));
  EXPECT_EQ(client.arrived(), sent);
}

TEST_F(Duplex, BigMessagesThatTheClientDoesNotReadMakeTheServerWait) {
  std::atomic<uint64_t> written = 0;
  constexpr uint64_t kMessages = 40;
  Serve([&](Service::Stream* stream, TakeRequest&) {
    for (uint64_t i = 1; i <= kMessages; ++i) {
      if (!stream->Write(Answer(i, 1u << 20))) return false;
      written = i;
    }
    return true;
  });
  Client client(stub_.get(), [](const TakeResponse&) { return false; });
  ASSERT_TRUE(client.Send(1));
  ASSERT_TRUE(client.WaitForMessages(1));
  // Until the server gets no further.
  uint64_t seen = 0;
  for (int quiet = 0; quiet < 5;) {
    const uint64_t now = written;
    quiet = now == seen ? quiet + 1 : 0;
    seen = now;
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_LT(written, kMessages);
  for (size_t i = 2; i <= kMessages; ++i) {
    client.Resume();
    ASSERT_TRUE(client.WaitForMessages(i));
  }
  EXPECT_EQ(client.arrived().back(), kMessages);
}

TEST_F(Duplex, AClientThatPausedCanBeDestroyed) {
  Serve([](Service::Stream* stream, TakeRequest&) {
    return stream->Write(Answer(1)) && stream->Write(Answer(2));
  });
  auto client = std::make_unique<Client>(stub_.get(), [](const TakeResponse&) { return false; });
  ASSERT_TRUE(client->Send(1));
  ASSERT_TRUE(client->WaitForMessages(1));
  auto gone = std::async(std::launch::async, [&] { client.reset(); });
  EXPECT_EQ(gone.wait_for(kSoon), std::future_status::ready);
}

// Streams whose handlers wait for the last one, which nobody would serve if they kept the loop.
void ExpectAllServed(Service* service, ReceiverService::Stub* stub) {
  constexpr size_t kStreams = 6;
  std::vector<std::unique_ptr<Client>> clients;
  for (size_t i = 0; i < kStreams; ++i) {
    clients.push_back(std::make_unique<Client>(stub, nullptr));
    ASSERT_TRUE(clients.back()->Send(i));
  }
  for (const auto& client : clients) EXPECT_TRUE(client->WaitForMessages(1));
  EXPECT_EQ(service->ended(), 0);
}

TEST_F(Duplex, HandlersThatSayTheyWaitKeepNobodyWaiting) {
  std::mutex mu;
  std::condition_variable changed;
  size_t came = 0;
  Serve([&](Service::Stream* stream, TakeRequest&) {
    const BlockingSection section;
    std::unique_lock lock(mu);
    ++came;
    changed.notify_all();
    return changed.wait_for(lock, kSoon, [&] { return came == 6; }) && stream->Write(Answer(1));
  });
  ExpectAllServed(service_.get(), stub_.get());
}

TEST_F(Duplex, AHandlerThatWaitsWithoutSayingSoIsFound) {
  std::mutex mu;
  std::condition_variable changed;
  size_t came = 0;
  Serve([&](Service::Stream* stream, TakeRequest&) {
    std::unique_lock lock(mu);
    ++came;
    changed.notify_all();
    return changed.wait_for(lock, kSoon, [&] { return came == 6; }) && stream->Write(Answer(1));
  });
  ExpectAllServed(service_.get(), stub_.get());
}

TEST_F(Duplex, AStreamThatTheServerCancelsEndsAtBothEnds) {
  Serve([](Service::Stream* stream, TakeRequest&) {
    stream->Cancel(Status(StatusCode::kAborted, "enough"));
    return true;
  });
  Client client(stub_.get(), nullptr);
  ASSERT_TRUE(client.Send(1));
  EXPECT_FALSE(client.WaitForEnd().ok());
  // What is written by then, or soon, is refused.
  const auto deadline = std::chrono::steady_clock::now() + kSoon;
  while (client.Send(2)) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  while (service_->ended() == 0) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST_F(Duplex, AHandlerThatReturnsTellsItsStatus) {
  Serve([](Service::Stream* stream, TakeRequest&) {
    stream->AskToEnd(Status(StatusCode::kFailedPrecondition, "no such wagon", "look again"), Answer(9));
    return false;
  });
  Client client(stub_.get(), nullptr);
  ASSERT_TRUE(client.Send(1));
  const Status ended = client.WaitForEnd();
  EXPECT_EQ(ended.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ended.message(), "no such wagon");
  EXPECT_EQ(client.arrived(), std::vector<uint64_t>{9}) << "the last word comes before the end";
}

TEST_F(Duplex, AServerThatDrainsEndsItsStreams) {
  Serve([](Service::Stream* stream, TakeRequest&) { return stream->Write(Answer(1)); });
  Client client(stub_.get(), nullptr);
  ASSERT_TRUE(client.Send(1));
  ASSERT_TRUE(client.WaitForMessages(1));
  server_->Drain(50ms);
  EXPECT_EQ(service_->ended(), 1);
  EXPECT_FALSE(client.WaitForEnd().ok());
}

TEST_F(Duplex, AServerIsGoneWhileItsClientsGoOnInTheSameProcess) {
  for (int i = 0; i < 20; ++i) {
    Serve([](Service::Stream* stream, TakeRequest&) { return stream->Write(Answer(1)); });
    Client client(stub_.get(), nullptr);
    if (i % 2 == 0) {
      ASSERT_TRUE(client.Send(1));
      ASSERT_TRUE(client.WaitForMessages(1));
    }
    server_.reset();
    service_.reset();
    EXPECT_FALSE(client.WaitForEnd().ok());
  }
}

TEST_F(Duplex, ACallThatCannotBeginEnds) {
  Serve([](Service::Stream*, TakeRequest&) { return true; });
  server_->Drain(0ms);
  Client client(stub_.get(), nullptr);
  EXPECT_EQ(client.WaitForEnd().code(), StatusCode::kUnavailable);
}

TEST_F(Duplex, HealthIsToldAndWatched) {
  Serve([](Service::Stream*, TakeRequest&) { return true; });
  ASSERT_TRUE(CheckHealth(channel_, kSoon).ok());
  EXPECT_FALSE(*CheckHealth(channel_, kSoon));
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  grpc::ClientContext context;
  const auto watch = health->Watch(&context, {});
  grpc::health::v1::HealthCheckResponse told;
  ASSERT_TRUE(watch->Read(&told));
  EXPECT_EQ(told.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  server_->SetServing(true);
  EXPECT_TRUE(*CheckHealth(channel_, kSoon));
  ASSERT_TRUE(watch->Read(&told));
  EXPECT_EQ(told.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  server_->Drain(50ms);
  while (watch->Read(&told)) {
  }
  EXPECT_FALSE(watch->Finish().ok());
}

}  // namespace
}  // namespace srdf::rpc
