#include "srdfctl/copy_follow.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "compare/pair.h"
#include "srdfctl/comparing.h"
#include "srdfctl/copy_progress.h"
#include "srdfctl/databases.h"
#include "srdfctl/flow_start.h"
#include "srdfctl/text.h"

namespace srdf::ctl {

namespace {

using capture::v1::CopyService;
using capture::v1::GetCopyResponse;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll{500};
constexpr std::chrono::seconds kTellEvery{5};  // where a line cannot be written over
constexpr std::chrono::minutes kSilenceMax{10};
constexpr std::chrono::minutes kSteerDeadline{2};
constexpr std::chrono::minutes kQuietMax{1};
constexpr std::chrono::minutes kApplyMax{10};  // then the trouble is told, and it is waited for again

// Stderr: a line that is written over on a terminal, and a line now and then elsewhere.
class ProgressLine {
 public:
  ProgressLine() : terminal_(::isatty(STDERR_FILENO) != 0) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { Clear(); }

  void Show(const std::string& line) {
    const auto now = Clock::now();
    if (!terminal_ && (line == shown_ || now - told_ < kTellEvery)) return;
    told_ = now;
    shown_ = line;
    std::fputs((terminal_ ? "\r\x1b[K" + line : line + "\n").c_str(), stderr);
    std::fflush(stderr);
    open_ = terminal_;
  }
  // A line that stays.
  void Tell(const std::string& line) {
    Clear();
    std::fprintf(stderr, "%s\n", line.c_str());
  }

 private:
  void Clear() {
    if (open_) std::fputs("\r\x1b[K", stderr);
    open_ = false;
  }

  const bool terminal_;
  bool open_ = false;
  std::string shown_;
  Clock::time_point told_;
};

// The first problem of the flow's ends, for people; empty when there is none.
std::string Trouble(MeshClient* client, const std::string& flow, const GetCopyResponse& copy) {
  for (const auto& problem : copy.problems()) return "copy: " + Printable(problem.message());
  const auto status =
      client->Call("applier", client->applier(), &applier::v1::ApplierService::Stub::GetStatus,
                   applier::v1::GetStatusRequest());
  if (!status.ok()) return "applier: " + Printable(status.status().message());
  for (const auto& at : status->flows()) {
    if (at.flow() != flow || at.state() == applier::v1::APPLIER_STATE_RUNNING) continue;
    for (const auto& problem : at.problems()) return "target: " + Printable(problem.message());
  }
  return {};
}

bool Passes(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded ||
         status.code() == StatusCode::kNotFound || status.code() == StatusCode::kAborted ||
         status.code() == StatusCode::kFailedPrecondition;
}

// What stands in the way of a copy is told when it comes; and ends the following when nothing has moved for
// long.
class TroubleWatch {
 public:
  TroubleWatch(MeshClient* client, const std::string& flow, ProgressLine* line)
      : TroubleWatch(client, flow, line, "the copy of flow " + flow,
                     "it goes on by itself: srdfctl establish " + flow + " --watch") {}
  // `what` is followed, and when the trouble is mended, `then` is to be done.
  TroubleWatch(MeshClient* client, const std::string& flow, ProgressLine* line, std::string what,
               std::string then)
      : client_(client), flow_(flow), line_(line), what_(std::move(what)), then_(std::move(then)) {}

  // `progress` is another one whenever something has moved.
  Status Look(const GetCopyResponse& copy, uint64_t progress) {
    const auto now = Clock::now();
    if (progress != progress_ || copy.paused()) moved_at_ = now;
    progress_ = progress;
    if (now - looked_at_ < kLookEvery) return {};
    looked_at_ = now;
    const std::string trouble = Trouble(client_, flow_, copy);
    if (!trouble.empty() && trouble != told_) line_->Tell(trouble);
    told_ = trouble;
    if (trouble.empty()) moved_at_ = now;
    if (now - moved_at_ < kStuckMax) return {};
    return {StatusCode::kFailedPrecondition, what_ + " does not get on: " + trouble,
            "srdfctl status --flow " + flow_ + " says what to do; then " + then_};
  }

 private:
  static constexpr std::chrono::seconds kLookEvery{2};
  static constexpr std::chrono::minutes kStuckMax{2};

  MeshClient* const client_;
  const std::string flow_;
  ProgressLine* const line_;
  const std::string what_, then_;
  std::string told_;
  uint64_t progress_ = 0;
  Clock::time_point moved_at_ = Clock::now();
  Clock::time_point looked_at_ = moved_at_;
};

// How the copy that was followed has ended; `copy` says what goes on now.
Status HowEnded(const std::string& flow, const std::string& plan, const GetCopyResponse& copy) {
  if (plan.empty() || (copy.active() && copy.plan() == plan)) return {};
  if (copy.cancelled_plan() == plan) {
    return {StatusCode::kAborted,
            "the copy of flow " + flow +
                " was cancelled: those of its tables that were not done are not right at the target",
            "copy them again: srdfctl establish " + flow +
                " --table DATABASE.TABLE --yes; who cancelled it: srdfctl audit list --flow " + flow};
  }
  if (!copy.active()) return {};
  return {StatusCode::kAborted,
          "the copy of flow " + flow + " is read to its end, and another one has begun behind it",
          "follow that one: srdfctl establish " + flow + " --watch"};
}

// Until capture says that none is going on. `plan` is set when it was empty.
Status UntilRead(MeshClient* client, const std::string& flow, std::string* plan, ProgressLine* line) {
  CopyProgress progress;
  TroubleWatch watch(client, flow, line);
  auto answered = Clock::now();
  while (true) {
    if (Interrupted()) return {StatusCode::kCancelled, "no longer followed"};
    const auto copy = AskCopy(client, flow);
    const auto now = Clock::now();
    if (copy.ok()) {
      answered = now;
      if (copy->active() && plan->empty()) *plan = copy->plan();
      SRDF_RETURN_IF_ERROR(HowEnded(flow, *plan, *copy));
      if (!copy->active()) return {};
      line->Show(progress.Line(*copy, now));
      const uint64_t moved = copy->rows() + copy->tables_done() + (copy->schema_done() ? 1 : 0);
      SRDF_RETURN_IF_ERROR(watch.Look(*copy, moved));
    } else if (now - answered > kSilenceMax || !Passes(copy.status())) {
      return copy.status();
    } else {
      line->Show(Printable(copy.status().message()));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

// Until a mark behind all that the copy has sent is applied, and the target can be read there. False: look
// again what capture says.
Result<bool> UntilApplied(MeshClient* client, const std::string& flow, compare::Side* source,
                          compare::Side* target, ProgressLine* line) {
  TroubleWatch watch(client, flow, line);
  compare::Pair pair(source, target);
  line->Show("all is read; waiting for the target to apply it");
  while (true) {
    Status stuck;
    const Status opened = pair.Open(kApplyMax, [&] {
      stuck = watch.Look(GetCopyResponse(), 0);
      return Interrupted() || !stuck.ok();
    });
    if (opened.ok()) break;
    if (stuck.ok()) stuck = watch.Look(GetCopyResponse(), 0);
    SRDF_RETURN_IF_ERROR(stuck);
    if (Interrupted()) return Status(StatusCode::kCancelled, "no longer followed");
    if (!Passes(opened)) return opened;
    std::this_thread::sleep_for(kPoll);
    const auto copy = AskCopy(client, flow);
    if (copy.ok() && copy->active()) return false;  // a service was restarted, and it goes on
  }
  const auto copy = AskCopy(client, flow);
  return copy.ok() && !copy->active();
}

}  // namespace

Result<GetCopyResponse> AskCopy(MeshClient* client, const std::string& flow) {
  capture::v1::GetCopyRequest request;
  request.set_flow(flow);
  return client->Call("capture", client->copies(), &CopyService::Stub::GetCopy, request);
}

Status FollowCopy(MeshClient* client, const std::string& flow, std::string plan) {
  return WithSides(client, flow, 0, [&](compare::Side* source, compare::Side* target) -> Status {
    ProgressLine line;
    while (true) {
      SRDF_RETURN_IF_ERROR(UntilRead(client, flow, &plan, &line));
      SRDF_ASSIGN_OR_RETURN(const bool applied, UntilApplied(client, flow, source, target, &line));
      if (applied) return {};
    }
  });
}

Status FollowCatchUp(MeshClient* client, const config::FlowConfig& flow) {
  return WithSides(client, flow.name, 0, [&](compare::Side* source, compare::Side* target) -> Status {
    SRDF_ASSIGN_OR_RETURN(const auto engine, OpenSource(flow));
    SRDF_ASSIGN_OR_RETURN(const SourcePosition until, engine->CurrentPosition());
    ProgressLine line;
    TroubleWatch watch(client, flow.name, &line, "flow " + flow.name, "give the same command again");
    auto answered = Clock::now(), moved = answered;
    std::string seen;
    while (true) {
      if (Interrupted()) return {StatusCode::kCancelled, "no longer followed"};
      const auto now = Clock::now();
      // Also when the applier does not know of its flow yet.
      const auto start = FindStart(client, flow, false);
      if (start.ok()) {
        answered = now;
        if (std::exchange(seen, start->position.gtid) != start->position.gtid) moved = now;
        if (start->started) {
          SRDF_ASSIGN_OR_RETURN(const bool there, engine->Contains(start->position, until));
          if (there) return {};
        }
        line.Show(
            fmt::format("the flow catches up: the target is at {}, the source was at {}", seen, until.gtid));
        SRDF_RETURN_IF_ERROR(watch.Look(GetCopyResponse(), std::hash<std::string>()(seen)));
      } else if (now - answered > kSilenceMax || !Passes(start.status())) {
        return start.status();
      } else {
        line.Show(Printable(start.status().message()));
      }
      if (now - moved > kQuietMax) {
        // It applies one large transaction; or what is left changes nothing, and brings no position.
        moved = now;
        if (compare::Pair(source, target).Open(kQuietMax, Interrupted).ok()) return {};
      }
      std::this_thread::sleep_for(kPoll);
    }
  });
}

Status SteerCopy(MeshClient* client, const std::string& flow, CopyVerb verb) {
  const auto call = [&](auto request, auto method) {
    request.set_flow(flow);
    return client->Call("capture", client->copies(), method, request, kSteerDeadline).status();
  };
  switch (verb) {
    case CopyVerb::kPause:
      return call(capture::v1::PauseCopyRequest(), &CopyService::Stub::PauseCopy);
    case CopyVerb::kResume:
      return call(capture::v1::ResumeCopyRequest(), &CopyService::Stub::ResumeCopy);
    case CopyVerb::kCancel:
      return call(capture::v1::CancelCopyRequest(), &CopyService::Stub::CancelCopy);
  }
  return {StatusCode::kInternal, "no such verb"};
}

Status AuditEstablish(MeshClient* client, const std::string& flow, const std::string& action,
                      const std::string& reason, const std::string& detail) {
  shipper::v1::AddAuditRequest request;
  request.set_flow(flow);
  request.set_action(action);
  request.set_reason(reason);
  constexpr size_t kDetailBytes = 4000;
  request.set_detail(detail.substr(0, kDetailBytes));
  return client
      ->Call("shipper", client->dead_letters(), &shipper::v1::DeadLetterService::Stub::AddAudit, request)
      .status();
}

}  // namespace srdf::ctl
