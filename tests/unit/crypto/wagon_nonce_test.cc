// Trap 38: AES-GCM nonces never repeat under one key, also after a restored VM image.
#include "crypto/wagon_nonce.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace srdf::crypto {
namespace {

std::string SaltOf(const std::string& nonce) { return nonce.substr(0, 16); }

// What a child that begins as an exact copy of this process draws; the copy has the same memory as two
// machines that were restored from one image.
std::set<std::string> DrawnByChild(size_t count) {
  int pipe_ends[2];
  EXPECT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    for (size_t i = 0; i < count; ++i) {
      const std::string nonce = NewWagonNonce();
      if (write(pipe_ends[1], nonce.data(), nonce.size()) != static_cast<ssize_t>(nonce.size())) _exit(1);
    }
    _exit(0);
  }
  close(pipe_ends[1]);
  std::set<std::string> drawn;
  std::string nonce(kWagonNonceBytes, '\0');
  while (read(pipe_ends[0], nonce.data(), nonce.size()) == static_cast<ssize_t>(nonce.size()))
    drawn.insert(nonce);
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return drawn;
}

TEST(WagonNonce, NeverRepeatsAcrossWagonsAndThreads) {
  constexpr size_t kEach = 20'000;
  std::vector<std::vector<std::string>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& mine : drawn) {
    threads.emplace_back([&mine] {
      for (size_t i = 0; i < kEach; ++i) mine.push_back(NewWagonNonce());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all, salts, counters;
  for (const auto& mine : drawn) {
    for (const std::string& nonce : mine) {
      EXPECT_EQ(nonce.size(), kWagonNonceBytes);
      all.insert(nonce);
      salts.insert(SaltOf(nonce));
      counters.insert(nonce.substr(16));
    }
  }
  // Either half alone would do.
  EXPECT_EQ(all.size(), 4 * kEach);
  EXPECT_EQ(salts.size(), 4 * kEach);
  EXPECT_EQ(counters.size(), 4 * kEach);
}

TEST(WagonNonce, NeverRepeatsInCopiesOfOneProcess) {
  (void)NewWagonNonce();
  std::set<std::string> nonces, salts;
  constexpr size_t kEach = 500;
  for (int copy = 0; copy < 4; ++copy) {
    for (const std::string& nonce : DrawnByChild(kEach)) {
      nonces.insert(nonce);
      salts.insert(SaltOf(nonce));
    }
  }
  for (size_t i = 0; i < kEach; ++i) {
    const std::string nonce = NewWagonNonce();
    nonces.insert(nonce);
    salts.insert(SaltOf(nonce));
  }
  EXPECT_EQ(nonces.size(), 5 * kEach);
  EXPECT_EQ(salts.size(), 5 * kEach) << "the counters of copies are equal: only the salts keep them apart";
}

}  // namespace
}  // namespace srdf::crypto
