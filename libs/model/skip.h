// SkipDecision: an operator's word that a wagon's changes are not to be applied at the target.
//
// It travels with the wagon's header instead of the wagon: the sequence and the chain stay whole, and outbox,
// inbox and target each keep who decided, why and when (docs/adr/0010-skipped-wagons.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace srdf {

constexpr size_t kSkipReasonBytesMax = 1000;

struct SkipDecision {
  std::string reason;  // the operator's own words, not empty
  std::string actor;   // who asked for it
  int64_t decided_at_ms = 0;
};

}  // namespace srdf
