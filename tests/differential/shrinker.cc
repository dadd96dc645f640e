#include "differential/shrinker.h"

#include <algorithm>

namespace srdf::differential {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

class Shrinking {
 public:
  Shrinking(const Listing& listing, const StillFails& still_fails, std::chrono::seconds time_max)
      : still_fails_(still_fails), deadline_(std::chrono::steady_clock::now() + time_max) {
    result_.listing = listing;
  }

  ShrinkResult Run() {
    SimplifyOptions();
    bool changed = true;
    while (changed && !TimeIsUp()) {
      changed = ReduceList(&Scenario::steps);
      changed = ReduceList(&Scenario::setup) || changed;
      changed = DropCuts() || changed;
      changed = OneSession() || changed;
    }
    result_.minimal = !TimeIsUp();
    return result_;
  }

 private:
  bool TimeIsUp() const { return std::chrono::steady_clock::now() >= deadline_; }

  // Keeps the candidate if it fails too.
  bool Try(const Listing& candidate) {
    if (TimeIsUp()) return false;
    ++result_.attempts;
    if (!still_fails_(candidate)) return false;
    result_.listing = candidate;
    return true;
  }

  void SimplifyOptions() {
    const auto simpler = [this](auto change) {
      Listing candidate = result_.listing;
      change(&candidate.options);
      if (!(candidate.options == result_.listing.options)) Try(candidate);
    };
    simpler([](RunOptions* o) { o->log_compressed = false; });
    simpler([](RunOptions* o) { o->capture_percent = 100; });
    if (result_.listing.options.capture_percent != 100) {
      simpler([](RunOptions* o) { o->capture_percent = 0; });
    }
    simpler([](RunOptions* o) { o->cut_percent = 100; });
    simpler([](RunOptions* o) { o->primed = false; });
    simpler([](RunOptions* o) { o->row_image = "FULL"; });
    simpler([](RunOptions* o) { o->row_metadata = "FULL"; });
    simpler([](RunOptions* o) { o->before_image = "key"; });
    simpler([](RunOptions* o) { o->compaction = false; });
  }

  template <typename T>
  bool ReduceList(std::vector<T> Scenario::*list) {
    bool changed = false;
    size_t piece = std::max<size_t>(1, (result_.listing.scenario.*list).size() / 2);
    for (;;) {
      for (size_t at = 0; at < (result_.listing.scenario.*list).size() && !TimeIsUp();) {
        Listing candidate = result_.listing;
        auto& items = candidate.scenario.*list;
        const size_t end = std::min(at + piece, items.size());
        KeepCut(&candidate.scenario, list, at, end);
        items.erase(items.begin() + static_cast<std::ptrdiff_t>(at),
                    items.begin() + static_cast<std::ptrdiff_t>(end));
        if (Try(candidate)) {
          changed = true;  // what follows has moved to `at`
        } else {
          at = end;
        }
      }
      if (piece == 1 || TimeIsUp()) return changed;
      piece = std::max<size_t>(1, piece / 2);
    }
  }

  // A cut in what is left out goes to the step before it, so that leaving out a step does not join wagons.
  static void KeepCut(Scenario*, std::vector<std::string> Scenario::*, size_t, size_t) {}
  static void KeepCut(Scenario* scenario, std::vector<Step> Scenario::*, size_t begin, size_t end) {
    if (begin == 0) return;
    for (size_t i = begin; i < end; ++i) {
      if (scenario->steps[i].cut) scenario->steps[begin - 1].cut = true;
    }
  }

  bool DropCuts() {
    bool changed = false;
    for (size_t i = 0; i < result_.listing.scenario.steps.size() && !TimeIsUp(); ++i) {
      if (!result_.listing.scenario.steps[i].cut) continue;
      Listing candidate = result_.listing;
      candidate.scenario.steps[i].cut = false;
      changed = Try(candidate) || changed;
    }
    return changed;
  }

  bool OneSession() {
    Listing candidate = result_.listing;
    bool several = false;
    for (Step& step : candidate.scenario.steps) {
      several = several || step.session != 0;
      step.session = 0;
    }
    return several && Try(candidate);
  }

  const StillFails& still_fails_;
  const SteadyTime deadline_;
  ShrinkResult result_;
};

}  // namespace

ShrinkResult Shrink(const Listing& listing, const StillFails& still_fails, std::chrono::seconds time_max) {
  return Shrinking(listing, still_fails, time_max).Run();
}

}  // namespace srdf::differential
