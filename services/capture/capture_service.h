// CaptureServiceImpl: translates the RPCs of srdf.capture.v1 into calls of CaptureFlow.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "capture/capture_flow.h"
#include "srdf/capture/v1/capture.grpc.pb.h"

namespace srdf::capture {

using FlowMap = std::map<std::string, std::unique_ptr<CaptureFlow>>;

class CaptureServiceImpl final : public v1::CaptureService::Service {
 public:
  explicit CaptureServiceImpl(const FlowMap* flows) : flows_(flows) {}
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status Preflight(grpc::ServerContext* context, const v1::PreflightRequest* request,
                         v1::PreflightResponse* response) override;
  grpc::Status ResumeFlow(grpc::ServerContext* context, const v1::ResumeFlowRequest* request,
                          v1::ResumeFlowResponse* response) override;

 private:
  Result<CaptureFlow*> Find(const std::string& flow) const;
  const FlowMap* const flows_;
};

}  // namespace srdf::capture
