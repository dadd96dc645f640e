// ApplierSnapshots: the snapshots of all flows of an applier, as SnapshotService asks for them.
//
// Any thread; the flows and their map outlive it and do not change.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "applier/applier_flow.h"
#include "snapshot_service/snapshots.h"

namespace srdf::applier {

class ApplierSnapshots final : public snapshot_service::Snapshots {
 public:
  explicit ApplierSnapshots(const FlowMap* flows) : flows_(flows) {}

  // For people, by flow. Before anybody asks.
  void SetServerName(const std::string& flow, std::string name) { names_[flow] = std::move(name); }

  Status Expect(const std::string& flow, const std::string& mark) override;
  Result<std::unique_ptr<engine::Snapshot>> Open(const std::string& flow, const std::string& mark,
                                                 const snapshot_service::CallLimits& limits) override;
  void Forget(const std::string& flow, const std::string& mark) override;
  void ForgetUnused() override;
  Result<std::unique_ptr<engine::Snapshot>> OpenNow(const std::string& flow) override;
  std::string ServerName(const std::string& flow) override;

 private:
  Result<TargetSnapshots*> Find(const std::string& flow) const;

  const FlowMap* const flows_;
  std::map<std::string, std::string> names_;
};

}  // namespace srdf::applier
