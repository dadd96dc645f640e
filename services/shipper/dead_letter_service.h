// DeadLetterService: dead letters, skips and the audit, as calls on the outbox and the flow.
#pragma once

#include <string>

#include "shipper/shipper_service.h"
#include "srdf/shipper/v1/dead_letters.grpc.pb.h"

namespace srdf::shipper {

class DeadLetterServiceImpl final : public v1::DeadLetterService::Service {
 public:
  // `outbox` holds all of `flows`; both outlive the service.
  DeadLetterServiceImpl(const FlowMap* flows, store::Outbox* outbox) : flows_(flows), outbox_(outbox) {}
  grpc::Status ListDeadLetters(grpc::ServerContext* context, const v1::ListDeadLettersRequest* request,
                               v1::ListDeadLettersResponse* response) override;
  grpc::Status SkipDeadLetter(grpc::ServerContext* context, const v1::SkipDeadLetterRequest* request,
                              v1::SkipDeadLetterResponse* response) override;
  grpc::Status RetryDeadLetter(grpc::ServerContext* context, const v1::RetryDeadLetterRequest* request,
                               v1::RetryDeadLetterResponse* response) override;
  grpc::Status AcknowledgeSkips(grpc::ServerContext* context, const v1::AcknowledgeSkipsRequest* request,
                                v1::AcknowledgeSkipsResponse* response) override;
  grpc::Status ListAudit(grpc::ServerContext* context, const v1::ListAuditRequest* request,
                         v1::ListAuditResponse* response) override;
  grpc::Status AddAudit(grpc::ServerContext* context, const v1::AddAuditRequest* request,
                        v1::AddAuditResponse* response) override;

 private:
  Result<ShipperFlow*> Find(const std::string& flow) const;
  const FlowMap* const flows_;
  store::Outbox* const outbox_;
};

}  // namespace srdf::shipper
