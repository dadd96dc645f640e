// A killed owner: what it acknowledged is there, what it did not is absent or whole.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "store/inbox.h"
#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

// Every fourth wagon is stored in several transactions.
size_t FrameBytes(uint64_t sequence) {
  return sequence % 4 == 0 ? 6 * kChunkBytes + sequence : 50 * sequence;
}

// Runs `body` in a child that writes the number of each finished wagon into a pipe, kills it after `after` of
// them and some microseconds, and returns the last number it acknowledged.
template <typename Body>
uint64_t RunAndKill(uint64_t after, unsigned delay_us, Body body) {
  int fds[2];
  if (pipe(fds) != 0) abort();
  const pid_t child = fork();
  if (child == 0) {
    close(fds[0]);
    body(fds[1]);
    _exit(0);
  }
  close(fds[1]);
  uint64_t last = 0, told = 0, number = 0;
  while (read(fds[0], &number, sizeof(number)) == sizeof(number)) {
    last = number;
    if (++told == after) {
      usleep(delay_us);  // a random moment inside whatever comes next
      kill(child, SIGKILL);
    }
  }
  close(fds[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
  return last;
}

void Tell(int fd, uint64_t number) {
  if (write(fd, &number, sizeof(number)) != sizeof(number)) _exit(1);
}

int64_t StrayChunks(const std::string& path, const std::string& condition) {
  SQLite::Database db(path, SQLite::OPEN_READONLY);
  SQLite::Statement q(db, "SELECT count(*) FROM wagon_chunk WHERE " + condition);
  q.executeStep();
  return q.getColumn(0).getInt64();
}

TEST(OutboxCrash, WhatWasStoredIsThereAndNothingElseIsVisible) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  const std::string path = directory / "outbox.db";
  uint64_t acknowledged = 0;
  for (int round = 0; round < 12; ++round) {
    const auto last = RunAndKill(1 + random() % 12, random() % 8000, [&](int fd) {
      auto outbox = Must(Outbox::Open(path));
      if (!Must(outbox->GetFlow(kFlow)).initialised) Must(outbox->Reconcile(kFlow, Start()));
      for (uint64_t sequence = Must(outbox->GetFlow(kFlow)).tip.sequence + 1;; ++sequence) {
        Must(Store(outbox.get(), FakeFrame(sequence, FrameBytes(sequence))));
        Tell(fd, sequence);
        Deliver(outbox.get(), sequence);
        if (sequence > 3) Must(outbox->MarkApplied(kFlow, sequence - 3));
      }
    });
    acknowledged = std::max(acknowledged, last);
    auto outbox = Must(Outbox::Open(path));
    const ChainTip tip = Must(outbox->GetFlow(kFlow)).tip;
    ASSERT_GE(tip.sequence, acknowledged);
    ASSERT_LE(tip.sequence, acknowledged + 1);
    acknowledged = tip.sequence;
    const auto wagons = Must(outbox->List(kFlow, 0, 100000));
    ASSERT_EQ(wagons.size(), tip.sequence);
    for (const OutboxWagon& wagon : wagons) {
      const uint64_t sequence = wagon.header.sequence;
      ASSERT_EQ(wagon.hash, FakeHash(sequence));
      ASSERT_EQ(wagon.header.tables.size(), 2u);
      ASSERT_TRUE(ReadFrame(outbox.get(), sequence, wagon.chunk_count) ==
                  FakeFrame(sequence, FrameBytes(sequence)));
    }
    EXPECT_EQ(StrayChunks(path, "wagon_id NOT IN (SELECT wagon_id FROM wagon)"), 0);
  }
}

TEST(InboxCrash, WhatWasAcceptedIsThereAndThePartialWagonGoesOn) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  const std::string path = directory / "inbox.db";
  uint64_t acknowledged = 0;
  for (int round = 0; round < 12; ++round) {
    const auto last = RunAndKill(1 + random() % 12, random() % 8000, [&](int fd) {
      auto inbox = Must(Inbox::Open(path));
      if (!Must(inbox->GetFlow(kFlow)).tip_known) Must(inbox->AdoptCheckpoint(kFlow, Start()));
      for (uint64_t sequence = Must(inbox->GetFlow(kFlow)).tip.sequence + 1;; ++sequence) {
        if (FrameBytes(sequence) <= kChunkBytes && sequence % 2 == 0) {
          const ChainTip tip = Must(inbox->GetFlow(kFlow)).tip;
          Must(inbox->AcceptWhole(FakeHeader(sequence, tip.hash), FakeHash(sequence),
                                  FakeFrame(sequence, FrameBytes(sequence))));
        } else {
          // Goes on with the chunks an earlier child left.
          Must(Receive(inbox.get(), FakeFrame(sequence, FrameBytes(sequence))));
        }
        Tell(fd, sequence);
        if (sequence > 3) Must(inbox->MarkApplied(kFlow, sequence - 3));
      }
    });
    acknowledged = std::max(acknowledged, last);
    auto inbox = Must(Inbox::Open(path));
    const InboxFlow flow = Must(inbox->GetFlow(kFlow));
    ASSERT_GE(flow.tip.sequence, acknowledged);
    ASSERT_LE(flow.tip.sequence, acknowledged + 1);
    acknowledged = flow.tip.sequence;
    const PartialWagon partial = Must(inbox->GetPartial(kFlow));
    if (partial.sequence != 0) {
      EXPECT_EQ(partial.sequence, flow.tip.sequence + 1);
    }
    for (const InboxWagon& wagon : Must(inbox->List(kFlow, flow.tip.sequence + 1, 100000))) {
      const uint64_t sequence = wagon.header.sequence;
      ASSERT_NE(wagon.status, InboxStatus::kReceiving);
      ASSERT_TRUE(ReadFrame(inbox.get(), sequence, wagon.chunk_count) ==
                  FakeFrame(sequence, FrameBytes(sequence)));
    }
    EXPECT_EQ(StrayChunks(path, "wagon_id NOT IN (SELECT wagon_id FROM wagon)"), 0);
  }
}

}  // namespace
}  // namespace srdf::store
