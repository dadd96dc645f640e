// What an applier with encryption says of a wagon that the target did not take: to its log and the inbox the
// wagon alone, to an operator everything. The target and the receiver are stand-ins that say the worst.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "applier/applier_flow.h"
#include "crypto/key_ring.h"
#include "wire/wagon_frame.h"

namespace srdf::applier {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

const std::string kPlanted = "PLANTEDvaluePLANTED";

class OneKey : public crypto::KeyProvider {
 public:
  Result<crypto::WagonKeyPtr> Find(const std::string&) override { return key_; }
  const crypto::WagonKeyPtr& key() const { return key_; }

 private:
  const crypto::WagonKeyPtr key_ =
      std::make_shared<crypto::WagonKey>(crypto::WagonKey{"blue", crypto::SecretKey::Random()});
};

// Is not there before it is told to come.
class LateKey : public OneKey {
 public:
  Result<crypto::WagonKeyPtr> Find(const std::string& id) override {
    if (here_) return OneKey::Find(id);
    return Status(StatusCode::kFailedPrecondition, "crypto: there is no key " + id);
  }
  void Come() { here_ = true; }

 private:
  std::atomic<bool> here_ = false;
};

class TalkativeSession : public engine::TargetSession {
 public:
  explicit TalkativeSession(StatusCode code) : code_(code) {}
  std::string_view apply_method() const override { return "native"; }
  Result<std::optional<engine::Checkpoint>> ReadCheckpoint(const std::string& flow) override {
    engine::Checkpoint start;
    start.flow = flow;
    start.epoch = 1;
    start.wagon_hash = ZeroHash();
    return std::optional(start);
  }
  Status InitCheckpoint(const engine::Checkpoint&) override { return {}; }
  Result<engine::ApplyStats> Apply(const WagonHeader&, const std::string&, engine::PayloadReader*) override {
    return Status(code_, "statement failed: " + kPlanted);
  }
  Status Skip(const WagonHeader&, const std::string&, const SkipDecision&) override { return {}; }
  Result<std::vector<uint64_t>> SkippedWagons(const std::string&, uint64_t) override {
    return std::vector<uint64_t>();
  }

 private:
  const StatusCode code_;
};

class TalkativeTarget : public engine::TargetEngine {
 public:
  explicit TalkativeTarget(StatusCode code) : code_(code) {}
  Result<std::vector<engine::PreflightProblem>> Preflight() override {
    return std::vector<engine::PreflightProblem>();
  }
  Result<std::unique_ptr<engine::TargetSession>> Connect() override {
    return std::unique_ptr<engine::TargetSession>(std::make_unique<TalkativeSession>(code_));
  }

 private:
  const StatusCode code_;
};

// Gives one encrypted wagon, each time.
class OneWagon : public TakeClient {
 public:
  explicit OneWagon(const OneKey& keys) {
    wire::WagonBuilderOptions options;
    options.key = keys.key();
    const auto builder = wire::NewWagonBuilder(options);
    WagonHeader header;
    header.uid = std::string(32, 'a');
    header.flow = "shop";
    header.epoch = header.sequence = 1;
    header.first.gtid = header.last.gtid = "0-1-1";
    header.previous_hash = ZeroHash();
    header.tables = {{"app", "orders"}};
    chunk_.sequence = 1;
    chunk_.chunk_count = 1;
    const Status built = (*builder)->Finish(
        &header, 1u << 20, [&](std::string_view piece) { return chunk_.data.append(piece), Status(); },
        &chunk_.wagon_hash);
    EXPECT_TRUE(built.ok()) << built.ToString();
  }
  std::unique_ptr<TakeSession> Open(const std::string&, const ChainTip&,
                                    const std::vector<uint64_t>&) override {
    return std::make_unique<Session>(this);
  }
  Result<bool> IsToBeSkipped(const std::string&, uint64_t) override { return false; }

  // What the receiver was told.
  std::string told() const {
    std::lock_guard lock(mu_);
    return told_;
  }

 private:
  class Session : public TakeSession {
   public:
    explicit Session(OneWagon* client) : client_(client) {}
    Status WaitOpen() override { return {}; }
    Result<TakenChunk> Next() override { return client_->chunk_; }
    Status Applied(uint64_t, bool) override { return {}; }
    Status Failed(uint64_t, const Status& problem) override {
      std::lock_guard lock(client_->mu_);
      client_->told_ += problem.ToString();
      return {};
    }
    void Cancel() override {}

   private:
    OneWagon* const client_;
  };

  TakenChunk chunk_;
  mutable std::mutex mu_;
  std::string told_;  // guarded by mu_
};

class ApplierSecrecy : public ::testing::TestWithParam<StatusCode> {};

TEST_P(ApplierSecrecy, WhatTheTargetSaysOfAWagonIsShownToAnOperatorAndNotWritten) {
  OneKey keys;
  OneWagon receiver(keys);
  TalkativeTarget target(GetParam());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  ApplierFlow flow("shop", {1}, &target, &receiver, {true, &keys});
  flow.Start();
  bool shown = false;
  for (const auto end = steady_clock::now() + std::chrono::seconds(20);
       !shown && steady_clock::now() < end;) {
    for (const Status& problem : flow.GetStatus().problems)
      shown |= problem.ToString().find(kPlanted) != std::string::npos;
    std::this_thread::sleep_for(milliseconds(5));
  }
  flow.Stop();
  const std::string log =
      testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr() + receiver.told();
  EXPECT_TRUE(shown) << log;
  EXPECT_EQ(log.find(kPlanted), std::string::npos) << log;
  EXPECT_NE(log.find("wagon 1, of app.orders"), std::string::npos) << log;
}

bool Reaches(const ApplierFlow& flow, ApplierState state) {
  for (const auto end = steady_clock::now() + std::chrono::seconds(20); steady_clock::now() < end;) {
    if (flow.GetStatus().state == state) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

// Once it is unlocked its failure is one of its own: shown, and tried by the schedule, not every few seconds,
// which would use up the attempts that its source counts.
TEST(ApplierLocked, AWagonThatFailsAfterItsKeyHasComeIsNotShownAsLockedAnyMore) {
  LateKey keys;
  OneWagon receiver(keys);
  TalkativeTarget target(StatusCode::kDivergence);
  ApplierFlow flow("shop", {3600}, &target, &receiver, {true, &keys});
  flow.Start();
  ASSERT_TRUE(Reaches(flow, ApplierState::kBlocked));
  EXPECT_EQ(receiver.told(), "") << "a missing key is no failure of the wagon";
  keys.Come();
  flow.Resume();
  EXPECT_TRUE(Reaches(flow, ApplierState::kFailed));
  EXPECT_NE(flow.GetStatus().problems.at(0).ToString().find(kPlanted), std::string::npos);
  flow.Stop();
}

// A lost connection too: its error may carry what was refused just before.
INSTANTIATE_TEST_SUITE_P(EveryKind, ApplierSecrecy,
                         ::testing::Values(StatusCode::kUnavailable, StatusCode::kAborted,
                                           StatusCode::kOutcomeUnknown, StatusCode::kDivergence,
                                           StatusCode::kFailedPrecondition));

}  // namespace
}  // namespace srdf::applier
