#include "applier/applier_snapshots.h"

namespace srdf::applier {

Result<TargetSnapshots*> ApplierSnapshots::Find(const std::string& flow) const {
  const auto it = flows_->find(flow);
  if (it == flows_->end())
    return Status(StatusCode::kNotFound, "no flow named " + flow, "see `srdfctl flow list`");
  return it->second->snapshots();
}

Status ApplierSnapshots::Expect(const std::string& flow, const std::string& mark) {
  SRDF_ASSIGN_OR_RETURN(TargetSnapshots* const snapshots, Find(flow));
  return snapshots->Expect(mark);
}

Result<std::unique_ptr<engine::Snapshot>> ApplierSnapshots::Open(const std::string& flow,
                                                                 const std::string& mark,
                                                                 const snapshot_service::CallLimits& limits) {
  SRDF_ASSIGN_OR_RETURN(TargetSnapshots* const snapshots, Find(flow));
  return snapshots->Open(mark, limits);
}

void ApplierSnapshots::Forget(const std::string& flow, const std::string& mark) {
  if (const auto found = Find(flow); found.ok()) (*found)->Forget(mark);
}

void ApplierSnapshots::ForgetUnused() {
  for (const auto& [name, flow] : *flows_) flow->snapshots()->ForgetUnused();
}

Result<std::unique_ptr<engine::Snapshot>> ApplierSnapshots::OpenNow(const std::string& flow) {
  SRDF_ASSIGN_OR_RETURN(TargetSnapshots* const snapshots, Find(flow));
  return snapshots->OpenNow();
}

std::string ApplierSnapshots::ServerName(const std::string& flow) {
  const auto it = names_.find(flow);
  return it == names_.end() ? "" : it->second;
}

}  // namespace srdf::applier
