// A power failure tears the end of the write-ahead log: earlier wagons are intact, later ones absent, none is
// half there, and both ends agree again afterwards.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "store/inbox.h"
#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

constexpr uint64_t kWagons = 25;

// Together less than a checkpoint's worth: a power failure cannot take from the log what was checkpointed, as
// it was synced before that.
size_t FrameBytes(uint64_t sequence) { return sequence % 10 == 0 ? kChunkBytes + 400'000 : 300 * sequence; }

// Runs `body` in a child that ends without closing, so that its log stays behind.
template <typename Body>
void RunAndLeaveLog(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void CopyQueue(const std::string& from, const std::string& to) {
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::remove(to + suffix);
    if (std::filesystem::exists(from + suffix)) std::filesystem::copy_file(from + suffix, to + suffix);
  }
  std::filesystem::remove(to + "-shm");
}

void TearLog(const std::string& path, std::mt19937_64* random) {
  const size_t bytes = SizeOfFile(path + "-wal");
  ASSERT_GT(bytes, 100000u);
  ASSERT_LT(bytes, 2000u * 4096) << "there was a checkpoint: what it synced must not be torn";
  const size_t at = (*random)() % bytes;
  if ((*random)() % 2 == 0) {
    ASSERT_EQ(truncate((path + "-wal").c_str(), static_cast<off_t>(at)), 0);
    return;
  }
  // Sectors that never reached the disk: other bytes from `at` on.
  std::fstream file(path + "-wal", std::ios::in | std::ios::out | std::ios::binary);
  for (int i = 0; i < 20; ++i) {
    const size_t place = at + (*random)() % (bytes - at);
    file.seekg(static_cast<std::streamoff>(place));
    const char flipped = static_cast<char>(file.get() ^ 0x40);
    file.seekp(static_cast<std::streamoff>(place));
    file.put(flipped);
  }
}

void FillOutbox(const std::string& path) {
  auto outbox = Must(Outbox::Open(path));
  Must(outbox->Reconcile(kFlow, Start()));
  for (uint64_t i = 1; i <= kWagons; ++i) {
    Must(Store(outbox.get(), FakeFrame(i, FrameBytes(i))));
    if (i > 1) Deliver(outbox.get(), i - 1);
    if (i > 4) Must(outbox->MarkApplied(kFlow, i - 4));
  }
  (void)outbox.release();  // closing would empty the log
}

TEST(TornLog, TheOutboxKeepsAWholePrefixAndTakesTheRestFromTheDestination) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  const std::string whole = directory / "whole.db";
  RunAndLeaveLog([&] { FillOutbox(whole); });
  std::vector<int> tips(kWagons + 1);
  for (int round = 0; round < 40; ++round) {
    const std::string path = directory / "torn.db";
    CopyQueue(whole, path);
    TearLog(path, &random);
    auto opened = Outbox::Open(path);
    ASSERT_OK(opened.status());
    auto outbox = std::move(opened).value();
    const OutboxFlow flow = Must(outbox->GetFlow(kFlow));
    const uint64_t tip = flow.tip.sequence;
    ASSERT_LE(tip, kWagons);
    ++tips[tip];
    const auto wagons = Must(outbox->List(kFlow, 0, 1000));
    ASSERT_EQ(wagons.size(), tip);
    for (const OutboxWagon& wagon : wagons) {
      const uint64_t i = wagon.header.sequence;
      ASSERT_TRUE(ReadFrame(outbox.get(), i, wagon.chunk_count) == FakeFrame(i, FrameBytes(i))) << i;
      ASSERT_EQ(wagon.header.tables.size(), 2u);
    }
    // The destination had got everything.
    const ChainTip destination = TipOf(FakeHeader(kWagons, ""), FakeHash(kWagons));
    EXPECT_EQ(Must(outbox->Reconcile(kFlow, destination)), tip != kWagons);
    EXPECT_EQ(Must(outbox->GetFlow(kFlow)).tip, destination);
    EXPECT_FALSE(Must(outbox->NextToSend(kFlow, 0)).has_value());
    EXPECT_OK(Store(outbox.get(), "the next one"));
    EXPECT_EQ(Must(outbox->NextToSend(kFlow, 0))->header.sequence, kWagons + 1);
  }
  EXPECT_LT(tips[kWagons], 40) << "no round lost anything: the test proves nothing";
}

TEST(TornLog, TheInboxKeepsAWholePrefixAndTheOutboxSendsTheRestAgain) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  const std::string whole = directory / "whole.db", sent = directory / "sent.db";
  constexpr uint64_t kApplied = 9;
  RunAndLeaveLog([&] {
    auto inbox = Must(Inbox::Open(whole));
    Must(inbox->AdoptCheckpoint(kFlow, Start()));
    for (uint64_t i = 1; i <= kWagons; ++i) Must(Receive(inbox.get(), FakeFrame(i, FrameBytes(i))));
    Must(inbox->MarkApplied(kFlow, kApplied));
    // A wagon under way when the power went.
    Must(inbox->BeginWagon(kFlow, kWagons + 1, FakeHeader(kWagons + 1, "").uid, FakeHash(kWagons + 1)));
    for (uint32_t c = 0; c < 2; ++c) {
      Must(inbox->AppendChunk(kFlow, kWagons + 1, c, FakeFrame(c, kChunkBytes)));
    }
    (void)inbox.release();  // closing would empty the log
  });
  {
    auto outbox = Must(Outbox::Open(sent));
    Must(outbox->Reconcile(kFlow, Start()));
    for (uint64_t i = 1; i <= kWagons; ++i) {
      Must(Store(outbox.get(), FakeFrame(i, FrameBytes(i))));
      Deliver(outbox.get(), i);
    }
    Must(outbox->MarkApplied(kFlow, kApplied));
  }
  for (int round = 0; round < 15; ++round) {
    const std::string path = directory / "torn.db";
    CopyQueue(whole, path);
    TearLog(path, &random);
    auto opened = Inbox::Open(path);
    ASSERT_OK(opened.status());
    auto inbox = std::move(opened).value();
    for (const InboxWagon& wagon : Must(inbox->List(kFlow, 0, 1000))) {
      if (wagon.status == InboxStatus::kReceiving) continue;
      const uint64_t i = wagon.header.sequence;
      ASSERT_TRUE(ReadFrame(inbox.get(), i, wagon.chunk_count) == FakeFrame(i, FrameBytes(i))) << i;
    }
    const PartialWagon partial = Must(inbox->GetPartial(kFlow));
    for (uint32_t c = 0; c < partial.chunks; ++c) {
      const size_t from = c * kChunkBytes;
      const std::string expected =
          partial.sequence == kWagons + 1
              ? FakeFrame(c, kChunkBytes)
              : FakeFrame(partial.sequence, FrameBytes(partial.sequence)).substr(from, kChunkBytes);
      ASSERT_TRUE(Must(inbox->ReadChunk(kFlow, partial.sequence, c)) == expected);
    }
    // The target had applied kApplied; the outbox has all of them and had receipts for all.
    ASSERT_OK(inbox->AdoptCheckpoint(kFlow, TipOf(FakeHeader(kApplied, ""), FakeHash(kApplied))));
    InboxFlow flow = Must(inbox->GetFlow(kFlow));
    ASSERT_GE(flow.tip.sequence, kApplied);
    CopyQueue(sent, directory / "outbox.db");
    auto outbox = Must(Outbox::Open(directory / "outbox.db"));
    EXPECT_FALSE(Must(outbox->Reconcile(kFlow, flow.tip)));
    while (const auto next = Must(outbox->NextToSend(kFlow, 0))) {
      ASSERT_EQ(next->header.sequence, Must(inbox->GetFlow(kFlow)).tip.sequence + 1);
      ASSERT_OK(Receive(inbox.get(), ReadFrame(outbox.get(), next->header.sequence, next->chunk_count)));
      Deliver(outbox.get(), next->header.sequence);
    }
    EXPECT_EQ(Must(inbox->GetFlow(kFlow)).tip, Must(outbox->GetFlow(kFlow)).tip);
    EXPECT_EQ(Must(inbox->NextToApply(kFlow, kApplied))->header.sequence, kApplied + 1);
    EXPECT_EQ(Must(inbox->GetFlow(kFlow)).unapplied_wagons, kWagons - kApplied);
  }
}

}  // namespace
}  // namespace srdf::store
