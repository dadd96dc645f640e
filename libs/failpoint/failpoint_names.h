// The failure points there are: SRDF_FAILPOINT takes no other name (checked when it is compiled), and a wrong
// one in a variable is an error that lists these.
//
// docs/operations/failure-points.md says of each what must hold after a crash there; tests/e2e/crash_points
// passes and crashes each of them. A name is `service.step`; `store.` is the queue file of shipper and
// receiver.
#pragma once

#include <cstddef>
#include <string_view>

namespace srdf::failpoint {

// A line each, so that a new one changes one line.
// clang-format off
inline constexpr std::string_view kNames[] = {
    "capture.before_resume",
    "capture.after_hand_on",
    "capture.copy_before_read",
    "capture.copy_after_send",
    "batcher.before_seal",
    "batcher.inside_huge",
    "batcher.before_store",
    "batcher.after_store",
    "batcher.after_acknowledge",
    "shipper.before_commit",
    "shipper.after_early_send",
    "shipper.after_commit",
    "shipper.before_reconcile",
    "shipper.after_reconcile",
    "shipper.before_mark_sent",
    "shipper.before_mark_acked",
    "shipper.after_mark_acked",
    "shipper.before_mark_applied",
    "shipper.after_mark_applied",
    "receiver.after_chunk",
    "receiver.before_accept",
    "receiver.after_accept",
    "receiver.before_adopt",
    "receiver.after_adopt",
    "receiver.before_hand_on",
    "receiver.after_hand_on",
    "receiver.before_mark_applied",
    "receiver.after_mark_applied",
    "applier.after_connect",
    "applier.before_ddl_intent",
    "applier.after_ddl_intent",
    "applier.after_ddl",
    "applier.before_ddl_failed",
    "applier.after_ddl_failed",
    "applier.before_ddl_done",
    "applier.after_ddl_done",
    "applier.before_packet",
    "applier.after_packet",
    "applier.inside_rows",
    "applier.copy_after_delete",
    "applier.before_checkpoint",
    "applier.before_commit",
    "applier.after_commit",
    "applier.after_applied",
    "applier.before_skip_commit",
    "applier.after_skip_commit",
    "receiver.before_skip",
    "receiver.after_skip",
    "shipper.before_skip",
    "shipper.after_skip",
    "shipper.before_skip_told",
    "shipper.before_merge",
    "shipper.after_merge",
    "batcher.before_merge",
    "batcher.after_merge",
    "store.before_commit",
    "store.after_commit",
    "store.after_flush",
    "store.inside_purge",
};
// clang-format on
inline constexpr size_t kCount = sizeof(kNames) / sizeof(kNames[0]);

// kCount for a name that there is not.
constexpr size_t IndexOf(std::string_view name) {
  for (size_t i = 0; i < kCount; ++i) {
    if (kNames[i] == name) return i;
  }
  return kCount;
}

}  // namespace srdf::failpoint
