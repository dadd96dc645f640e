// TailIntake: takes the wagons that replace the end of the queue from a Store stream into the outbox.
//
// Begin, frames in pieces, Finish. What cannot be taken (a full disk, a frame that is not right) is
// remembered and told by Finish, so that the stream goes on: nothing has changed then. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/wagon.h"
#include "store/outbox.h"
#include "wire/wagon_frame.h"

namespace srdf::shipper {

class TailIntake {
 public:
  TailIntake(store::Outbox* outbox, std::string flow) : outbox_(outbox), flow_(std::move(flow)) {}

  bool active() const { return active_; }
  void Begin(uint64_t first_sequence, std::vector<std::string> hashes, std::string actor);
  void Append(std::string_view data, bool last, size_t covers);
  // The new tip; else nothing has changed. kAborted: some of the wagons are being sent by now.
  Result<ChainTip> Finish(bool abandon);

 private:
  Status Take(std::string_view data, bool last, size_t covers);

  store::Outbox* const outbox_;
  const std::string flow_;
  bool active_ = false;
  std::string actor_;
  Status failed_;
  std::unique_ptr<store::TailReplacement> replacement_;
  std::unique_ptr<wire::FrameVerifier> verifier_;
};

}  // namespace srdf::shipper
