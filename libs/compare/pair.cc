#include "compare/pair.h"

#include <random>

namespace srdf::compare {

namespace {

// Nothing secret: it only has to be another one each time, also over processes and hosts.
std::string NewMark() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string mark = "verify-";
  for (int i = 0; i < 4; ++i) {
    for (unsigned bits = random(), digit = 0; digit < 8; ++digit, bits >>= 4) mark += kDigits[bits & 15];
  }
  return mark;
}

}  // namespace

// The source's snapshot is asked for again meanwhile, so that it does not count as idle. Where it was lost
// all the same, that opens another one, at another place, while the stream has the mark of the first one
// still.
Result<SourcePosition> Pair::AwaitTarget(const SourcePosition& at_source, std::chrono::milliseconds lag_max,
                                         const std::function<bool()>& cancelled) {
  const auto until = std::chrono::steady_clock::now() + lag_max;
  while (true) {
    auto position = target_->Open(mark_);
    if (position.ok() || position.status().code() != StatusCode::kDeadlineExceeded) return position;
    if (cancelled && cancelled()) return Status(StatusCode::kCancelled, "the comparison was given up");
    if (std::chrono::steady_clock::now() >= until) {
      return Status(
          StatusCode::kDeadlineExceeded, "the target is too far behind: " + position.status().message(),
          "see `srdfctl status` for what holds the flow up, and compare again when the lag is small");
    }
    SRDF_ASSIGN_OR_RETURN(const SourcePosition now, source_->Open(mark_));
    if (now.gtid != at_source.gtid) {
      return Status(StatusCode::kUnavailable,
                    "the source's snapshot at " + at_source.gtid + " was lost while the target came there",
                    "tried again by itself");
    }
  }
}

// A mark is used for one try only: where an answer was lost, the stream may have the mark of that try.
Status Pair::Open(std::chrono::milliseconds lag_max, const std::function<bool()>& cancelled) {
  Close();
  mark_ = NewMark();
  const Status opened = OpenBoth(lag_max, cancelled);
  if (!opened.ok()) Close();
  return opened;
}

Status Pair::OpenBoth(std::chrono::milliseconds lag_max, const std::function<bool()>& cancelled) {
  SRDF_RETURN_IF_ERROR(target_->Expect(mark_));
  SRDF_ASSIGN_OR_RETURN(const SourcePosition at_source, source_->Open(mark_));
  SRDF_ASSIGN_OR_RETURN(const SourcePosition at_target, AwaitTarget(at_source, lag_max, cancelled));
  if (at_source.gtid != at_target.gtid) {
    return {StatusCode::kDataLoss,
            "the snapshots of source and target are not of one place: " + at_source.gtid + " and " +
                at_target.gtid,
            "this should not happen: keep the logs of capture and applier"};
  }
  if (!at_target.copy.empty()) {
    return {StatusCode::kFailedPrecondition, "tables are being copied from the source now",
            "wait until the copy has ended: see `srdfctl establish` and `srdfctl status`"};
  }
  position_ = at_source;
  opened_at_ = std::chrono::steady_clock::now();
  ++opened_;
  open_ = true;
  return {};
}

void Pair::Close() {
  open_ = false;
  if (mark_.empty()) return;
  mark_.clear();
  source_->Close();
  target_->Close();
}

}  // namespace srdf::compare
