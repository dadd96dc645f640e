// ApplierServiceImpl: translates the RPCs of srdf.applier.v1 into calls of ApplierFlow.
#pragma once

#include <string>

#include "applier/applier_flow.h"
#include "applier/verifications.h"
#include "srdf/applier/v1/applier.grpc.pb.h"

namespace srdf::applier {

class ApplierServiceImpl final : public v1::ApplierService::Service {
 public:
  // Both outlive the service.
  ApplierServiceImpl(const FlowMap* flows, Verifications* verifications)
      : flows_(flows), verifications_(verifications) {}
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status Preflight(grpc::ServerContext* context, const v1::PreflightRequest* request,
                         v1::PreflightResponse* response) override;
  grpc::Status ResumeFlow(grpc::ServerContext* context, const v1::ResumeFlowRequest* request,
                          v1::ResumeFlowResponse* response) override;
  grpc::Status RecordVerification(grpc::ServerContext* context, const v1::RecordVerificationRequest* request,
                                  v1::RecordVerificationResponse* response) override;

 private:
  Result<ApplierFlow*> Find(const std::string& flow) const;
  const FlowMap* const flows_;
  Verifications* const verifications_;
};

}  // namespace srdf::applier
