// CopyDesk: what operators ask of a flow's copies: begin, pause, go on, give up, repair rows, and how it is.
//
// Keeps nothing but wishes, in memory: the copy is part of the stream's position (model/copy_state.h), and
// every answer comes when what was asked for is durable in the outbox. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "capture/capture_flow.h"
#include "capture/copy_work.h"

namespace srdf::capture {

struct CopyWish {
  std::string plan;                     // 32 lower-case hex digits
  std::vector<engine::TableId> tables;  // none: all
  bool with_schema = false;
  CopyOptions options;
};

struct CopyReport {
  std::optional<CopyState> copy;
  CopyWorkStatus work;
  std::string cancelled_plan;  // the last one, since the start of the process; empty: none
  // With a copy: what it was begun with, or, when that is not known since it was before the start of the
  // process, what is left of it.
  bool beginning_known = false;
  std::vector<engine::TableId> wanted;
  bool with_schema = false;
};

class CopyDesk {
 public:
  static constexpr size_t kRowsMax = 10'000;

  // `flow` and `source` outlive it.
  CopyDesk(CaptureFlow* flow, engine::SourceEngine* source) : flow_(flow), source_(source) {}

  // Where it begins. Errors as CopyService says.
  Result<SourcePosition> Start(const CopyWish& wish, const CallLimits& limits);
  // Of the copy with this plan that goes on: 0 leaves an option as it is. kNotFound: it does not go on.
  Status SetOptions(const std::string& plan, const CopyOptions& changed);
  Status SetPaused(bool paused, const CallLimits& limits);
  Status Cancel(const CallLimits& limits);
  Result<CopiedRows> Rows(const engine::TableId& table, const std::vector<std::string>& keys,
                          const std::vector<std::string>& images, const CallLimits& limits);
  CopyReport Report();

 private:
  // kAborted: the source or the copy was changed meanwhile.
  Status Plan(const CopyWish& wish, StreamGate* gate, const CallLimits& limits);
  // A change of the copy that goes on, if one does.
  Status Change(const CopyChange& change, const CallLimits& limits);

  CaptureFlow* const flow_;
  engine::SourceEngine* const source_;

  std::mutex mu_;
  // guarded by mu_
  CopyWish begun_;                // the last one
  std::string cancelled_plan_;    // the last one
  bool cancel_in_doubt_ = false;  // the session ended meanwhile
};

}  // namespace srdf::capture
