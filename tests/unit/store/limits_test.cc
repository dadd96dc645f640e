// Bounded memory, bounded log, a full disk.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "store/inbox.h"
#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

uint64_t PeakKib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == "VmHWM:") {
      uint64_t kib = 0;
      status >> kib;
      return kib;
    }
  }
  return 0;
}

TEST(StoreLimits, AWagonOf300MbNeedsLittleMemoryAndNoLongLog) {
  constexpr uint32_t kChunks = 300;
  constexpr uint64_t kPeakKibMax = 64 << 10;
  TemporaryDirectory directory;
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto outbox = Must(Outbox::Open(directory / "outbox.db"));
    auto inbox = Must(Inbox::Open(directory / "inbox.db"));
    Must(outbox->Reconcile(kFlow, Start()));
    Must(inbox->AdoptCheckpoint(kFlow, Start()));
    const WagonHeader header = FakeHeader(1, ZeroHash());
    {
      auto writer = Must(outbox->NewWagon(kFlow));
      for (uint32_t i = 0; i < kChunks; ++i) Must(writer->Append(FakeFrame(i, kChunkBytes)));
      if (Must(outbox->NextToSend(kFlow, 0)).has_value()) _exit(2);  // visible too early
      Must(writer->Commit(header, FakeHash(1)));
    }
    Must(inbox->BeginWagon(kFlow, 1, header.uid, FakeHash(1)));
    for (uint32_t i = 0; i < kChunks; ++i) {
      const std::string chunk = Must(outbox->ReadChunk(kFlow, 1, i));
      if (chunk != FakeFrame(i, kChunkBytes)) _exit(3);
      Must(inbox->AppendChunk(kFlow, 1, i, chunk));
    }
    Must(inbox->Accept(header, FakeHash(1)));
    Must(inbox->MarkApplied(kFlow, 1));
    Must(outbox->MarkApplied(kFlow, 1));
    const uint64_t numbers[3] = {PeakKib(), SizeOfFile(directory / "outbox.db-wal"),
                                 SizeOfFile(directory / "inbox.db-wal")};
    if (write(fds[1], numbers, sizeof(numbers)) != sizeof(numbers)) _exit(4);
    _exit(0);
  }
  uint64_t numbers[3] = {};
  close(fds[1]);
  ASSERT_EQ(read(fds[0], numbers, sizeof(numbers)), static_cast<ssize_t>(sizeof(numbers)));
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);
  printf("peak %.1f MiB, outbox log %.1f MiB, inbox log %.1f MiB\n", static_cast<double>(numbers[0]) / 1024,
         static_cast<double>(numbers[1]) / (1 << 20), static_cast<double>(numbers[2]) / (1 << 20));
  if (!kSanitized) {
    EXPECT_LT(numbers[0], kPeakKibMax);
  }
  EXPECT_LE(numbers[1], 64u << 20);
  EXPECT_LE(numbers[2], 64u << 20);
}

TEST(StoreLimits, AFullDatabaseRefusesWagonsAndTakesThemAgainAfterAPurge) {
  TemporaryDirectory directory;
  StoreOptions options;
  options.database_bytes_max = 8 << 20;
  auto outbox = Must(Outbox::Open(directory / "outbox.db", options));
  Must(outbox->Reconcile(kFlow, Start()));
  Status status;
  uint64_t stored = 0;
  while ((status = Store(outbox.get(), FakeFrame(stored + 1, kChunkBytes))).ok()) ++stored;
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.ToString();
  EXPECT_NE(status.remedy(), "");
  EXPECT_GE(stored, 6u);
  // A large one fails while its pieces are written, and leaves nothing behind.
  EXPECT_EQ(Store(outbox.get(), FakeFrame(9, 12 * kChunkBytes)).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(Must(outbox->GetFlow(kFlow)).tip.sequence, stored);
  EXPECT_TRUE(ReadFrame(outbox.get(), stored, 1) == FakeFrame(stored, kChunkBytes));
  // Delivery goes on, and what it frees is room again, for the same writer even.
  auto writer = Must(outbox->NewWagon(kFlow));
  ASSERT_OK(writer->Append(FakeFrame(stored + 1, 2 * kChunkBytes)));
  const WagonHeader header = FakeHeader(stored + 1, FakeHash(stored));
  EXPECT_EQ(writer->Commit(header, FakeHash(stored + 1)).code(), StatusCode::kResourceExhausted);
  for (uint64_t i = 1; i <= stored; ++i) Deliver(outbox.get(), i);
  ASSERT_OK(outbox->MarkApplied(kFlow, stored));
  EXPECT_EQ(Must(outbox->Purge(kFlow, INT64_MAX)), stored - 1);
  ASSERT_OK(writer->Commit(header, FakeHash(stored + 1)));
  EXPECT_TRUE(ReadFrame(outbox.get(), stored + 1, 2) == FakeFrame(stored + 1, 2 * kChunkBytes));
}

// A real file system that runs full; needs the right to mount one.
TEST(StoreLimits, AFullDiskIsAStateNotACrash) {
  TemporaryDirectory directory;
  if (mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=24m") != 0) {
    GTEST_SKIP() << "cannot mount a tmpfs here";
  }
  struct Unmount {
    const std::string path;
    ~Unmount() { umount2(path.c_str(), MNT_DETACH); }
  } unmount{directory.path()};
  {
    auto outbox = Must(Outbox::Open(directory / "outbox.db"));
    auto inbox = Must(Inbox::Open(directory / "inbox.db"));
    Must(outbox->Reconcile(kFlow, Start()));
    Must(inbox->AdoptCheckpoint(kFlow, Start()));
    Status status;
    uint64_t stored = 0;
    while ((status = Store(outbox.get(), FakeFrame(stored + 1, 300000))).ok()) ++stored;
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.ToString();
    EXPECT_GT(stored, 10u);
    EXPECT_EQ(Receive(inbox.get(), FakeFrame(1, 2 * kChunkBytes)).code(), StatusCode::kResourceExhausted);
    EXPECT_EQ(Must(outbox->GetFlow(kFlow)).tip.sequence, stored);
    for (uint64_t i = 1; i <= stored; ++i) {
      ASSERT_TRUE(ReadFrame(outbox.get(), i, 1) == FakeFrame(i, 300000)) << i;
    }
    // Somebody makes room.
    ASSERT_EQ(mount("tmpfs", directory.path().c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
    ASSERT_OK(Store(outbox.get(), FakeFrame(stored + 1, 300000)));
    ASSERT_OK(Receive(inbox.get(), FakeFrame(1, 2 * kChunkBytes)));
    EXPECT_TRUE(ReadFrame(inbox.get(), 1, 2) == FakeFrame(1, 2 * kChunkBytes));
    outbox.reset();
    outbox = Must(Outbox::Open(directory / "outbox.db"));
    EXPECT_EQ(Must(outbox->GetFlow(kFlow)).tip.sequence, stored + 1);
  }
}

}  // namespace
}  // namespace srdf::store
