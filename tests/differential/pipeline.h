// Pipeline: the product's own way of a change from a source's log into targets, in one process, without the
// network: ChangeReader → Window → Sealer (Compactor, WagonBuilder) → frame → FrameVerifier, WagonReader →
// TargetSession::Apply.
//
// What is missing of a real mesh: the queues on disk, gRPC, and time. Wagons end where the caller says. One
// thread: the window's groups are taken as soon as they are closed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "batcher/group.h"
#include "batcher/sealer.h"
#include "batcher/window.h"
#include "differential/run_options.h"
#include "differential/scenario.h"
#include "differential/server_set.h"
#include "engine/sink.h"
#include "engine/source.h"

namespace srdf::differential {

// Spoils a group between the window and the sealer, to prove that the comparison would notice.
using GroupHook = std::function<void(batcher::Group*)>;

class Pipeline : private engine::ChangeSink {
 public:
  struct TargetState {
    std::string apply_method;
    std::unique_ptr<engine::TargetEngine> engine;
    std::unique_ptr<engine::TargetSession> session;
    Status refused;  // not OK: this way of applying said by a documented rule that it cannot go on
  };
  // Called when a wagon was applied at all targets.
  using OnWagon = std::function<Status(const WagonHeader&)>;

  // All but the hook outlive the pipeline.
  Pipeline(const ServerSet& servers, const Scenario& scenario, const RunOptions& options, GroupHook hook);
  ~Pipeline() override;

  // Before the setup is run: where a primed reader begins.
  Status NoteSetup();
  // After it: connects to the targets and records the starting point there.
  Status Begin(const std::string& gtid_position);
  // Captures and applies up to the last of these positions. A wagon ends at each of them, if one is open, and
  // wherever the product's window ends one by itself. After an error the pipeline is spent.
  Status RunTo(const std::vector<std::string>& positions, const OnWagon& on_wagon);

  // What the pipeline was doing when it failed: "capture", "seal", "apply native", …
  const std::string& stage() const { return stage_; }
  std::vector<TargetState>& targets() { return targets_; }
  const std::vector<TargetState>& targets() const { return targets_; }
  // No target is left; RunTo has ended with the first one's rule.
  bool all_refused() const;
  // The wagon that is applied, or was last.
  const WagonHeader& wagon() const;
  // Of its rows before compaction, those that capture had flagged "in place".
  uint64_t rows_in_place() const { return rows_in_place_; }

 private:
  class MemoryOutbox;
  class DiscardingSink;

  Status Consume(std::string_view records, bool transaction_end) override;
  void Idle(const engine::SourceLag& lag) override;
  struct Frame {
    WagonHeader header;
    std::string hash;
    std::vector<std::string> pieces;
  };

  Status TakeGroups();
  Status Seal(batcher::Group group);
  // The wagon that was sealed waits, or all that wait are applied.
  Status Queue();
  Status MergeQueue();
  Status ApplyQueue();
  Status ApplyFrame();
  Status Apply(TargetState* target);

  const Scenario& scenario_;
  const RunOptions options_;
  const GroupHook hook_;
  std::unique_ptr<engine::SourceEngine> source_;
  std::unique_ptr<engine::ChangeReader> reader_;
  std::unique_ptr<MemoryOutbox> outbox_;
  batcher::SealerOptions sealer_options_;
  std::unique_ptr<batcher::Sealer> sealer_;
  std::vector<Frame> queue_;  // sealed, not applied
  Frame frame_;               // being applied
  ChainTip applied_;
  uint64_t draws_ = 0;
  std::unique_ptr<batcher::Window> window_;
  std::vector<TargetState> targets_;

  std::string stage_;
  SourcePosition setup_;
  SourcePosition read_;  // after the last whole transaction
  std::vector<std::string> ends_;
  size_t next_end_ = 0;
  unsigned idle_ = 0;
  const OnWagon* on_wagon_ = nullptr;
  uint64_t rows_in_place_ = 0;
};

}  // namespace srdf::differential
