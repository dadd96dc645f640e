// RemoteSide: one side of a comparison over gRPC: the SnapshotService of capture or of the applier.
//
// Driven by one thread at a time. Interrupt ends the call that is under way, from any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "compare/side.h"
#include "srdf/snapshot/v1/snapshot.grpc.pb.h"
#include "srdfctl/mesh_client.h"

namespace srdf::ctl {

class RemoteSide : public compare::Side {
 public:
  // `service` is "capture" or "applier"; `client` and `stub` outlive this.
  RemoteSide(MeshClient* client, std::string service, snapshot::v1::SnapshotService::StubInterface* stub,
             std::string flow, uint64_t rows_per_second_max)
      : client_(client),
        service_(std::move(service)),
        stub_(stub),
        flow_(std::move(flow)),
        rows_per_second_max_(rows_per_second_max) {}
  ~RemoteSide() override { RemoteSide::Close(); }

  void Interrupt();

  Status Expect(const std::string& mark) override;
  Result<SourcePosition> Open(const std::string& mark) override;
  void Close() override;
  Result<std::vector<engine::TableInfo>> ListTables() override;
  Result<TableSchema> Describe(const compare::TableName& table) override;
  Result<verify::StepsResult> Steps(const compare::TableName& table, const engine::KeyRange& range,
                                    uint64_t rows_per_step, uint64_t rows_max) override;
  Result<std::vector<verify::Part>> Ranges(const compare::TableName& table,
                                           const std::vector<engine::KeyRange>& ranges) override;
  Result<std::vector<verify::RowDigest>> Buckets(const compare::TableName& table, uint32_t buckets) override;
  Status ReadRows(const compare::TableName& table, const compare::RowsWanted& wanted,
                  const std::function<Status(compare::ReadRow)>& each) override;

  const std::string& server() const { return server_; }  // after Open, for people

 private:
  class Call;
  snapshot::v1::DigestRequest DigestOf(const compare::TableName& table) const;
  Result<snapshot::v1::DigestResponse> Digest(const snapshot::v1::DigestRequest& request);
  Status Read(const snapshot::v1::ReadRowsRequest& request, TableSchema* schema,
              const std::function<Status(compare::ReadRow)>& each);
  Status Explain(const grpc::Status& status) const;

  MeshClient* const client_;
  const std::string service_;
  snapshot::v1::SnapshotService::StubInterface* const stub_;
  const std::string flow_;
  const uint64_t rows_per_second_max_;
  std::string mark_;  // that is open or expected; empty: none
  std::string server_;

  std::mutex mu_;
  // guarded by mu_
  grpc::ClientContext* running_ = nullptr;
  bool interrupted_ = false;
};

}  // namespace srdf::ctl
