#include "support/relay_line.h"

#include <gtest/gtest.h>

namespace srdf::test {
namespace {

using std::chrono::milliseconds;

constexpr RelayTime kStart = RelayTime() + std::chrono::hours(1);

// Hands on everything that has arrived.
std::string Drain(RelayPipe* pipe, RelayTime now) {
  std::string out;
  for (std::string_view bytes = pipe->Arrived(now); !bytes.empty(); bytes = pipe->Arrived(now)) {
    out += bytes;
    pipe->HandedOn(bytes.size());
  }
  return out;
}

TEST(RelayLine, BytesArriveAfterTheDelayAndNotBefore) {
  RelayLine line;
  RelayPipe pipe;
  line.SetFaults({.delay = milliseconds(200)});
  ASSERT_TRUE(line.Take(&pipe, "hello", kStart));
  EXPECT_EQ(Drain(&pipe, kStart + milliseconds(199)), "");
  EXPECT_EQ(pipe.next(), kStart + milliseconds(200));
  EXPECT_EQ(Drain(&pipe, kStart + milliseconds(200)), "hello");
  EXPECT_TRUE(pipe.empty());
}

TEST(RelayLine, JitterAndAShorterDelayKeepTheOrder) {
  RelayLine line;
  RelayPipe pipe;
  std::string sent, arrived;
  for (int i = 0; i < 200; ++i) {
    line.SetFaults({.delay = milliseconds(i % 2 * 100), .jitter = milliseconds(50)});
    const std::string bytes = std::to_string(i) + ",";
    ASSERT_TRUE(line.Take(&pipe, bytes, kStart + milliseconds(i)));
    sent += bytes;
    arrived += Drain(&pipe, kStart + milliseconds(i));
  }
  EXPECT_NE(arrived, sent);
  arrived += Drain(&pipe, kStart + milliseconds(1000));
  EXPECT_EQ(arrived, sent);
}

TEST(RelayLine, TheBandwidthIsTheLinesAndNotAConnections) {
  RelayLine line;
  RelayPipe a, b;
  line.SetFaults({.bytes_per_second = 10000});
  ASSERT_TRUE(line.Take(&a, std::string(500, 'a'), kStart));
  ASSERT_TRUE(line.Take(&b, std::string(500, 'b'), kStart));
  EXPECT_EQ(a.next(), kStart + milliseconds(50));
  EXPECT_EQ(b.next(), kStart + milliseconds(100));
  EXPECT_EQ(line.Room(a, kStart), 0u);
  EXPECT_GT(line.Room(a, kStart + milliseconds(90)), 0u);
}

TEST(RelayLine, TheNthByteIsFlippedAndNoOther) {
  RelayLine line;
  RelayPipe pipe;
  ASSERT_TRUE(line.Take(&pipe, "before", kStart));
  line.FlipByteAfter(3);
  ASSERT_TRUE(line.Take(&pipe, "ab", kStart));
  ASSERT_TRUE(line.Take(&pipe, "cdefgh", kStart));
  EXPECT_EQ(Drain(&pipe, kStart), std::string("beforeabc") + static_cast<char>('d' ^ 0x10) + "efgh");
}

TEST(RelayLine, AResetComesJustBeforeTheNthByte) {
  RelayLine line;
  RelayPipe pipe;
  line.ResetAfter(4);
  EXPECT_TRUE(line.Take(&pipe, "ab", kStart));
  EXPECT_FALSE(line.Take(&pipe, "cdef", kStart));
  EXPECT_EQ(Drain(&pipe, kStart), "abcd");
}

TEST(RelayLine, ABlackHoleSwallowsOrTakesNothing) {
  RelayLine line;
  RelayPipe pipe;
  line.SetFaults({.hole = BlackHole::kStall});
  EXPECT_EQ(line.Room(pipe, kStart), 0u);
  line.SetFaults({.hole = BlackHole::kSwallow});
  EXPECT_GT(line.Room(pipe, kStart), 0u);
  EXPECT_TRUE(line.Take(&pipe, "gone", kStart));
  EXPECT_TRUE(pipe.empty());
  EXPECT_TRUE(pipe.lost);
}

}  // namespace
}  // namespace srdf::test
