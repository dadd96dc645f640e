// Trap 36: a disk that is full, read-only, slow or broken is a state of the queue with a remedy, and ends by
// itself; nothing is called durable that is not. The faults are the C library's calls
// (support/disk_faults.h), and one real file system.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "store/inbox.h"
#include "store/outbox.h"
#include "support/disk_faults.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

using std::chrono::milliseconds;
using test::SetDiskFaults;

// Either queue, by what they have in common.
class Queue {
 public:
  Queue(const std::string& name, const TemporaryDirectory& directory, const StoreOptions& options)
      : path_(directory / (name + ".db")) {
    if (name == "outbox") {
      outbox_ = Must(Outbox::Open(path_, options));
      Must(outbox_->Reconcile(kFlow, Start()));
    } else {
      inbox_ = Must(Inbox::Open(path_, options));
      Must(inbox_->AdoptCheckpoint(kFlow, Start()));
    }
  }
  // The next wagon.
  Status Put(size_t bytes = 2000) {
    const std::string frame = FakeFrame(Tip() + 1, bytes);
    return outbox_ ? Store(outbox_.get(), frame) : Receive(inbox_.get(), frame);
  }
  uint64_t Tip() {
    return outbox_ ? Must(outbox_->GetFlow(kFlow)).tip.sequence : Must(inbox_->GetFlow(kFlow)).tip.sequence;
  }
  // Something small that is no wagon.
  Status Note() {
    return outbox_ ? outbox_->SetPaused(kFlow, paused_ = !paused_) : inbox_->MarkFailed(kFlow, 1, "no");
  }
  std::string Frame(uint64_t sequence) {
    return outbox_ ? ReadFrame(outbox_.get(), sequence, 1) : ReadFrame(inbox_.get(), sequence, 1);
  }
  StoreDisk* disk() { return outbox_ ? outbox_->disk() : inbox_->disk(); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Inbox> inbox_;
  bool paused_ = false;
};

class DiskState : public ::testing::TestWithParam<std::string> {
 protected:
  DiskState() : queue_(GetParam(), directory_, Options()) { EXPECT_OK(queue_.Put()); }
  ~DiskState() override { SetDiskFaults(""); }

  static StoreOptions Options() {
    StoreOptions options;
    options.disk_slow_sync = milliseconds(100);
    return options;
  }
  StoreState State() { return queue_.disk()->Health().state; }
  StoreState Check() { return queue_.disk()->CheckDisk().state; }

  // Writes fail so that the state is `expected`, for as long as the fault lasts and no longer.
  void ExpectStateWhile(const std::string& faults, StoreState expected, StatusCode code) {
    ASSERT_EQ(Check(), StoreState::kOk);
    const uint64_t tip = queue_.Tip();
    SetDiskFaults(faults);
    EXPECT_EQ(queue_.Put().code(), code);
    const StoreHealth health = queue_.disk()->Health();
    EXPECT_EQ(health.state, expected) << StoreStateName(health.state);
    EXPECT_FALSE(health.takes_wagons);
    EXPECT_FALSE(health.writable);
    EXPECT_NE(health.since_ms, 0);
    EXPECT_NE(health.problem.message().find(queue_.path()), std::string::npos) << health.problem.message();
    EXPECT_NE(health.problem.remedy(), "");
    EXPECT_EQ(Check(), expected);
    EXPECT_EQ(Check(), expected);
    EXPECT_EQ(queue_.disk()->Health().since_ms, health.since_ms) << "one state, not many";
    SetDiskFaults("");
    EXPECT_EQ(Check(), StoreState::kOk) << queue_.disk()->Health().problem.ToString();
    EXPECT_TRUE(queue_.disk()->Health().takes_wagons);
    EXPECT_TRUE(queue_.disk()->Health().writable);
    EXPECT_EQ(queue_.Tip(), tip);
    ASSERT_OK(queue_.Put());
    for (uint64_t i = 1; i <= tip + 1; ++i) EXPECT_TRUE(queue_.Frame(i) == FakeFrame(i, 2000)) << i;
  }

  TemporaryDirectory directory_;
  Queue queue_;
};

TEST_P(DiskState, AFullDiskIsAStateNotACrashAndEndsByItself) {
  ExpectStateWhile("write ENOSPC " + queue_.path(), StoreState::kFull, StatusCode::kResourceExhausted);
}

TEST_P(DiskState, ALogThatFindsNoSpaceIsAFullDisk) {
  ExpectStateWhile("write ENOSPC " + queue_.path() + "-wal", StoreState::kFull,
                   StatusCode::kResourceExhausted);
}

TEST_P(DiskState, AUsedUpQuotaIsAFullDisk) {
  ExpectStateWhile("write EDQUOT " + queue_.path(), StoreState::kFull, StatusCode::kResourceExhausted);
}

TEST_P(DiskState, AFullDiskWithRoomForAPageIsStillFullButTakesReceipts) {
  SetDiskFaults("write ENOSPC " + queue_.path());
  EXPECT_FALSE(queue_.Put().ok());
  SetDiskFaults("write ENOSPC " + queue_.path() + ".room");
  const StoreHealth health = queue_.disk()->CheckDisk();
  EXPECT_EQ(health.state, StoreState::kFull);
  EXPECT_TRUE(health.writable);
  EXPECT_FALSE(health.takes_wagons);
  EXPECT_OK(queue_.Note());
  SetDiskFaults("");
  EXPECT_EQ(Check(), StoreState::kOk);
}

TEST_P(DiskState, AReadOnlyFileSystemIsAStateAndEndsByItself) {
  ExpectStateWhile("write EROFS " + queue_.path(), StoreState::kReadOnly, StatusCode::kPermissionDenied);
}

TEST_P(DiskState, AWriteThatFailsOpensTheFileAgainBeforeAnythingElseIsWritten) {
  ExpectStateWhile("write EIO " + queue_.path(), StoreState::kFailing, StatusCode::kUnavailable);
  EXPECT_EQ(queue_.disk()->Health().generation, 1u);
}

TEST_P(DiskState, AfterAFailedSyncTheFileIsOpenedAgainAsAfterACrash) {
  const uint64_t before = queue_.Tip();
  SetDiskFaults("sync EIO " + queue_.path());
  EXPECT_EQ(queue_.Put().code(), StatusCode::kUnavailable);
  EXPECT_EQ(State(), StoreState::kFailing);
  EXPECT_EQ(Check(), StoreState::kFailing);
  // The next sync would say "done": nothing is written before the file was opened again.
  SetDiskFaults("");
  EXPECT_EQ(queue_.Note().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Check(), StoreState::kOk) << queue_.disk()->Health().problem.ToString();
  EXPECT_EQ(queue_.disk()->Health().generation, 1u);
  const uint64_t tip = queue_.Tip();
  EXPECT_GE(tip, before);
  EXPECT_LE(tip, before + 1);  // the unconfirmed one may have come through
  ASSERT_OK(queue_.Put());
  for (uint64_t i = 1; i <= tip + 1; ++i) EXPECT_TRUE(queue_.Frame(i) == FakeFrame(i, 2000)) << i;
}

// The kernel has dropped the pages that it could not write: what a later read finds is not what was written.
TEST_P(DiskState, PagesThatTheKernelDroppedAfterAFailedSyncAreNotBelieved) {
  const uint64_t before = queue_.Tip();
  const auto durable = std::filesystem::file_size(queue_.path() + "-wal");
  SetDiskFaults("sync EIO " + queue_.path());
  EXPECT_FALSE(queue_.Put(50'000).ok());
  const auto written = std::filesystem::file_size(queue_.path() + "-wal");
  ASSERT_GT(written, durable);
  {
    std::fstream log(queue_.path() + "-wal", std::ios::in | std::ios::out | std::ios::binary);
    log.seekp(static_cast<std::streamoff>(durable));
    log << std::string(written - durable, '\0');
  }
  SetDiskFaults("");
  EXPECT_EQ(Check(), StoreState::kOk) << queue_.disk()->Health().problem.ToString();
  EXPECT_EQ(queue_.Tip(), before);
  EXPECT_TRUE(queue_.Frame(1) == FakeFrame(1, 2000));
  EXPECT_OK(queue_.Put());
}

TEST_P(DiskState, ASlowSyncIsShownWhileItLastsAndNobodyWaitsForIt) {
  SetDiskFaults("sync delay=600 " + queue_.path());
  std::thread writer([&] { EXPECT_OK(queue_.Put()); });
  const auto began = std::chrono::steady_clock::now();
  StoreHealth health;
  do {
    std::this_thread::sleep_for(milliseconds(10));
    health = queue_.disk()->CheckDisk();
  } while (health.state == StoreState::kOk && std::chrono::steady_clock::now() - began < milliseconds(550));
  const auto found_after = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(health.state, StoreState::kSlow);
  EXPECT_LT(found_after, milliseconds(500));
  EXPECT_TRUE(health.takes_wagons) << "a slow disk is a slow flow, no more";
  EXPECT_NE(health.problem.message().find(queue_.path()), std::string::npos);
  writer.join();
  EXPECT_EQ(State(), StoreState::kSlow);
  SetDiskFaults("");
  int probes = 0;
  while (Check() == StoreState::kSlow && probes < 20) ++probes;
  EXPECT_EQ(State(), StoreState::kOk);
  EXPECT_GE(probes, 3);
}

TEST_P(DiskState, AStateIsToldOnceAndTheTimeOfASyncIsMeasured) {
  int changes = 0;
  int syncs = 0;
  queue_.disk()->Observe([&] { ++changes; }, [&](double) { ++syncs; });
  ASSERT_OK(queue_.Put());
  EXPECT_EQ(changes, 0);
  EXPECT_EQ(syncs, 1);
  SetDiskFaults("write EROFS " + queue_.path());
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(queue_.Put().ok());
    Check();
  }
  EXPECT_EQ(changes, 1);
  SetDiskFaults("");
  Check();
  EXPECT_GT(changes, 1);
}

INSTANTIATE_TEST_SUITE_P(Queues, DiskState, ::testing::Values("outbox", "inbox"),
                         [](const auto& queue) { return std::string(queue.param); });

TEST(DiskStateOfOutbox, AWagonWhosePiecesWereWrittenBeforeTheFileWasOpenedAgainIsVoid) {
  TemporaryDirectory directory;
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  Must(outbox->Reconcile(kFlow, Start()));
  auto writer = Must(outbox->NewWagon(kFlow));
  ASSERT_OK(writer->Append(FakeFrame(1, 6 * kChunkBytes)));
  SetDiskFaults("sync EIO outbox.db");
  EXPECT_FALSE(outbox->SetPaused(kFlow, true).ok());
  SetDiskFaults("");
  ASSERT_EQ(outbox->disk()->CheckDisk().state, StoreState::kOk);
  EXPECT_EQ(writer->Commit(FakeHeader(1, ZeroHash()), FakeHash(1)).code(), StatusCode::kAborted);
  writer.reset();
  EXPECT_EQ(Must(outbox->GetFlow(kFlow)).tip.sequence, 0u);
  EXPECT_OK(Store(outbox.get(), FakeFrame(1, 6 * kChunkBytes)));
}

// A real file system; needs the right to mount one.
TEST(DiskReserve, BelowTheReserveWagonsAreRefusedAndReceiptsAndPurgesAreNot) {
  TemporaryDirectory directory;
  if (mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=60m") != 0) {
    GTEST_SKIP() << "cannot mount a tmpfs here";
  }
  struct Unmount {
    const std::string path;
    ~Unmount() { umount2(path.c_str(), MNT_DETACH); }
  } unmount{directory.path()};
  StoreOptions options;
  options.disk_reserve_bytes = 64 << 20;  // a tenth of the 60 MiB counts
  auto outbox = Must(Outbox::Open(directory / "outbox.db", options));
  auto inbox = Must(Inbox::Open(directory / "inbox.db", options));
  Must(outbox->Reconcile(kFlow, Start()));
  Must(inbox->AdoptCheckpoint(kFlow, Start()));
  StoreWagons(outbox.get(), 5);
  ReceiveWagons(inbox.get(), 5);
  const std::string ballast = directory / "ballast";
  const auto free_bytes = [&] {
    struct statvfs fs {};
    statvfs(ballast.c_str(), &fs);
    return static_cast<uint64_t>(fs.f_bavail) * fs.f_frsize;
  };
  {
    std::ofstream out(ballast, std::ios::binary);
    const std::string block(1 << 16, 'x');
    while (free_bytes() > (5 << 20)) out << block << std::flush;
  }
  const Status refused = Store(outbox.get(), FakeFrame(6, 2000));
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted) << refused.ToString();
  EXPECT_NE(refused.remedy(), "");
  EXPECT_EQ(Receive(inbox.get(), FakeFrame(6, 2000)).code(), StatusCode::kResourceExhausted);
  for (StoreDisk* disk : {outbox->disk(), inbox->disk()}) {
    const StoreHealth health = disk->CheckDisk();
    EXPECT_EQ(health.state, StoreState::kFull);
    EXPECT_FALSE(health.takes_wagons);
    EXPECT_TRUE(health.writable);
    EXPECT_EQ(health.bytes_reserve, 6u << 20);
    EXPECT_LT(health.bytes_free, health.bytes_reserve);
  }
  for (uint64_t i = 1; i <= 5; ++i) Deliver(outbox.get(), i);
  ASSERT_OK(outbox->MarkApplied(kFlow, 5));
  EXPECT_EQ(Must(outbox->Purge(kFlow, INT64_MAX)), 4u);
  ASSERT_OK(inbox->MarkApplied(kFlow, 5));
  EXPECT_EQ(Must(inbox->Purge(kFlow, INT64_MAX)), 4u);
  std::filesystem::remove(ballast);
  EXPECT_EQ(outbox->disk()->CheckDisk().state, StoreState::kOk);
  EXPECT_EQ(inbox->disk()->CheckDisk().state, StoreState::kOk);
  EXPECT_OK(Store(outbox.get(), FakeFrame(6, 2000)));
  EXPECT_OK(Receive(inbox.get(), FakeFrame(6, 2000)));
}

}  // namespace
}  // namespace srdf::store
