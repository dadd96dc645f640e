// FakeSnapshots: a service's snapshots without a server. Any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "snapshot_service/snapshots.h"
#include "support/fake_snapshot.h"

namespace srdf::test {

class FakeSnapshots : public snapshot_service::Snapshots {
 public:
  Status Expect(const std::string&, const std::string&) override { return {}; }
  Result<std::unique_ptr<engine::Snapshot>> Open(const std::string& flow, const std::string&,
                                                 const snapshot_service::CallLimits&) override {
    if (flow != "shop") return Status(StatusCode::kNotFound, "no flow named " + flow);
    ++opened;
    return OpenNow(flow);
  }
  Result<std::unique_ptr<engine::Snapshot>> OpenNow(const std::string&) override {
    struct Counted : FakeSnapshot {
      Counted(const FakeTables& tables, std::atomic<int>* count)
          : FakeSnapshot(tables, {"0-1-7", "", 0}), alive(count) {
        ++*alive;
      }
      ~Counted() override { --*alive; }
      std::atomic<int>* alive;
    };
    return std::unique_ptr<engine::Snapshot>(std::make_unique<Counted>(tables, &alive));
  }
  void Forget(const std::string&, const std::string& mark) override { forgotten.push_back(mark); }
  void ForgetUnused() override { ++looked_for_unused; }
  std::string ServerName(const std::string&) override { return "a fake"; }

  FakeTables tables;
  std::atomic<int> opened{0};
  std::atomic<int> alive{0};
  std::vector<std::string> forgotten;  // by one thread
  std::atomic<int> looked_for_unused{0};
};

}  // namespace srdf::test
