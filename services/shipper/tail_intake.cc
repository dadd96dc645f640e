#include "shipper/tail_intake.h"

#include <utility>

#include "failpoint/failpoint.h"
#include "obs/log.h"

namespace srdf::shipper {

void TailIntake::Begin(uint64_t first_sequence, std::vector<std::string> hashes, std::string actor) {
  active_ = true;
  actor_ = std::move(actor);
  verifier_.reset();
  auto replacement = outbox_->ReplaceTail(flow_, first_sequence, std::move(hashes));
  failed_ = replacement.status();
  if (replacement.ok()) replacement_ = std::move(*replacement);
}

void TailIntake::Append(std::string_view data, bool last, size_t covers) {
  if (failed_.ok()) failed_ = Take(data, last, covers);
}

Status TailIntake::Take(std::string_view data, bool last, size_t covers) {
  if (verifier_ == nullptr) verifier_ = wire::NewFrameVerifier();
  SRDF_RETURN_IF_ERROR(verifier_->Append(data));
  SRDF_RETURN_IF_ERROR(replacement_->Append(data));
  if (!last) return {};
  WagonHeader header;
  std::string hash;
  SRDF_RETURN_IF_ERROR(verifier_->Finish(&header, &hash));
  verifier_.reset();
  return replacement_->EndWagon(header, hash, covers);
}

Result<ChainTip> TailIntake::Finish(bool abandon) {
  active_ = false;
  const auto replacement = std::move(replacement_);
  if (abandon) return Status(StatusCode::kCancelled, "the merge was given up");
  SRDF_RETURN_IF_ERROR(failed_);
  if (replacement == nullptr) return Status(StatusCode::kInvalidArgument, "no replacement was begun");
  SRDF_FAILPOINT("shipper.before_merge");
  SRDF_ASSIGN_OR_RETURN(ChainTip tip, replacement->Commit(actor_));
  SRDF_FAILPOINT("shipper.after_merge");
  obs::Info("wagons_merged", {{"flow", flow_}, {"sequence", tip.sequence}, {"actor", actor_}});
  return tip;
}

}  // namespace srdf::shipper
