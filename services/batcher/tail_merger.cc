#include "batcher/tail_merger.h"

#include <algorithm>

#include "batcher/wagon_merger.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::batcher {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kLookEvery{1};
constexpr size_t kPatienceMax = 512;
// A merge that leaves more than this share of the bytes was hardly worth it.
constexpr uint64_t kGainPercentMax = 90;

// What the shipper says when the queue is as it was. Without its word the outcome is not known.
bool NothingChanged(const Status& status) {
  return status.code() == StatusCode::kAborted || status.code() == StatusCode::kInvalidArgument ||
         status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kResourceExhausted;
}

}  // namespace

void MergeCounts::Add(const MergeCounts& other) {
  merges += other.merges;
  wagons_before += other.wagons_before;
  wagons_after += other.wagons_after;
  frame_bytes_before += other.frame_bytes_before;
  frame_bytes_after += other.frame_bytes_after;
  rows_before += other.rows_before;
  rows_after += other.rows_after;
}

steady_clock::time_point TailMerger::NextLook(uint64_t unapplied_wagons) const {
  const bool enough = unapplied_wagons >= limits_.wagons_min * patience_;
  return automatic_ && enough ? next_look_ : steady_clock::time_point::max();
}

Result<MergeOutcome> TailMerger::MergeIfAway(const std::function<bool()>& stopped) {
  const auto began = steady_clock::now();
  next_look_ = began + kLookEvery;
  SRDF_ASSIGN_OR_RETURN(const UnsentTail tail, tail_->GetUnsentTail());
  if (!tail.away) {
    patience_ = 1;
    return MergeOutcome();
  }
  MergeLimits limits = limits_;
  limits.wagons_min *= patience_;
  const auto groups = PlanMerge(tail.wagons, limits);
  if (groups.empty()) return MergeOutcome();
  SRDF_ASSIGN_OR_RETURN(MergeOutcome outcome, Merge(tail, groups, "srdf-batcher", false, stopped));
  const auto ended = steady_clock::now();
  next_look_ = ended + std::max<steady_clock::duration>(kLookEvery, ended - began);
  const MergeCounts& counts = outcome.counts;
  const bool gained = counts.frame_bytes_after * 100 < counts.frame_bytes_before * kGainPercentMax;
  patience_ = outcome.refused.ok() && gained ? 1 : std::min(patience_ * 2, kPatienceMax);
  return outcome;
}

Result<MergeOutcome> TailMerger::MergeAll(const std::string& actor, bool dry_run,
                                          const std::function<bool()>& stopped) {
  SRDF_ASSIGN_OR_RETURN(const UnsentTail tail, tail_->GetUnsentTail());
  const auto groups = PlanWholeMerge(tail.wagons, limits_);
  if (groups.empty()) return MergeOutcome();
  return Merge(tail, groups, actor, dry_run, stopped);
}

Result<MergeOutcome> TailMerger::Merge(const UnsentTail& tail, const std::vector<MergeGroup>& groups,
                                       const std::string& actor, bool dry_run,
                                       const std::function<bool()>& stopped) {
  if (tail.wagons.back().hash != sealer_->tip().hash) {
    return MergeOutcome{{}, {StatusCode::kAborted, "the outbox's tip is not the wagon sealed last"}};
  }
  if (!dry_run) {
    std::vector<std::string> hashes;
    for (size_t i = groups.front().first; i < tail.wagons.size(); ++i) hashes.push_back(tail.wagons[i].hash);
    SRDF_RETURN_IF_ERROR(tail_->BeginReplace(tail.wagons[groups.front().first].sequence, hashes, actor));
  }
  const auto counts = MakeWagons(tail, groups, dry_run, stopped);
  if (!counts.ok()) {
    if (!dry_run) SRDF_RETURN_IF_ERROR(tail_->AbandonReplace());
    return MergeOutcome{{}, counts.status()};
  }
  if (dry_run) return MergeOutcome{*counts, {}};
  SRDF_FAILPOINT("batcher.before_merge");
  auto tip = tail_->CommitReplace();
  if (NothingChanged(tip.status())) return MergeOutcome{{}, tip.status()};
  SRDF_RETURN_IF_ERROR(tip.status());
  SRDF_FAILPOINT("batcher.after_merge");
  sealer_->TailReplaced(std::move(*tip));
  obs::Info("wagons_merged", {{"flow", options_.flow},
                              {"wagons_before", counts->wagons_before},
                              {"wagons_after", counts->wagons_after},
                              {"bytes_before", counts->frame_bytes_before},
                              {"bytes_after", counts->frame_bytes_after},
                              {"rows_before", counts->rows_before},
                              {"rows_after", counts->rows_after}});
  return MergeOutcome{*counts, {}};
}

Result<MergeCounts> TailMerger::MakeWagons(const UnsentTail& tail, const std::vector<MergeGroup>& groups,
                                           bool dry_run, const std::function<bool()>& stopped) {
  MergeCounts counts;
  counts.merges = 1;
  ChainTip place = tail.before;
  if (const size_t first = groups.front().first; first > 0) {
    place.sequence = tail.wagons[first - 1].sequence;
    place.hash = tail.wagons[first - 1].hash;
    place.position = {};  // the first wagon that is merged says it
  }
  for (const MergeGroup& group : groups) {
    size_t next = group.first;
    const auto open = [&]() -> Result<wire::FramePieces> {
      if (stopped()) return Status(StatusCode::kCancelled, "the merge was given up: the session ends");
      const UnsentWagon& wagon = tail.wagons[next++];
      ++counts.wagons_before;
      counts.frame_bytes_before += wagon.frame_bytes;
      counts.rows_before += wagon.rows_after;
      return tail_->OpenFrame(wagon.uid);
    };
    // One piece is held back, so that the last one can be told.
    std::string held;
    const auto send = [&](std::string_view piece) -> Status {
      counts.frame_bytes_after += piece.size();
      if (dry_run) return {};
      if (!held.empty()) SRDF_RETURN_IF_ERROR(tail_->SendMerged(held, false, 0));
      held.assign(piece);
      return {};
    };
    std::string hash;
    const auto header = group.count > 1 ? MergeWagons(options_, place, group.count, open, send, &hash)
                                        : ReframeWagon(options_, place, open, send, &hash);
    SRDF_RETURN_IF_ERROR(header.status());
    if (!dry_run) SRDF_RETURN_IF_ERROR(tail_->SendMerged(held, true, group.count));
    ++counts.wagons_after;
    counts.rows_after += header->rows_after;
    place = {header->epoch, header->sequence, header->uid, hash, header->last};
  }
  return counts;
}

}  // namespace srdf::batcher
