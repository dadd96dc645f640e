#include "snapshot_service/snapshot_service.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "model/mark.h"
#include "rpc/status_map.h"
#include "snapshot_service/row_stream.h"
#include "verify/table_digest.h"
#include "wire/header_convert.h"

namespace srdf::snapshot_service {

namespace {

namespace v1 = snapshot::v1;

// A call without a deadline of its own waits for that long at most.
constexpr std::chrono::minutes kWaitMax{10};
// A table counts as altered for the rest of the second in which it was.
constexpr std::chrono::milliseconds kListAgain{250};
constexpr std::chrono::seconds kListPatience{10};

CallLimits LimitsOf(const grpc::ServerContext& context) {
  const auto left = std::min<std::chrono::system_clock::duration>(
      context.deadline() - std::chrono::system_clock::now(), kWaitMax);
  return {std::chrono::steady_clock::now() + left, [&context] { return context.IsCancelled(); }};
}

Status CheckMark(const std::string& mark) {
  if (!mark.empty() && mark.size() <= kMarkIdBytesMax) return {};
  return {StatusCode::kInvalidArgument, "a mark has 1 to 64 bytes"};
}

// To the client a table that is gone means the same as one that was altered: look again in a new snapshot.
// kNotFound would say that the snapshot is gone.
Result<TableSchema> Describe(engine::Snapshot* snapshot, const std::string& database,
                             const std::string& table) {
  auto schema = snapshot->Describe(database, table);
  if (schema.ok() || schema.status().code() != StatusCode::kNotFound) return schema;
  return Status(StatusCode::kAborted, schema.status().message(), schema.status().remedy());
}

void AddPart(const engine::KeyRange& range, const verify::RowDigest& digest, v1::DigestResponse* response) {
  v1::PartDigest* part = response->add_parts();
  part->set_after(range.after);
  part->set_until(range.until);
  part->set_rows(digest.rows);
  part->set_sum(verify::HashBytes(digest.sum));
}

}  // namespace

grpc::Status SnapshotServiceImpl::Expect(grpc::ServerContext*, const v1::ExpectRequest* request,
                                         v1::ExpectResponse*) {
  const Status sound = CheckMark(request->mark());
  return rpc::ToGrpc(sound.ok() ? source_->Expect(request->flow(), request->mark()) : sound);
}

grpc::Status SnapshotServiceImpl::Open(grpc::ServerContext* context, const v1::OpenRequest* request,
                                       v1::OpenResponse* response) {
  const Status sound = CheckMark(request->mark());
  if (!sound.ok()) return rpc::ToGrpc(sound);
  const auto position = open_.Open(request->flow(), request->mark(), LimitsOf(*context));
  if (!position.ok()) return rpc::ToGrpc(position.status());
  wire::ToProto(*position, response->mutable_position());
  response->set_server(source_->ServerName(request->flow()));
  return grpc::Status::OK;
}

grpc::Status SnapshotServiceImpl::ListTables(grpc::ServerContext* context,
                                             const v1::ListTablesRequest* request,
                                             v1::ListTablesResponse* response) {
  const auto list = [&]() -> Result<std::vector<engine::TableInfo>> {
    if (request->mark().empty()) return ListNow(request->flow(), LimitsOf(*context));
    SRDF_ASSIGN_OR_RETURN(const auto snapshot,
                          open_.Use(request->flow(), request->mark(), LimitsOf(*context)));
    return snapshot->ListTables();
  };
  auto tables = list();
  if (!tables.ok()) return rpc::ToGrpc(tables.status());
  for (engine::TableInfo& table : *tables) {
    v1::Table* out = response->add_tables();
    out->set_database(std::move(table.database));
    out->set_table(std::move(table.table));
    out->set_rows_estimate(table.rows_estimate);
    out->set_bytes_estimate(table.bytes_estimate);
    out->set_engine(std::move(table.engine));
    out->set_transactional(table.transactional);
    for (std::string& column : table.key_columns) out->add_key_columns(std::move(column));
    out->set_definition(std::move(table.definition));
    out->set_empty(table.empty);
  }
  return grpc::Status::OK;
}

// A table that is altered at this very moment is looked at again.
Result<std::vector<engine::TableInfo>> SnapshotServiceImpl::ListNow(const std::string& flow,
                                                                    const CallLimits& limits) {
  const auto until = std::min(limits.deadline - kListAgain, std::chrono::steady_clock::now() + kListPatience);
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const auto snapshot, source_->OpenNow(flow));
    auto tables = snapshot->ListTables();
    const bool altered = tables.status().code() == StatusCode::kAborted;
    if (!altered || std::chrono::steady_clock::now() >= until || limits.cancelled()) return tables;
    std::this_thread::sleep_for(kListAgain);
  }
}

grpc::Status SnapshotServiceImpl::Digest(grpc::ServerContext* context, const v1::DigestRequest* request,
                                         v1::DigestResponse* response) {
  return rpc::ToGrpc(Fill(*context, *request, response));
}

Status SnapshotServiceImpl::Fill(const grpc::ServerContext& context, const v1::DigestRequest& request,
                                 v1::DigestResponse* response) {
  SRDF_ASSIGN_OR_RETURN(const auto snapshot, open_.Use(request.flow(), request.mark(), LimitsOf(context)));
  SRDF_ASSIGN_OR_RETURN(const TableSchema schema,
                        Describe(snapshot.get(), request.database(), request.table()));
  response->set_schema_digest(verify::SchemaDigest(schema));
  const verify::Pace pace{request.rows_per_second_max(), [&context] { return context.IsCancelled(); }};
  if (schema.key_kind == KeyKind::kNone && request.by_case() != v1::DigestRequest::kBuckets) {
    return {StatusCode::kInvalidArgument, "a table without a key is digested by buckets"};
  }
  switch (request.by_case()) {
    case v1::DigestRequest::kSteps: {
      const auto& steps = request.steps();
      SRDF_ASSIGN_OR_RETURN(const verify::StepsResult result,
                            verify::DigestSteps(snapshot.get(), schema, {steps.after(), steps.until()},
                                                steps.rows_per_step(), steps.rows_max(), pace));
      for (const verify::Part& part : result.parts) AddPart(part.range, part.digest, response);
      response->set_end(result.end);
      return {};
    }
    case v1::DigestRequest::kBoundaries: {
      std::vector<engine::KeyRange> ranges;
      for (const v1::Range& range : request.boundaries().ranges())
        ranges.push_back({range.after(), range.until()});
      SRDF_ASSIGN_OR_RETURN(const auto parts, verify::DigestRanges(snapshot.get(), schema, ranges, pace));
      for (const verify::Part& part : parts) AddPart(part.range, part.digest, response);
      return {};
    }
    case v1::DigestRequest::kBuckets: {
      SRDF_ASSIGN_OR_RETURN(const auto digests,
                            verify::DigestBuckets(snapshot.get(), schema, request.buckets(), pace));
      for (const verify::RowDigest& digest : digests) AddPart({}, digest, response);
      response->set_end(true);
      return {};
    }
    case v1::DigestRequest::BY_NOT_SET:
      break;
  }
  return {StatusCode::kInvalidArgument, "the parts of the digest are not said"};
}

grpc::Status SnapshotServiceImpl::ReadRows(grpc::ServerContext* context, const v1::ReadRowsRequest* request,
                                           grpc::ServerWriter<v1::ReadRowsResponse>* writer) {
  const auto read = [&]() -> Status {
    if (request->buckets() > verify::kBucketsMax) {
      return {StatusCode::kInvalidArgument, "a table has 1 to 65536 buckets"};
    }
    SRDF_ASSIGN_OR_RETURN(const auto snapshot,
                          open_.Use(request->flow(), request->mark(), LimitsOf(*context)));
    SRDF_ASSIGN_OR_RETURN(const TableSchema schema,
                          Describe(snapshot.get(), request->database(), request->table()));
    const verify::Pace pace{request->rows_per_second_max(), [context] { return context->IsCancelled(); }};
    RowStream stream(request, &pace,
                     [writer](const v1::ReadRowsResponse& message) { return writer->Write(message); });
    return stream.Run(snapshot.get(), schema);
  };
  return rpc::ToGrpc(read());
}

grpc::Status SnapshotServiceImpl::Close(grpc::ServerContext*, const v1::CloseRequest* request,
                                        v1::CloseResponse*) {
  open_.Close(request->flow(), request->mark());
  return grpc::Status::OK;
}

}  // namespace srdf::snapshot_service
