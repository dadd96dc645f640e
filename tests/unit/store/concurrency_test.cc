#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "store/inbox.h"
#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

// The shape of a running shipper and receiver: one thread stores, one sends, one applies, one looks, one
// purges, on two flows at once.
TEST(StoreConcurrency, StoringSendingApplyingLookingAndPurgingAtOnce) {
  constexpr uint64_t kWagons = 120;
  const std::vector<std::string> flows = {"orders", "invoices"};
  TemporaryDirectory directory;
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  auto inbox = Must(Inbox::Open(directory / "inbox.db"));
  std::atomic<int> running{0};
  std::vector<std::jthread> threads;
  for (const std::string& flow : flows) {
    Must(outbox->Reconcile(flow, Start()));
    Must(inbox->AdoptCheckpoint(flow, Start()));
    running += 3;
    threads.emplace_back([&, flow] {
      for (uint64_t i = 1; i <= kWagons; ++i) {
        const size_t bytes = i % 40 == 0 ? 6 * kChunkBytes : 200 + i;
        EXPECT_OK(Store(outbox.get(), FakeFrame(i, bytes), "", flow));
      }
      --running;
    });
    threads.emplace_back([&, flow] {
      uint64_t sent = 0;
      while (sent < kWagons) {
        const auto next = Must(outbox->NextToSend(flow, sent));
        if (!next) {
          std::this_thread::yield();
          continue;
        }
        EXPECT_EQ(next->header.sequence, sent + 1);
        EXPECT_OK(outbox->BeginAttempt(flow, sent + 1));
        EXPECT_OK(Receive(inbox.get(), ReadFrame(outbox.get(), sent + 1, next->chunk_count, flow), "", flow));
        EXPECT_OK(outbox->MarkSent(flow, sent + 1));
        EXPECT_OK(outbox->MarkAcked(flow, sent + 1, "accepted"));
        ++sent;
      }
      --running;
    });
    threads.emplace_back([&, flow] {
      uint64_t applied = 0;
      while (applied < kWagons) {
        const auto next = Must(inbox->NextToApply(flow, applied));
        if (!next) {
          std::this_thread::yield();
          continue;
        }
        EXPECT_EQ(next->header.sequence, applied + 1);
        EXPECT_EQ(Must(inbox->ReadChunk(flow, applied + 1, 0)).size(),
                  std::min(next->frame_bytes, kChunkBytes));
        ++applied;
        EXPECT_OK(inbox->MarkApplied(flow, applied));
        EXPECT_OK(outbox->MarkApplied(flow, applied));
      }
      --running;
    });
  }
  threads.emplace_back([&] {
    while (running > 0) {
      for (const std::string& flow : flows) {
        const OutboxFlow state = Must(outbox->GetFlow(flow));
        EXPECT_LE(state.unacked_wagons, state.unapplied_wagons);
        EXPECT_LE(state.applied_sequence, state.tip.sequence);
        uint64_t counted = 0;
        for (const StatusCount& count : Must(outbox->Counts(flow))) counted += count.wagons;
        EXPECT_LE(counted, kWagons);
        for (const OutboxWagon& wagon : Must(outbox->List(flow, 0, 5)))
          EXPECT_EQ(wagon.header.tables.size(), 2u);
        EXPECT_LE(Must(inbox->GetFlow(flow)).applied_sequence, kWagons);
        EXPECT_LE(Must(inbox->List(flow, 0, 5)).size(), 5u);
      }
    }
  });
  threads.emplace_back([&] {
    while (running > 0) {
      for (const std::string& flow : flows) {
        EXPECT_OK(outbox->Purge(flow, INT64_MAX).status());
        EXPECT_OK(inbox->Purge(flow, INT64_MAX).status());
      }
      std::this_thread::yield();
    }
  });
  threads.clear();  // joins
  for (const std::string& flow : flows) {
    EXPECT_EQ(Must(outbox->GetFlow(flow)).applied_sequence, kWagons);
    EXPECT_EQ(Must(outbox->GetFlow(flow)).unapplied_wagons, 0u);
    EXPECT_EQ(Must(inbox->GetFlow(flow)).applied_sequence, kWagons);
    EXPECT_EQ(Must(inbox->GetFlow(flow)).tip, Must(outbox->GetFlow(flow)).tip);
    EXPECT_EQ(Must(outbox->Totals(flow)).wagons, kWagons);
  }
}

}  // namespace
}  // namespace srdf::store
