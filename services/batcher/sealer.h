// Sealer: makes a wagon of a group and puts it in the outbox.
//
//   compact → serialize → compress → encrypt → checksum → Store, wait until durable
//
// Driven by one thread at a time. Keeps the chain: each wagon names the hash of the one before. The key is
// asked for at each wagon, so a rotated ring is in force from the next one on.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "base/status.h"
#include "batcher/group.h"
#include "batcher/shipper_client.h"
#include "compaction/compactor.h"
#include "crypto/key_ring_source.h"
#include "model/wagon.h"
#include "wire/wagon_frame.h"

namespace srdf::batcher {

struct SealerOptions {
  std::string flow;
  bool compaction_enabled = true;
  Codec codec = Codec::kZstd;
  int compression_level = 3;
  std::string spill_dir;
  // Outlives the sealer. Its active key seals wagons, and every key of it opens those that wait; null: wagons
  // are neither encrypted nor expected to be.
  crypto::KeyRingSource* keys = nullptr;
};

// 32 random hex digits.
std::string NewWagonUid();
// What a flow's wagons are made with and, those that wait in the outbox, read again.
Result<std::unique_ptr<wire::WagonBuilder>> NewWagonBuilder(const SealerOptions& options);
Status UnlockWagon(const SealerOptions& options, wire::WagonReader* reader);

class Sealer {
 public:
  // Goes on from what the session's outbox holds. `session` outlives the sealer.
  Sealer(const SealerOptions& options, StoreSession* session);

  // Returns the header when the wagon is durable in the outbox. The group's memory is free then.
  Result<WagonHeader> Seal(Group group, const std::stop_token& stop);
  // The same in two steps. Send returns when the wagon is on its way to the outbox; Stored is to be called
  // when that has it, with its word. kInternal when it stored something else.
  Result<WagonHeader> Send(Group group, const std::stop_token& stop);
  Status Stored(const WagonHeader& header, ChainTip stored);
  const ChainTip& tip() const { return tip_; }
  // The end of the outbox was rewritten by this session; the position is the same.
  void TailReplaced(ChainTip tip) { tip_ = std::move(tip); }

 private:
  Status SealSmall(Group* group, wire::WagonBuilder* builder, WagonHeader* header);
  Status SealHuge(Group* group, wire::WagonBuilder* builder, WagonHeader* header,
                  const std::stop_token& stop);
  Result<compaction::CompactionResult> Compact(const GroupPart& part, bool merge,
                                               wire::WagonBuilder* builder);

  const SealerOptions options_;
  StoreSession* const session_;
  ChainTip tip_;
  std::string sent_hash_;  // of the wagon that was sent last
};

}  // namespace srdf::batcher
