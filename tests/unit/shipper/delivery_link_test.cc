#include "shipper/delivery_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "unit/store/store_fixture.h"

namespace srdf::shipper {
namespace {

using std::chrono::seconds;
using store::FakeHash;
using store::FakeHeader;
using store::kFlow;
using store::Must;
using store::StatusOf;
using store::StoreWagons;

// A destination whose answers the test gives; the outbox behind the link is a real one.
class FakeReceiver : public ReceiverClient {
 public:
  std::unique_ptr<DeliverSession> Open(const std::string&, uint64_t, DeliverEvents events) override {
    std::lock_guard lock(mu_);
    events_ = std::move(events);
    sent_.clear();
    ++opens_;
    changed_.notify_all();
    return std::make_unique<Session>(this);
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
    void Cancel() override {}

   private:
    FakeReceiver* const receiver_;
  };

  std::mutex mu_;
  std::condition_variable changed_;
  DeliverEvents events_;
  std::vector<ChunkToSend> sent_;
  int opens_ = 0;
};

class DeliveryLinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    outbox_ = Must(store::Outbox::Open(directory_ / "outbox.db"));
    Must(outbox_->Reconcile(kFlow, store::Start()));
  }
  void StartLink(SendGate* gate = nullptr) {
    LinkOptions options;
    options.flow = kFlow;
    options.gate = gate;
    LinkEvents events;
    events.on_progress = [] {};
    events.on_tip_moved = [this] { ++tip_moves_; };
    link_ = std::make_unique<DeliveryLink>(options, outbox_.get(), &receiver_, events);
    link_->Start(false);
    receiver_.WaitForOpen(1);
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
  bool Eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  store::TemporaryDirectory directory_;
  std::unique_ptr<store::Outbox> outbox_;
  FakeReceiver receiver_;
  std::atomic<int> tip_moves_ = 0;
  std::unique_ptr<DeliveryLink> link_;  // last: its thread uses the others
};

TEST_F(DeliveryLinkTest, WagonsAreSentInOrderAndAckedByTheirReceipts) {
  StoreWagons(outbox_.get(), 2);
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(2);
  receiver_.events().on_receipt(1, Receipt::kAccepted, "");
  receiver_.events().on_receipt(2, Receipt::kDuplicate, "");
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "acked");
  EXPECT_EQ(link_->GetStatus().duplicates, 1u);
  receiver_.events().on_applied(2);
  EXPECT_EQ(StatusOf(outbox_.get(), 1), "applied");
  EXPECT_EQ(StatusOf(outbox_.get(), 2), "applied");
}

// The receiver was killed between its last chunk and the acceptance: nothing is missing but the receipt.
TEST_F(DeliveryLinkTest, AWagonWhollyThereButNotAcceptedGetsItsLastChunkAgain) {
  StoreWagons(outbox_.get(), 1);
  StartLink();
  DestinationState state = Holding(store::Start());
  state.partial_sequence = 1;
  state.partial_uid = FakeHeader(1, "").uid;
  state.partial_hash = FakeHash(1);
  state.partial_chunks = 1;
  receiver_.events().on_opened(state);
  EXPECT_EQ(receiver_.WaitForChunk(1).chunk_no, 0u);
}

TEST_F(DeliveryLinkTest, NothingIsSentBeyondTheCredit) {
  StoreWagons(outbox_.get(), 1);
  StartLink();
  DestinationState state = Holding(store::Start());
  state.credit_bytes = 1;
  receiver_.events().on_opened(state);
  ASSERT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kStreaming; }));
  EXPECT_EQ(receiver_.sent(), 0u);
  receiver_.events().on_credit(1u << 20);
  receiver_.WaitForChunk(1);
}

TEST_F(DeliveryLinkTest, APauseReachesAChunkThatWaitsForItsTurn) {
  StoreWagons(outbox_.get(), 2);
  SendGate gate(1);  // the second wagon would wait for minutes
  StartLink(&gate);
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(1);
  EXPECT_TRUE(Eventually([&] { return StatusOf(outbox_.get(), 2) == "sending"; }));
  link_->Pause();
  EXPECT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kPaused; }));
  EXPECT_EQ(receiver_.sent(), 1u);
  link_.reset();
}

TEST_F(DeliveryLinkTest, AppliedThatArrivesBeforeTheAgreementIsNotTakenForTheOutboxesOwnWagon) {
  // The outbox lost its tail and holds another wagon 1 than the one the destination has applied.
  StoreWagons(outbox_.get(), 1, "recaptured");
  StartLink();
  receiver_.events().on_applied(1);
  receiver_.events().on_opened(Holding(Tip(1)));
  ASSERT_TRUE(Eventually([&] { return tip_moves_ == 1; }));
  EXPECT_EQ(Must(outbox_->GetFlow(kFlow)).tip.hash, FakeHash(1));
  EXPECT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kStreaming; }));
}

TEST_F(DeliveryLinkTest, ADeadLetterIsShownAndStopsTheFlowAlsoAfterARestart) {
  StoreWagons(outbox_.get(), 2);
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(1);
  receiver_.events().on_receipt(1, Receipt::kInvalidPayload, "hash wrong");
  ASSERT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kStopped; }));

  link_.reset();
  FakeReceiver anew;
  LinkOptions options;
  options.flow = kFlow;
  DeliveryLink link(options, outbox_.get(), &anew, {[] {}, [] {}});
  link.Start(false);
  anew.WaitForOpen(1);
  anew.events().on_opened(Holding(store::Start()));
  ASSERT_TRUE(Eventually([&] { return link.GetStatus().state == LinkState::kStopped; }));
  EXPECT_NE(link.GetStatus().problem.message().find("dead letter"), std::string::npos);
  EXPECT_EQ(anew.sent(), 0u);
  Must(outbox_->Requeue(kFlow));
  link.Resume();
  anew.WaitForOpen(2);
  anew.events().on_opened(Holding(store::Start()));
  anew.WaitForChunk(1);
}

TEST_F(DeliveryLinkTest, ABrokenStreamIsOpenedAgainAndTheWagonSentAgain) {
  StoreWagons(outbox_.get(), 1);
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(1);
  receiver_.events().on_end({StatusCode::kUnavailable, "socket closed"});
  receiver_.WaitForOpen(2);
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(1);
  EXPECT_EQ(Must(outbox_->Attempts(kFlow, 1)).size(), 2u);
}

TEST_F(DeliveryLinkTest, WhatTheTargetCannotApplyIsShownUntilItIsApplied) {
  StoreWagons(outbox_.get(), 2);
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(2);
  receiver_.events().on_receipt(1, Receipt::kAccepted, "");
  receiver_.events().on_receipt(2, Receipt::kAccepted, "");
  receiver_.events().on_failed(2, {StatusCode::kDivergence, "shop.orders: row 7 is missing"});
  receiver_.events().on_applied(1);
  EXPECT_EQ(link_->GetStatus().apply_problem.message(), "shop.orders: row 7 is missing");
  receiver_.events().on_applied(2);
  EXPECT_TRUE(link_->GetStatus().apply_problem.ok());
}

TEST_F(DeliveryLinkTest, APausedFlowSendsNothingUntilItIsResumed) {
  StartLink();
  receiver_.events().on_opened(Holding(store::Start()));
  ASSERT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kStreaming; }));
  link_->Pause();
  ASSERT_TRUE(Eventually([&] { return link_->GetStatus().state == LinkState::kPaused; }));
  StoreWagons(outbox_.get(), 1);
  link_->WagonStored();
  EXPECT_EQ(receiver_.sent(), 0u);
  link_->Resume();
  receiver_.WaitForOpen(2);
  receiver_.events().on_opened(Holding(store::Start()));
  receiver_.WaitForChunk(1);
}

}  // namespace
}  // namespace srdf::shipper
