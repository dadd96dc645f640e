#include "receiver/inbox_service.h"

#include <utility>

#include "receiver/wagon_info.h"
#include "rpc/status_map.h"

namespace srdf::receiver {

grpc::Status InboxServiceImpl::ReadWagon(grpc::ServerContext*, const v1::ReadInboxWagonRequest* request,
                                         grpc::ServerWriter<v1::ReadInboxWagonResponse>* writer) {
  auto found = inbox_->Find(request->uid());
  if (!found.ok()) return rpc::ToGrpc(found.status());
  if (!found->has_value()) {
    return rpc::ToGrpc(
        {StatusCode::kNotFound, "no uid of a wagon in the inbox begins with " + request->uid()});
  }
  const store::InboxWagon& wagon = **found;
  v1::ReadInboxWagonResponse response;
  FillInfo(wagon, response.mutable_info());
  const bool whole = wagon.payload_present && wagon.status != store::InboxStatus::kReceiving;
  if (!whole) response.mutable_info()->set_payload_present(false);
  if (!writer->Write(response) || !whole) return grpc::Status::OK;
  for (uint32_t chunk_no = 0; chunk_no < wagon.chunk_count; ++chunk_no) {
    auto chunk = inbox_->ReadChunk(wagon.header.flow, wagon.header.sequence, chunk_no);
    if (!chunk.ok()) return rpc::ToGrpc(chunk.status());
    v1::ReadInboxWagonResponse piece;
    piece.set_data(std::move(*chunk));
    if (!writer->Write(piece)) break;
  }
  return grpc::Status::OK;
}

}  // namespace srdf::receiver
