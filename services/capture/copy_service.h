// CopyServiceImpl: translates the RPCs of srdf.capture.v1.CopyService into calls of CopyDesk.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "capture/copy_desk.h"
#include "srdf/capture/v1/copy.grpc.pb.h"

namespace srdf::capture {

using DeskMap = std::map<std::string, std::unique_ptr<CopyDesk>>;

class CopyServiceImpl final : public v1::CopyService::Service {
 public:
  explicit CopyServiceImpl(const DeskMap* desks) : desks_(desks) {}
  grpc::Status StartCopy(grpc::ServerContext* context, const v1::StartCopyRequest* request,
                         v1::StartCopyResponse* response) override;
  grpc::Status PauseCopy(grpc::ServerContext* context, const v1::PauseCopyRequest* request,
                         v1::PauseCopyResponse* response) override;
  grpc::Status ResumeCopy(grpc::ServerContext* context, const v1::ResumeCopyRequest* request,
                          v1::ResumeCopyResponse* response) override;
  grpc::Status SetCopyOptions(grpc::ServerContext* context, const v1::SetCopyOptionsRequest* request,
                              v1::SetCopyOptionsResponse* response) override;
  grpc::Status CancelCopy(grpc::ServerContext* context, const v1::CancelCopyRequest* request,
                          v1::CancelCopyResponse* response) override;
  grpc::Status GetCopy(grpc::ServerContext* context, const v1::GetCopyRequest* request,
                       v1::GetCopyResponse* response) override;
  grpc::Status CopyRows(grpc::ServerContext* context, const v1::CopyRowsRequest* request,
                        v1::CopyRowsResponse* response) override;

 private:
  Result<CopyDesk*> Find(const std::string& flow) const;
  const DeskMap* const desks_;
};

}  // namespace srdf::capture
