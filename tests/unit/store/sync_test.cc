// Which calls wait for the disk, and what happens when the disk says no. This program's own fsync and
// fdatasync come before the C library's, also for SQLite.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "store/inbox.h"
#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace {

int g_syncs = 0;
bool g_syncs_fail = false;

int Sync(long call, int fd) {
  ++g_syncs;
  if (g_syncs_fail) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(syscall(call, fd));
}

}  // namespace

extern "C" int fsync(int fd) { return Sync(SYS_fsync, fd); }
extern "C" int fdatasync(int fd) { return Sync(SYS_fdatasync, fd); }

namespace srdf::store {
namespace {

int SyncsOf(const std::function<void()>& action) {
  const int before = g_syncs;
  action();
  return g_syncs - before;
}

class SyncTest : public ::testing::Test {
 protected:
  SyncTest()
      : outbox_(Must(Outbox::Open(directory_ / "outbox.db"))),
        inbox_(Must(Inbox::Open(directory_ / "inbox.db"))) {
    Must(outbox_->Reconcile(kFlow, Start()));
    Must(inbox_->AdoptCheckpoint(kFlow, Start()));
    StoreWagons(outbox_.get(), 1);  // the first sync of a new log also syncs its directory
    ReceiveWagons(inbox_.get(), 1);
  }
  ~SyncTest() override { g_syncs_fail = false; }

  TemporaryDirectory directory_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Inbox> inbox_;
};

TEST_F(SyncTest, StoringAWagonCostsOneSyncAndDeliveringItNone) {
  EXPECT_EQ(SyncsOf([&] { StoreWagons(outbox_.get(), 1); }), 1);
  EXPECT_EQ(SyncsOf([&] { Must(Store(outbox_.get(), FakeFrame(1, kChunkBytes))); }), 1);
  EXPECT_EQ(SyncsOf([&] {
              for (uint64_t i = 1; i <= 3; ++i) Deliver(outbox_.get(), i);
              Must(outbox_->MarkApplied(kFlow, 3));
              Must(outbox_->NextToSend(kFlow, 0));
            }),
            0);
}

TEST_F(SyncTest, AcceptingAWagonCostsOneSyncAndApplyingItNone) {
  EXPECT_EQ(SyncsOf([&] { ReceiveWagons(inbox_.get(), 1); }), 1);
  EXPECT_EQ(SyncsOf([&] { Must(inbox_->AcceptWhole(FakeHeader(3, FakeHash(2)), FakeHash(3), "frame")); }), 1);
  EXPECT_EQ(SyncsOf([&] { Must(inbox_->MarkApplied(kFlow, 2)); }), 0);
  EXPECT_EQ(SyncsOf([&] { Must(inbox_->MarkEachApplied(kFlow, 3, 3)); }), 0);
}

TEST_F(SyncTest, WhatNobodyRepeatsIsSynced) {
  EXPECT_GE(SyncsOf([&] { Must(outbox_->MarkRetry(kFlow, 1, "network")); }), 1);
  EXPECT_GE(SyncsOf([&] { Must(outbox_->MarkDeadLetter(kFlow, 1, "format")); }), 1);
  EXPECT_GE(SyncsOf([&] { Must(outbox_->Requeue(kFlow)); }), 1);
  EXPECT_GE(SyncsOf([&] { Must(outbox_->SetPaused(kFlow, true)); }), 1);
  EXPECT_GE(SyncsOf([&] { Must(inbox_->MarkFailed(kFlow, 1, "no such table")); }), 1);
}

TEST_F(SyncTest, AfterAFailedSyncNothingIsCalledDurableUntilTheFileIsOpenedAgain) {
  g_syncs_fail = true;
  const Status failed = Store(outbox_.get(), "frame");
  EXPECT_EQ(failed.code(), StatusCode::kUnavailable) << failed.ToString();
  EXPECT_NE(failed.remedy(), "");
  g_syncs_fail = false;
  EXPECT_EQ(Store(outbox_.get(), "frame").code(), StatusCode::kUnavailable);
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).tip.sequence, 1u);  // looking still works
  outbox_.reset();
  outbox_ = Must(Outbox::Open(directory_ / "outbox.db"));
  const uint64_t tip = Must(outbox_->GetFlow(kFlow)).tip.sequence;
  EXPECT_GE(tip, 1u);  // the unconfirmed one may have come through
  EXPECT_OK(Store(outbox_.get(), "frame"));
}

}  // namespace
}  // namespace srdf::store
