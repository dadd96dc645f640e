#include "shipper/send_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace srdf::shipper {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class Sink : public DeliverSession {
 public:
  bool Send(ChunkToSend chunk) override {
    bytes += chunk.data.size();
    data += chunk.data;
    pieces.push_back(std::move(chunk));
    return !broken;
  }
  bool SendSkip(const SkipToSend&) override { return !broken; }
  void Cancel() override {}

  std::atomic<uint64_t> bytes{0};
  std::string data;
  std::vector<ChunkToSend> pieces;
  bool broken = false;
};

ChunkToSend ChunkOf(size_t bytes) {
  ChunkToSend chunk{7, "uid", "hash", 2, 5, std::string(bytes, 'x')};
  for (size_t i = 0; i < bytes; ++i) chunk.data[i] = static_cast<char>('a' + i % 26);
  return chunk;
}

const auto kNever = [] { return false; };

TEST(SendGate, WithoutALimitAChunkLeavesWhole) {
  SendGate gate(0);
  Sink sink;
  EXPECT_TRUE(gate.Send("a", &sink, ChunkOf(1 << 20), kNever));
  ASSERT_EQ(sink.pieces.size(), 1u);
  EXPECT_FALSE(sink.pieces[0].continues);
}

TEST(SendGate, ALimitMakesAnEvenStreamOfPieces) {
  SendGate gate(0);
  gate.SetFlow("a", {64 << 10, 5});
  Sink sink;
  const ChunkToSend chunk = ChunkOf(96 << 10);
  const auto begin = Clock::now();
  EXPECT_TRUE(gate.Send("a", &sink, chunk, kNever));
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  EXPECT_GT(seconds, 1.1);
  EXPECT_LT(seconds, 2.2);
  EXPECT_EQ(sink.data, chunk.data);
  ASSERT_EQ(sink.pieces.size(), 12u);
  for (size_t i = 0; i < sink.pieces.size(); ++i) {
    EXPECT_EQ(sink.pieces[i].continues, i + 1 < sink.pieces.size());
    EXPECT_EQ(sink.pieces[i].chunk_no, 2u);
  }
  EXPECT_GT(gate.waited("a"), milliseconds(1000));
}

TEST(SendGate, AChangedLimitHoldsForTheChunkThatWaits) {
  SendGate gate(0);
  gate.SetFlow("a", {1 << 10, 5});
  Sink sink;
  std::thread sender([&] { EXPECT_TRUE(gate.Send("a", &sink, ChunkOf(256 << 10), kNever)); });
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_LT(sink.bytes, 8u << 10);
  const auto begin = Clock::now();
  gate.SetFlow("a", {0, 5});
  sender.join();
  EXPECT_LT(Clock::now() - begin, milliseconds(900));
  EXPECT_EQ(sink.bytes, 256u << 10);
}

TEST(SendGate, AWaitEndsWhenItIsGivenUp) {
  SendGate gate(1 << 10);
  Sink sink;
  std::atomic<bool> over = false;
  std::thread sender(
      [&] { EXPECT_FALSE(gate.Send("a", &sink, ChunkOf(1 << 20), [&] { return over.load(); })); });
  std::this_thread::sleep_for(milliseconds(150));
  const auto begin = Clock::now();
  over = true;
  sender.join();
  EXPECT_LT(Clock::now() - begin, milliseconds(900));
}

TEST(SendGate, AStreamThatEndedIsNoticed) {
  SendGate gate(0);
  Sink sink;
  sink.broken = true;
  EXPECT_FALSE(gate.Send("a", &sink, ChunkOf(10), kNever));
}

TEST(SendGate, ThreadsOfAllFlowsShareTheLine) {
  SendGate gate(400'000);
  gate.SetFlow("high", {0, 9});
  gate.SetFlow("low", {0, 5});
  std::atomic<bool> over = false;
  Sink high, low;
  const auto work = [&](const std::string& flow, Sink* sink) {
    while (gate.Send(flow, sink, ChunkOf(100'000), [&] { return over.load(); })) {
    }
  };
  std::thread a(work, "high", &high), b(work, "low", &low);
  std::this_thread::sleep_for(milliseconds(2000));
  over = true;
  a.join();
  b.join();
  EXPECT_NEAR(static_cast<double>(high.bytes + low.bytes), 800'000, 200'000);
  EXPECT_GT(high.bytes, 5 * low.bytes);
}

}  // namespace
}  // namespace srdf::shipper
