#include <gtest/gtest.h>

#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

constexpr int64_t kFarFuture = INT64_MAX;

TEST(OutboxPurge, RemovesAppliedWagonsButTheNewestOne) {
  TemporaryDirectory directory;
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  Must(outbox->Reconcile(kFlow, Start()));
  StoreWagons(outbox.get(), 200);
  for (uint64_t i = 1; i <= 150; ++i) Deliver(outbox.get(), i);
  ASSERT_OK(outbox->MarkApplied(kFlow, 140));
  EXPECT_EQ(Must(outbox->Purge(kFlow, 1000)), 0u);  // none that old
  EXPECT_EQ(Must(outbox->Purge(kFlow, kFarFuture)), 139u);
  EXPECT_EQ(Must(outbox->Purge(kFlow, kFarFuture)), 0u);
  const auto left = Must(outbox->List(kFlow, 0, 1000));
  ASSERT_EQ(left.size(), 61u);
  EXPECT_EQ(left.back().header.sequence, 140u);
  EXPECT_EQ(outbox->ReadChunk(kFlow, 139, 0).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadFrame(outbox.get(), 141, 1), FakeFrame(141, 241));
  EXPECT_EQ(Must(outbox->Totals(kFlow)).wagons, 200u);
  EXPECT_EQ(Must(outbox->Totals(kFlow)).rows_before, 2000u);
  EXPECT_EQ(Must(outbox->Totals(kFlow)).statements, 100u);
  for (const StatusCount& count : Must(outbox->Counts(kFlow))) {
    if (count.status == "applied") {
      EXPECT_EQ(count.wagons, 1u);
    }
  }
}

TEST(OutboxPurge, SpaceOfLargeWagonsIsUsedAgain) {
  TemporaryDirectory directory;
  const std::string path = directory / "outbox.db";
  auto outbox = Must(Outbox::Open(path));
  Must(outbox->Reconcile(kFlow, Start()));
  size_t bytes_after_two = 0;
  for (uint64_t i = 1; i <= 8; ++i) {
    ASSERT_OK(Store(outbox.get(), FakeFrame(i, 20 * kChunkBytes)));
    ASSERT_OK(outbox->MarkApplied(kFlow, i));
    Must(outbox->Purge(kFlow, kFarFuture));
    if (i == 3) bytes_after_two = SizeOfFile(path);
  }
  EXPECT_LE(SizeOfFile(path), bytes_after_two + 4 * kChunkBytes);
  EXPECT_TRUE(ReadFrame(outbox.get(), 8, 20) == FakeFrame(8, 20 * kChunkBytes));
}

TEST(OutboxPurge, AFileMostlyFreeShrinks) {
  TemporaryDirectory directory;
  const std::string path = directory / "outbox.db";
  auto outbox = Must(Outbox::Open(path));
  Must(outbox->Reconcile(kFlow, Start()));
  for (uint64_t i = 1; i <= 4; ++i) ASSERT_OK(Store(outbox.get(), FakeFrame(i, 20 * kChunkBytes)));
  ASSERT_OK(Store(outbox.get(), "small"));
  ASSERT_OK(outbox->MarkApplied(kFlow, 5));
  EXPECT_EQ(Must(outbox->Purge(kFlow, kFarFuture)), 4u);
  outbox.reset();
  EXPECT_LT(SizeOfFile(path), 24 * kChunkBytes);
  outbox = Must(Outbox::Open(path));
  EXPECT_EQ(ReadFrame(outbox.get(), 5, 1), "small");
}

TEST(OutboxPurge, SupersededWagonsGoWithTheirRetention) {
  TemporaryDirectory directory;
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  Must(outbox->Reconcile(kFlow, Start()));
  StoreWagons(outbox.get(), 3);
  EXPECT_TRUE(Must(outbox->Reconcile(kFlow, TipOf(FakeHeader(5, "", "x"), FakeHash(5, "x")))));
  EXPECT_EQ(Must(outbox->Purge(kFlow, 1000)), 0u);
  EXPECT_EQ(Must(outbox->Purge(kFlow, kFarFuture)), 3u);
  EXPECT_TRUE(Must(outbox->List(kFlow, 0, 10)).empty());
}

}  // namespace
}  // namespace srdf::store
