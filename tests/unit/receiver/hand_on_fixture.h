// A flow with a shipper's stream and an applier's, without gRPC: what the one sends and the other is given.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "unit/receiver/line_fixture.h"

namespace srdf::receiver::test {

inline constexpr size_t kChunkBytes = 1 << 20;
inline constexpr uint64_t kOne = kFirstSequence;
inline const SkipDecision kDecision{"mended by hand", "alice", 1700000000123};

class HandOn : public ::testing::Test {
 protected:
  HandOn() {
    DeliverStreamEvents events;
    events.on_readiness = [](const Readiness&) {};
    events.on_credit = [this](uint64_t bytes) { credits_.push_back(bytes); };
    events.on_applied = [this](uint64_t sequence, const std::vector<uint64_t>& skipped) {
      told_applied_.push_back(sequence);
      told_skipped_ = skipped;
    };
    events.on_failed = [this](uint64_t sequence, const Status&) { told_failed_.push_back(sequence); };
    events.on_tip_moved = [this] { ++tip_moved_; };
    events.on_tip_known = [this](const Readiness&) { ++tip_known_; };
    flow()->OpenDeliver(std::move(events));
    store::Must(flow()->Opened());
    Take(kOne - 1, std::string(32, 'h'));
    told_applied_.clear();
  }
  // The target's checkpoint is this wagon.
  void Take(uint64_t sequence, const std::string& hash) {
    ChainTip checkpoint = store::Start();
    checkpoint.epoch = kEpoch;
    checkpoint.sequence = sequence;
    checkpoint.uid = std::string(32, 'a');
    checkpoint.hash = hash;
    store::Must(flow()->OpenTake(checkpoint, {}, [this](const Status&) { ++ended_; }));
  }
  void Send(int count, size_t payload_bytes) {
    wagons_ = line_.MakeWagons(count, payload_bytes);
    line_.SendHonestly(wagons_, kChunkBytes);
  }
  // One more, after the last one of Send.
  void SendOne(size_t payload_bytes) {
    const ChainTip tip = line_.Tip();
    wagons_.push_back(MakeWagon(HeaderAfter(tip.sequence + 1, tip.hash), std::string(payload_bytes, 'p')));
    line_.SendHonestly({wagons_.back()}, kChunkBytes);
  }
  std::optional<NextWagon> Next() {
    std::stop_source stop;
    return store::Must(flow()->NextToApply(/*window=*/100, stop.get_token()));
  }
  uint64_t AppliedInInbox() { return store::Must(line_.inbox()->GetFlow(store::kFlow)).applied_sequence; }
  store::InboxWagon Stored(uint64_t sequence) {
    return store::Must(line_.inbox()->List(store::kFlow, sequence + 1, 1)).front();
  }
  ReceiverFlow* flow() { return line_.flow(); }

  Line line_;
  std::vector<Wagon> wagons_;
  std::vector<uint64_t> credits_, told_applied_, told_skipped_, told_failed_;
  int ended_ = 0, tip_moved_ = 0, tip_known_ = 0;
};

}  // namespace srdf::receiver::test
