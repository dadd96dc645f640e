#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace srdf {
namespace {

TEST(BoundedQueue, GivesItemsInOrder) {
  BoundedQueue<int> queue(10, 1000);
  std::stop_source stop;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.Push(i, 1, stop.get_token()));
  EXPECT_EQ(queue.items(), 3u);
  EXPECT_EQ(queue.bytes(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.Pop(stop.get_token()), i);
  EXPECT_FALSE(queue.TryPop().has_value());
}

TEST(BoundedQueue, AnItemLargerThanTheByteLimitPassesAlone) {
  BoundedQueue<int> queue(10, 100);
  std::stop_source stop;
  ASSERT_TRUE(queue.Push(1, 5000, stop.get_token()));
  std::atomic<bool> pushed = false;
  std::jthread producer([&] {
    EXPECT_TRUE(queue.Push(2, 1, stop.get_token()));
    pushed = true;
  });
  EXPECT_FALSE(pushed);  // cannot have passed before the Pop below
  EXPECT_EQ(queue.Pop(stop.get_token()), 1);
  EXPECT_EQ(queue.Pop(stop.get_token()), 2);
}

TEST(BoundedQueue, NeverHoldsMoreThanItsLimits) {
  BoundedQueue<int> queue(4, 40);
  std::stop_source stop;
  constexpr int kItems = 5'000;
  std::atomic<size_t> items_seen_max = 0, bytes_seen_max = 0;
  std::atomic<long> sum = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kItems; ++i) EXPECT_TRUE(queue.Push(i, 15, stop.get_token()));
      });
      threads.emplace_back([&] {
        for (int i = 0; i < kItems; ++i) {
          items_seen_max = std::max(items_seen_max.load(), queue.items());
          bytes_seen_max = std::max(bytes_seen_max.load(), queue.bytes());
          sum += queue.Pop(stop.get_token()).value();
        }
      });
    }
  }
  EXPECT_EQ(sum, 2L * kItems * (kItems - 1) / 2);
  EXPECT_LE(items_seen_max, 2u);  // 15 + 15 fit into 40, a third does not
  EXPECT_LE(bytes_seen_max, 40u);
}

TEST(BoundedQueue, StopEndsEveryWait) {
  BoundedQueue<int> queue(1, 100);
  std::stop_source stop;
  ASSERT_TRUE(queue.Push(1, 1, stop.get_token()));
  std::jthread producer([&] { EXPECT_FALSE(queue.Push(2, 1, stop.get_token())); });
  BoundedQueue<int> empty(1, 100);
  std::jthread consumer([&] { EXPECT_FALSE(empty.Pop(stop.get_token()).has_value()); });
  stop.request_stop();
}

TEST(BoundedQueue, CloseRefusesNewItemsAndDrainsOldOnes) {
  BoundedQueue<std::unique_ptr<int>> queue(10, 100);
  std::stop_source stop;
  ASSERT_TRUE(queue.Push(std::make_unique<int>(7), 1, stop.get_token()));
  queue.Close();
  EXPECT_FALSE(queue.Push(std::make_unique<int>(8), 1, stop.get_token()));
  EXPECT_EQ(**queue.Pop(stop.get_token()), 7);
  EXPECT_FALSE(queue.Pop(stop.get_token()).has_value());
}

}  // namespace
}  // namespace srdf
