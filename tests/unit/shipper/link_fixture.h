// What the tests of the delivery link share: a destination whose answers the test gives, and a link with a
// real outbox behind it, whose waits are milliseconds.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "shipper/delivery_link.h"
#include "unit/store/store_fixture.h"

namespace srdf::shipper {

using std::chrono::seconds;
using store::FakeHash;
using store::FakeHeader;
using store::kFlow;
using store::Must;
using store::StatusOf;
using store::StoreWagons;

inline WagonReceipt Said(uint64_t sequence, ReceiptKind kind, ErrorClass error_class = ErrorClass::kNone) {
  WagonReceipt receipt;
  receipt.sequence = sequence;
  receipt.kind = kind;
  receipt.error_class = error_class;
  if (error_class != ErrorClass::kNone) receipt.error = "hash wrong";
  return receipt;
}

// A destination whose answers the test gives; the outbox behind the link is a real one.
class FakeReceiver : public ReceiverClient {
 public:
  std::unique_ptr<DeliverSession> Open(const std::string&, uint64_t, DeliverEvents events) override {
    std::function<void(const DeliverEvents&)> at_once;
    {
      std::lock_guard lock(mu_);
      events_ = events;
      sent_.clear();
      ++opens_;
      changed_.notify_all();
      at_once = at_once_;
    }
    if (at_once) at_once(events);
    return std::make_unique<Session>(this);
  }
  // The link asks for it when it begins an attempt.
  std::string address() const override {
    if (const auto act = std::exchange(before_attempt_, nullptr)) act();
    return "10.0.0.2:7104";
  }
  // On the link's thread, between looking a wagon up and beginning its attempt. Before the link starts.
  void BeforeAttempt(std::function<void()> act) { before_attempt_ = std::move(act); }

  // What the destination says by itself when a stream opens, from the next one on.
  void AtOnce(std::function<void(const DeliverEvents&)> say) {
    std::lock_guard lock(mu_);
    at_once_ = std::move(say);
  }
  int opens() {
    std::lock_guard lock(mu_);
    return opens_;
  }

  void WaitForOpen(int number) {
    std::unique_lock lock(mu_);
    ASSERT_TRUE(changed_.wait_for(lock, seconds(20), [&] { return opens_ >= number; }));
  }
  // The chunk that the link sends for this wagon on the present stream.
  ChunkToSend WaitForChunk(uint64_t sequence) {
    std::unique_lock lock(mu_);
    const auto found = [&] {
      return std::any_of(sent_.begin(), sent_.end(),
                         [&](const ChunkToSend& c) { return c.sequence == sequence; });
    };
    if (!changed_.wait_for(lock, seconds(20), found)) {
      ADD_FAILURE() << "wagon " << sequence << " was not sent";
      return {};
    }
    return *std::find_if(sent_.begin(), sent_.end(),
                         [&](const ChunkToSend& c) { return c.sequence == sequence; });
  }
  // The first (second …) decision to skip that the link tells, over all streams.
  SkipToSend WaitForSkip(size_t number = 1) {
    std::unique_lock lock(mu_);
    if (!changed_.wait_for(lock, seconds(20), [&] { return skips_.size() >= number; })) {
      ADD_FAILURE() << "no skip was told";
      return {};
    }
    return skips_.at(number - 1);
  }
  size_t sent() {
    std::lock_guard lock(mu_);
    return sent_.size();
  }
  DeliverEvents events() {
    std::lock_guard lock(mu_);
    return events_;
  }

 private:
  class Session : public DeliverSession {
   public:
    explicit Session(FakeReceiver* receiver) : receiver_(receiver) {}
    bool Send(ChunkToSend chunk) override {
      std::lock_guard lock(receiver_->mu_);
      receiver_->sent_.push_back(std::move(chunk));
      receiver_->changed_.notify_all();
      return true;
    }
    bool SendSkip(const SkipToSend& skip) override {
      std::lock_guard lock(receiver_->mu_);
      receiver_->skips_.push_back(skip);
      receiver_->changed_.notify_all();
      return true;
    }
    void Cancel() override {}

   private:
    FakeReceiver* const receiver_;
  };

  std::mutex mu_;
  std::condition_variable changed_;
  DeliverEvents events_;
  std::vector<ChunkToSend> sent_;
  std::vector<SkipToSend> skips_;
  int opens_ = 0;
  std::function<void(const DeliverEvents&)> at_once_;
  mutable std::function<void()> before_attempt_;
};

class DeliveryLinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    outbox_ = Must(store::Outbox::Open(directory_ / "outbox.db"));
    Must(outbox_->Reconcile(kFlow, store::Start()));
  }
  void StartLink(SendGate* gate = nullptr) {
    options_.flow = kFlow;
    options_.gate = gate;
    LinkEvents events;
    events.on_progress = [] {};
    events.on_tip_moved = [this] { ++tip_moves_; };
    link_ = std::make_unique<DeliveryLink>(options_, outbox_.get(), &receiver_, events);
    const int opens = receiver_.opens();
    link_->Start(false);
    receiver_.WaitForOpen(opens + 1);
  }
  // The shipper is killed and started again.
  void RestartLink() {
    link_.reset();
    outbox_.reset();
    outbox_ = Must(store::Outbox::Open(directory_ / "outbox.db"));
    StartLink();
  }
  // What goes well is written down a moment after it was said.
  bool Becomes(uint64_t sequence, const std::string& status) {
    return Eventually([&] { return StatusOf(outbox_.get(), sequence) == status; });
  }
  bool Reaches(LinkState state) {
    return Eventually([&] { return link_->GetStatus().state == state; });
  }
  // What the destination says it has when a stream opens.
  DestinationState Holding(const ChainTip& tip, uint64_t applied = 0) {
    DestinationState state;
    state.tip_known = true;
    state.tip = tip;
    state.credit_bytes = 1u << 20;
    state.applied_sequence = applied;
    return state;
  }
  ChainTip Tip(uint64_t sequence, const std::string& branch = "") {
    return store::TipOf(FakeHeader(sequence, "", branch), FakeHash(sequence, branch));
  }
  template <typename Condition>
  bool Eventually(Condition condition, std::chrono::milliseconds limit = seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  // Minutes are milliseconds here.
  static LinkOptions QuickOptions() {
    LinkOptions options;
    options.retry.schedule = {std::chrono::milliseconds(40), std::chrono::milliseconds(60)};
    options.retry.reconnect_first = std::chrono::milliseconds(2);
    options.retry.reconnect_max = std::chrono::milliseconds(10);
    options.retry.busy_wait = std::chrono::milliseconds(30);
    options.retry.refused_again = std::chrono::milliseconds(50);
    return options;
  }

  LinkOptions options_ = QuickOptions();
  store::TemporaryDirectory directory_;
  std::unique_ptr<store::Outbox> outbox_;
  FakeReceiver receiver_;
  std::atomic<int> tip_moves_ = 0;
  std::unique_ptr<DeliveryLink> link_;  // last: its thread uses the others
};

}  // namespace srdf::shipper
