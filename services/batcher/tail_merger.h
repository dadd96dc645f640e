// TailMerger: merges the wagons that wait in the outbox, and were never sent, while the destination is away.
//
// Driven by the sealer's thread, between two wagons: so the chain has one writer, and a batcher holds the
// only plaintext. Sealing comes first: after a merge at least as long as it took passes before the next. A
// merge is one bounded piece of work (outage_merge_max_bytes); the outbox refuses it when something of it was
// sent meanwhile, and then nothing has changed. Rows that do not shrink are not written again and again:
// after a merge that saved little, twice as many new wagons have to come.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"
#include "batcher/merge_plan.h"
#include "batcher/sealer.h"
#include "batcher/shipper_client.h"

namespace srdf::batcher {

// Wagons that were merged, and what they became.
struct MergeCounts {
  uint64_t merges = 0;
  uint64_t wagons_before = 0, wagons_after = 0;
  uint64_t frame_bytes_before = 0, frame_bytes_after = 0;
  uint64_t rows_before = 0, rows_after = 0;
  void Add(const MergeCounts& other);
};

// Not OK: nothing was merged, for this reason, and the session can go on.
struct MergeOutcome {
  MergeCounts counts;  // no merges: there was nothing to do
  Status refused;
};

class TailMerger {
 public:
  // `sealer` and `tail` outlive the merger.
  TailMerger(const MergeLimits& limits, bool automatic, const SealerOptions& options, Sealer* sealer,
             TailStore* tail)
      : limits_(limits), automatic_(automatic), options_(options), sealer_(sealer), tail_(tail) {}

  // When MergeIfAway is worth calling, `unapplied_wagons` being in the outbox; max() when it is not.
  std::chrono::steady_clock::time_point NextLook(uint64_t unapplied_wagons) const;
  // Merges once if the destination is away and enough has gathered. An error ends the session: the end of the
  // outbox may be another one by now.
  Result<MergeOutcome> MergeIfAway(const std::function<bool()>& stopped);
  // What an operator asks for: everything that was never sent. A dry run changes nothing.
  Result<MergeOutcome> MergeAll(const std::string& actor, bool dry_run, const std::function<bool()>& stopped);

 private:
  Result<MergeOutcome> Merge(const UnsentTail& tail, const std::vector<MergeGroup>& groups,
                             const std::string& actor, bool dry_run, const std::function<bool()>& stopped);
  Result<MergeCounts> MakeWagons(const UnsentTail& tail, const std::vector<MergeGroup>& groups, bool dry_run,
                                 const std::function<bool()>& stopped);

  const MergeLimits limits_;
  const bool automatic_;
  const SealerOptions options_;
  Sealer* const sealer_;
  TailStore* const tail_;
  std::chrono::steady_clock::time_point next_look_{};
  size_t patience_ = 1;  // wagons_min times this many new wagons are waited for
};

}  // namespace srdf::batcher
