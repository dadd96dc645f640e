// Prints what a small wagon costs; fails only when wagons go missing, as the disk decides the figures.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <functional>

#include "store/inbox.h"
#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

constexpr uint64_t kWagons = 1000;

double PerSecond(const std::function<void(uint64_t)>& step) {
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t i = 1; i <= kWagons; ++i) step(i);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return kWagons / seconds.count();
}

TEST(StoreThroughput, OfWagonsOf2Kb) {
  TemporaryDirectory directory;
  const int fd = open((directory / "probe").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  const double syncs = PerSecond([&](uint64_t) {
    EXPECT_EQ(write(fd, page.data(), page.size()), 4096);
    fdatasync(fd);
  });
  close(fd);
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  auto inbox = Must(Inbox::Open(directory / "inbox.db"));
  Must(outbox->Reconcile(kFlow, Start()));
  Must(inbox->AdoptCheckpoint(kFlow, Start()));
  const std::string frame = FakeFrame(1, 2000);
  const double store = PerSecond([&](uint64_t) { ASSERT_OK(Store(outbox.get(), frame)); });
  const double deliver = PerSecond([&](uint64_t i) { Deliver(outbox.get(), i); });
  const double applied = PerSecond([&](uint64_t i) { ASSERT_OK(outbox->MarkApplied(kFlow, i)); });
  const double all = PerSecond([&](uint64_t i) {
    ASSERT_OK(Store(outbox.get(), frame));
    Deliver(outbox.get(), kWagons + i);
    ASSERT_OK(outbox->MarkApplied(kFlow, kWagons + i));
  });
  const double receive = PerSecond([&](uint64_t i) {
    ASSERT_OK(Receive(inbox.get(), frame));
    ASSERT_OK(inbox->MarkApplied(kFlow, i));
  });
  printf(
      "wagons/s: outbox store %.0f, attempt+sent+acked %.0f, applied %.0f, all of these %.0f;"
      " inbox receive+applied %.0f (a write and sync alone: %.0f/s)\n",
      store, deliver, applied, all, receive, syncs);
  EXPECT_EQ(Must(outbox->GetFlow(kFlow)).applied_sequence, 2 * kWagons);
  EXPECT_EQ(Must(inbox->GetFlow(kFlow)).applied_sequence, kWagons);
}

}  // namespace
}  // namespace srdf::store
