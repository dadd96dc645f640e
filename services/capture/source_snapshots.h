// SourceSnapshots: consistent reads of the flows' sources, at marks that go into their streams.
#pragma once

#include <map>
#include <string>

#include "capture/capture_flow.h"
#include "snapshot_service/snapshots.h"

namespace srdf::capture {

class SourceSnapshots : public snapshot_service::Snapshots {
 public:
  struct Source {
    CaptureFlow* flow = nullptr;
    std::string server;  // for people
  };
  // By flow. All outlive this.
  explicit SourceSnapshots(std::map<std::string, Source> sources) : sources_(std::move(sources)) {}

  Status Expect(const std::string& flow, const std::string& mark) override;
  Result<std::unique_ptr<engine::Snapshot>> Open(const std::string& flow, const std::string& mark,
                                                 const snapshot_service::CallLimits& limits) override;
  Result<std::unique_ptr<engine::Snapshot>> OpenNow(const std::string& flow) override;
  std::string ServerName(const std::string& flow) override;

 private:
  Result<CaptureFlow*> Find(const std::string& flow) const;

  const std::map<std::string, Source> sources_;
};

}  // namespace srdf::capture
