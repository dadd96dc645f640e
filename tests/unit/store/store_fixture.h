// What the store's tests share: a directory of their own, wagons made up from a number, and verbs.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "store/inbox.h"
#include "store/outbox.h"

namespace srdf::store {

#define ASSERT_OK(expr)                                            \
  do {                                                             \
    const ::srdf::Status assert_status_ = (expr);                  \
    ASSERT_TRUE(assert_status_.ok()) << assert_status_.ToString(); \
  } while (false)
#define EXPECT_OK(expr)                                            \
  do {                                                             \
    const ::srdf::Status expect_status_ = (expr);                  \
    EXPECT_TRUE(expect_status_.ok()) << expect_status_.ToString(); \
  } while (false)

// The value, or the end of the program with the error: for set-up, where going on makes no sense.
template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fprintf(stderr, "set-up failed: %s\n", result.status().ToString().c_str());
    abort();
  }
  return std::move(result).value();
}
void Must(const Status& status);

// A new directory below $TMPDIR or /tmp, removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline const std::string kFlow = "orders";

// A wagon's frame, uid and hash follow from its sequence and its branch: another branch is another history.
std::string FakeHash(uint64_t sequence, const std::string& branch = "");
std::string FakeFrame(uint64_t sequence, size_t bytes);
WagonHeader FakeHeader(uint64_t sequence, const std::string& previous_hash, const std::string& branch = "");
ChainTip TipOf(const WagonHeader& header, const std::string& hash);
ChainTip Start(const std::string& gtid = "0-1-100");

// Stores the wagon after the outbox's tip.
Status Store(Outbox* outbox, const std::string& frame, const std::string& branch = "",
             const std::string& flow = kFlow);
// Stores `count` wagons of some hundred bytes.
void StoreWagons(Outbox* outbox, int count, const std::string& branch = "");
void Deliver(Outbox* outbox, uint64_t sequence);
std::string ReadFrame(Outbox* outbox, uint64_t sequence, uint32_t chunk_count,
                      const std::string& flow = kFlow);
// Status word of the live wagon.
std::string StatusOf(Outbox* outbox, uint64_t sequence);

// Takes the wagon after the inbox's tip in chunks.
Status Receive(Inbox* inbox, const std::string& frame, const std::string& branch = "",
               const std::string& flow = kFlow);
void ReceiveWagons(Inbox* inbox, int count, const std::string& branch = "");
std::string ReadFrame(Inbox* inbox, uint64_t sequence, uint32_t chunk_count);

size_t SizeOfFile(const std::string& path);

}  // namespace srdf::store
