#include "capture/copy_service.h"

#include <algorithm>

#include "base/clock.h"
#include "rpc/status_map.h"
#include "wire/header_convert.h"

namespace srdf::capture {

namespace {

constexpr std::chrono::minutes kCallMax{10};
constexpr size_t kTablesTold = 20;

CallLimits LimitsOf(grpc::ServerContext* context) {
  const auto left = std::min<std::chrono::system_clock::duration>(
      context->deadline() - std::chrono::system_clock::now(), kCallMax);
  return {std::chrono::steady_clock::now() + left, [context] { return context->IsCancelled(); }};
}

std::vector<std::string> Strings(const google::protobuf::RepeatedPtrField<std::string>& list) {
  return {list.begin(), list.end()};
}

void TellTables(const CopyReport& report, v1::GetCopyResponse* response) {
  const auto is_busy = [&](const TableCopy& table) {
    return std::count(report.work.busy.begin(), report.work.busy.end(),
                      engine::TableId{table.database, table.table}) != 0;
  };
  for (const bool copying : {true, false}) {
    for (const TableCopy& table : report.copy->tables) {
      const bool under_way = is_busy(table) || table.phase == CopyPhase::kCopying;
      if (under_way != copying || response->tables_size() >= static_cast<int>(kTablesTold)) continue;
      v1::TableProgress* const out = response->add_tables();
      out->set_database(table.database);
      out->set_table(table.table);
      out->set_copying(copying);
      out->set_rows(table.rows);
      out->set_rows_estimate(table.rows_estimate);
    }
  }
}

}  // namespace

Result<CopyDesk*> CopyServiceImpl::Find(const std::string& flow) const {
  const auto found = desks_->find(flow);
  if (found == desks_->end())
    return Status(StatusCode::kNotFound, "no flow named " + flow, "see `srdfctl flow list`");
  return found->second.get();
}

grpc::Status CopyServiceImpl::StartCopy(grpc::ServerContext* context, const v1::StartCopyRequest* request,
                                        v1::StartCopyResponse* response) {
  auto desk = Find(request->flow());
  if (!desk.ok()) return rpc::ToGrpc(desk.status());
  CopyWish wish;
  wish.plan = request->plan();
  for (const v1::TableName& table : request->tables())
    wish.tables.push_back({table.database(), table.table()});
  wish.with_schema = request->with_schema();
  if (request->readers() != 0) wish.options.readers = request->readers();
  if (request->chunk_bytes() != 0) wish.options.chunk_bytes = request->chunk_bytes();
  wish.options.threads_running_max = request->threads_running_max();
  auto position = (*desk)->Start(wish, LimitsOf(context));
  if (!position.ok()) return rpc::ToGrpc(position.status());
  wire::ToProto(*position, response->mutable_position());
  return grpc::Status::OK;
}

grpc::Status CopyServiceImpl::PauseCopy(grpc::ServerContext* context, const v1::PauseCopyRequest* request,
                                        v1::PauseCopyResponse*) {
  auto desk = Find(request->flow());
  if (!desk.ok()) return rpc::ToGrpc(desk.status());
  return rpc::ToGrpc((*desk)->SetPaused(true, LimitsOf(context)));
}

grpc::Status CopyServiceImpl::ResumeCopy(grpc::ServerContext* context, const v1::ResumeCopyRequest* request,
                                         v1::ResumeCopyResponse*) {
  auto desk = Find(request->flow());
  if (!desk.ok()) return rpc::ToGrpc(desk.status());
  return rpc::ToGrpc((*desk)->SetPaused(false, LimitsOf(context)));
}

grpc::Status CopyServiceImpl::SetCopyOptions(grpc::ServerContext*, const v1::SetCopyOptionsRequest* request,
                                             v1::SetCopyOptionsResponse*) {
  auto desk = Find(request->flow());
  if (!desk.ok()) return rpc::ToGrpc(desk.status());
  return rpc::ToGrpc((*desk)->SetOptions(
      request->plan(), {request->readers(), request->chunk_bytes(), request->threads_running_max()}));
}

grpc::Status CopyServiceImpl::CancelCopy(grpc::ServerContext* context, const v1::CancelCopyRequest* request,
                                         v1::CancelCopyResponse*) {
  auto desk = Find(request->flow());
  if (!desk.ok()) return rpc::ToGrpc(desk.status());
  return rpc::ToGrpc((*desk)->Cancel(LimitsOf(context)));
}

grpc::Status CopyServiceImpl::GetCopy(grpc::ServerContext*, const v1::GetCopyRequest* request,
                                      v1::GetCopyResponse* response) {
  auto desk = Find(request->flow());
  if (!desk.ok()) return rpc::ToGrpc(desk.status());
  const CopyReport report = (*desk)->Report();
  response->set_cancelled_plan(report.cancelled_plan);
  if (!report.copy) return grpc::Status::OK;
  const CopyState& copy = *report.copy;
  response->set_active(true);
  response->set_plan(copy.plan);
  response->set_paused(copy.paused);
  response->set_schema_done(copy.schema_done);
  response->set_started_at_ms(copy.started_at_ms);
  response->set_tables_total(copy.tables_total);
  response->set_tables_done(copy.tables_total - std::min<uint64_t>(copy.tables_total, copy.tables.size()));
  response->set_rows(copy.rows);
  response->set_rows_estimate(copy.rows_estimate);
  response->set_bytes(copy.bytes);
  response->set_bytes_estimate(copy.bytes_estimate);
  TellTables(report, response);
  response->set_waits_for(report.work.waits_for);
  for (const Status& problem : report.work.problems)
    rpc::ToProto(problem, WallClockMs(), response->add_problems());
  response->set_rows_per_second(report.work.rows_per_second);
  response->set_all_tables(copy.all_tables);
  for (const engine::TableId& table : report.wanted) {
    v1::TableName* const out = response->add_wanted();
    out->set_database(table.database);
    out->set_table(table.table);
  }
  response->set_with_schema(report.with_schema);
  response->set_beginning_known(report.beginning_known);
  return grpc::Status::OK;
}

grpc::Status CopyServiceImpl::CopyRows(grpc::ServerContext* context, const v1::CopyRowsRequest* request,
                                       v1::CopyRowsResponse* response) {
  auto desk = Find(request->flow());
  if (!desk.ok()) return rpc::ToGrpc(desk.status());
  auto copied = (*desk)->Rows({request->database(), request->table()}, Strings(request->keys()),
                              Strings(request->images()), LimitsOf(context));
  if (!copied.ok()) return rpc::ToGrpc(copied.status());
  wire::ToProto(copied->position, response->mutable_position());
  response->set_rows_found(copied->found);
  return grpc::Status::OK;
}

}  // namespace srdf::capture
