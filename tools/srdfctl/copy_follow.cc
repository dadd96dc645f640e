#include "srdfctl/copy_follow.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "compare/pair.h"
#include "srdfctl/comparing.h"
#include "srdfctl/copy_progress.h"
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

// Until capture says that none is going on.
Status UntilRead(MeshClient* client, const std::string& flow, ProgressLine* line) {
  CopyProgress progress;
  std::string told;
  auto answered = Clock::now();
  auto asked_for_trouble = answered;
  while (true) {
    if (Interrupted()) return {StatusCode::kCancelled, "no longer followed"};
    const auto copy = AskCopy(client, flow);
    const auto now = Clock::now();
    if (copy.ok()) {
      answered = now;
      if (!copy->active()) return {};
      line->Show(progress.Line(*copy, now));
      if (now - asked_for_trouble > std::chrono::seconds(2)) {
        asked_for_trouble = now;
        const std::string trouble = Trouble(client, flow, *copy);
        if (!trouble.empty() && trouble != told) line->Tell(trouble);
        told = trouble;
      }
    } else if (now - answered > kSilenceMax || !Passes(copy.status())) {
      return copy.status();
    } else {
      line->Show(Printable(copy.status().message()));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

Result<GetCopyResponse> AskCopy(MeshClient* client, const std::string& flow) {
  capture::v1::GetCopyRequest request;
  request.set_flow(flow);
  return client->Call("capture", client->copies(), &CopyService::Stub::GetCopy, request);
}

Status FollowCopy(MeshClient* client, const std::string& flow) {
  return WithSides(client, flow, 0, [&](compare::Side* source, compare::Side* target) -> Status {
    ProgressLine line;
    auto answered = Clock::now();
    while (true) {
      SRDF_RETURN_IF_ERROR(UntilRead(client, flow, &line));
      // A mark behind all that the copy has sent, and a snapshot of the target that has it.
      line.Show("all is read; waiting for the target to apply it");
      compare::Pair pair(source, target);
      const Status opened = pair.Open(kApplyMax, Interrupted);
      const auto copy = AskCopy(client, flow);
      if (opened.ok() && copy.ok() && !copy->active()) return {};
      if (Interrupted()) return {StatusCode::kCancelled, "no longer followed"};
      // The service was restarted, and the copy goes on; or the target is not that far yet.
      if (!opened.ok() && !Passes(opened)) return opened;
      if (copy.ok() && copy->active()) answered = Clock::now();
      if (Clock::now() - answered > std::chrono::hours(24)) return opened;
      const std::string trouble = Trouble(client, flow, GetCopyResponse());
      if (!trouble.empty()) line.Tell(trouble);
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
