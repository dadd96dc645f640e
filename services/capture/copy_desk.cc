#include "capture/copy_desk.h"

#include <algorithm>

#include "base/clock.h"
#include "capture/copy_plan.h"
#include "obs/log.h"

namespace srdf::capture {

namespace {

// A statement at the source that comes between is waited out by looking again.
constexpr int kTries = 20;
constexpr uint64_t kChunkBytesMin = 64u << 10;
constexpr uint64_t kChunkBytesMax = 64u << 20;
constexpr size_t kReadersMax = 16;

Status CheckOptions(const CopyOptions& options) {
  if (options.readers < 1 || options.readers > kReadersMax) {
    return {StatusCode::kInvalidArgument,
            "1 to " + std::to_string(kReadersMax) + " readers can read for a copy"};
  }
  if (options.chunk_bytes < kChunkBytesMin || options.chunk_bytes > kChunkBytesMax) {
    return {StatusCode::kInvalidArgument, "a chunk of a copy has " + std::to_string(kChunkBytesMin) + " to " +
                                              std::to_string(kChunkBytesMax) + " bytes"};
  }
  return {};
}

Status CheckWish(const CopyWish& wish) {
  const bool hex = wish.plan.size() == 32 && std::all_of(wish.plan.begin(), wish.plan.end(), [](char c) {
                     return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                   });
  if (!hex) return {StatusCode::kInvalidArgument, "the plan of a copy is named by 32 lower-case hex digits"};
  return CheckOptions(wish.options);
}

Status AnotherGoesOn(const CopyState& copy) {
  return {StatusCode::kAlreadyExists, "another copy is going on, plan " + copy.plan,
          "wait for it, or cancel it: `srdfctl establish FLOW --watch`, `--cancel`"};
}

}  // namespace

Result<SourcePosition> CopyDesk::Start(const CopyWish& wish, const CallLimits& limits) {
  SRDF_RETURN_IF_ERROR(CheckWish(wish));
  SRDF_ASSIGN_OR_RETURN(const CaptureFlow::Live live, flow_->GetLive());
  const std::optional<CopyState> going_on = live.gate->copy();
  if (going_on && going_on->plan != wish.plan) return AnotherGoesOn(*going_on);
  if (!going_on || going_on->unplanned()) {
    SRDF_ASSIGN_OR_RETURN(const auto obstacles, source_->CopyObstacles(going_on.has_value()));
    for (const engine::PreflightProblem& problem : obstacles) {
      if (problem.fatal)
        return Status(StatusCode::kFailedPrecondition, "source: " + problem.what, problem.remedy);
    }
    Status planned;
    for (int i = 0; i < kTries; ++i) {
      planned = Plan(wish, live.gate.get(), limits);
      if (planned.code() != StatusCode::kAborted) break;
    }
    SRDF_RETURN_IF_ERROR(planned);
    obs::Info("copy_begun", {{"flow", flow_->name()}, {"plan", wish.plan}});
    std::lock_guard lock(mu_);
    begun_ = wish;
    cancelled_plan_.clear();
  }
  SourcePosition position = live.gate->position();
  SRDF_RETURN_IF_ERROR(live.gate->WaitDurable(limits));
  flow_->SetCopyOptions(wish.options);
  live.runner->Begin(wish.options);
  position.copy.clear();
  return position;
}

Status CopyDesk::SetOptions(const std::string& plan, const CopyOptions& changed) {
  SRDF_ASSIGN_OR_RETURN(const CaptureFlow::Live live, flow_->GetLive());
  const std::optional<CopyState> copy = live.gate->copy();
  if (!copy || copy->plan != plan) {
    return {StatusCode::kNotFound, "no copy with plan " + plan + " is going on",
            "see `srdfctl establish FLOW --watch`"};
  }
  CopyOptions options = flow_->copy_options();
  if (changed.readers != 0) options.readers = changed.readers;
  if (changed.chunk_bytes != 0) options.chunk_bytes = changed.chunk_bytes;
  if (changed.threads_running_max != 0) options.threads_running_max = changed.threads_running_max;
  SRDF_RETURN_IF_ERROR(CheckOptions(options));
  flow_->SetCopyOptions(options);
  live.runner->Begin(options);
  return {};
}

Status CopyDesk::Plan(const CopyWish& wish, StreamGate* gate, const CallLimits& limits) {
  const uint64_t statements = gate->statements();
  SRDF_ASSIGN_OR_RETURN(const auto keys, source_->ForeignKeys());
  SRDF_ASSIGN_OR_RETURN(auto snapshot, source_->OpenSnapshot());
  SRDF_ASSIGN_OR_RETURN(const auto tables, snapshot->ListTables());
  snapshot.reset();
  SRDF_ASSIGN_OR_RETURN(CopyState plan, PlanCopy(wish.plan, tables, wish.tables, keys));
  plan.started_at_ms = WallClockMs();
  plan.schema_done = !wish.with_schema;
  return gate->Change(
      [&](std::optional<CopyState>* copy) -> Status {
        if (*copy && (*copy)->plan != wish.plan) return AnotherGoesOn(**copy);
        if (*copy && !(*copy)->unplanned()) return {};  // the same call, made twice at once
        if (gate->statements() != statements)
          return {StatusCode::kAborted, "a statement changed tables while the copy was planned"};
        *copy = plan;
        if (plan.schema_done && plan.tables.empty()) copy->reset();
        return {};
      },
      limits);
}

Status CopyDesk::Change(const CopyChange& change, const CallLimits& limits) {
  SRDF_ASSIGN_OR_RETURN(const CaptureFlow::Live live, flow_->GetLive());
  if (!live.gate->copy()) return {};
  SRDF_RETURN_IF_ERROR(live.gate->Change(
      [&](std::optional<CopyState>* copy) -> Status { return *copy ? change(copy) : Status(); }, limits));
  return live.gate->WaitDurable(limits);
}

Status CopyDesk::SetPaused(bool paused, const CallLimits& limits) {
  return Change(
      [&](std::optional<CopyState>* copy) -> Status {
        (*copy)->paused = paused;
        return {};
      },
      limits);
}

Status CopyDesk::Cancel(const CallLimits& limits) {
  const Status changed = Change(
      [this](std::optional<CopyState>* copy) -> Status {
        {
          // First: who sees that nothing is being copied has to see why.
          std::lock_guard lock(mu_);
          cancelled_plan_ = (*copy)->plan;
          cancel_in_doubt_ = false;
        }
        copy->reset();
        return {};
      },
      limits);
  if (!changed.ok()) {
    std::lock_guard lock(mu_);
    cancel_in_doubt_ = true;
    return changed;
  }
  obs::Warn("copy_cancelled", {{"flow", flow_->name()}});
  return {};
}

Result<CopiedRows> CopyDesk::Rows(const engine::TableId& table, const std::vector<std::string>& keys,
                                  const std::vector<std::string>& images, const CallLimits& limits) {
  if (keys.empty() && images.empty()) return Status(StatusCode::kInvalidArgument, "no rows are named");
  if (keys.size() > kRowsMax || images.size() > kRowsMax) {
    return Status(StatusCode::kInvalidArgument,
                  "more than " + std::to_string(kRowsMax) + " rows in one call");
  }
  for (const auto* list : {&keys, &images}) {
    if (std::any_of(list->begin(), list->end(), [](const std::string& row) { return row.empty(); }))
      return Status(StatusCode::kInvalidArgument, "a key or an image without a byte");
  }
  SRDF_ASSIGN_OR_RETURN(const CaptureFlow::Live live, flow_->GetLive());
  CopyContext context{source_, live.gate, live.runner->refs(), 0, limits};
  for (int i = 0; i < kTries; ++i) {
    auto copied = CopyRows(context, table, keys, images);
    if (copied.status().code() == StatusCode::kAborted && i + 1 < kTries) continue;
    if (!copied.ok()) return copied;
    SRDF_RETURN_IF_ERROR(live.gate->WaitDurable(limits));
    return copied;
  }
  return Status(StatusCode::kInternal, "not reached");
}

CopyReport CopyDesk::Report() {
  CopyReport report;
  const auto live = flow_->GetLive();
  if (!live.ok()) {
    report.copy = flow_->last_copy();
    report.work.waits_for = live.status().message();
  } else {
    report.copy = live->gate->copy();
    report.work = live->runner->GetStatus();
  }
  std::lock_guard lock(mu_);
  if (report.copy) {
    if (cancel_in_doubt_ && report.copy->plan == cancelled_plan_) cancelled_plan_.clear();
    report.beginning_known = report.copy->plan == begun_.plan;
    report.with_schema = report.beginning_known ? begun_.with_schema : !report.copy->schema_done;
    if (report.beginning_known) {
      report.wanted = begun_.tables;
    } else if (!report.copy->all_tables) {
      for (const TableCopy& table : report.copy->tables)
        report.wanted.push_back({table.database, table.table});
    }
  }
  report.cancelled_plan = cancelled_plan_;
  return report;
}

}  // namespace srdf::capture
