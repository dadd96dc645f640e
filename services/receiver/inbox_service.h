// InboxService: wagons of the inbox, as calls on it.
//
// Thread rules: as the inbox's.
#pragma once

#include "srdf/receiver/v1/inbox.grpc.pb.h"
#include "store/inbox.h"

namespace srdf::receiver {

class InboxServiceImpl final : public v1::InboxService::Service {
 public:
  // `inbox` outlives the service.
  explicit InboxServiceImpl(store::Inbox* inbox) : inbox_(inbox) {}
  grpc::Status ReadWagon(grpc::ServerContext* context, const v1::ReadInboxWagonRequest* request,
                         grpc::ServerWriter<v1::ReadInboxWagonResponse>* writer) override;

 private:
  store::Inbox* const inbox_;
};

}  // namespace srdf::receiver
