// SnapshotServiceImpl: srdf.snapshot.v1 over the snapshots of the service that hosts it, capture or applier.
//
// Create, Start, register, … , Stop. Digests are computed here, beside the database: what goes over the line
// are numbers, and the rows that are asked for. A call that its client gives up ends its read soon.
#pragma once

#include <memory>
#include <string>

#include "snapshot_service/open_snapshots.h"
#include "snapshot_service/snapshots.h"
#include "srdf/snapshot/v1/snapshot.grpc.pb.h"

namespace srdf::snapshot_service {

class SnapshotServiceImpl final : public snapshot::v1::SnapshotService::Service {
 public:
  // `source` outlives the service.
  explicit SnapshotServiceImpl(Snapshots* source, OpenSnapshots::Limits limits = {})
      : source_(source), open_(source, limits) {}
  void Start() { open_.Start(); }
  // Before `source` ends.
  void Stop() { open_.Stop(); }

  grpc::Status Expect(grpc::ServerContext* context, const snapshot::v1::ExpectRequest* request,
                      snapshot::v1::ExpectResponse* response) override;
  grpc::Status Open(grpc::ServerContext* context, const snapshot::v1::OpenRequest* request,
                    snapshot::v1::OpenResponse* response) override;
  grpc::Status ListTables(grpc::ServerContext* context, const snapshot::v1::ListTablesRequest* request,
                          snapshot::v1::ListTablesResponse* response) override;
  grpc::Status Digest(grpc::ServerContext* context, const snapshot::v1::DigestRequest* request,
                      snapshot::v1::DigestResponse* response) override;
  grpc::Status ReadRows(grpc::ServerContext* context, const snapshot::v1::ReadRowsRequest* request,
                        grpc::ServerWriter<snapshot::v1::ReadRowsResponse>* writer) override;
  grpc::Status Close(grpc::ServerContext* context, const snapshot::v1::CloseRequest* request,
                     snapshot::v1::CloseResponse* response) override;

 private:
  Result<std::vector<engine::TableInfo>> ListNow(const std::string& flow, const CallLimits& limits);
  Status Fill(const grpc::ServerContext& context, const snapshot::v1::DigestRequest& request,
              snapshot::v1::DigestResponse* response);

  Snapshots* const source_;
  OpenSnapshots open_;
};

}  // namespace srdf::snapshot_service
