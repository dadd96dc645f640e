#include "srdfctl/remote_side.h"

#include <chrono>

#include "wire/header_convert.h"

namespace srdf::ctl {

namespace {

namespace v1 = snapshot::v1;

constexpr std::chrono::seconds kShort{20};
// A mark travels behind all that waits on its way; it is asked for again.
constexpr std::chrono::seconds kOpen{30};
// A pass over a large table without a key takes a while; a service that is gone is noticed by the channel.
constexpr std::chrono::hours kRead{12};

Status BadAnswer() { return {StatusCode::kInternal, "a digest that cannot be read"}; }

Result<std::vector<verify::Part>> PartsOf(const v1::DigestResponse& response) {
  std::vector<verify::Part> parts;
  for (const v1::PartDigest& part : response.parts()) {
    verify::RowDigest digest{part.rows(), {}};
    if (!verify::ParseHash(part.sum(), &digest.sum)) return BadAnswer();
    parts.push_back({{part.after(), part.until()}, digest});
  }
  return parts;
}

}  // namespace

// The context of one call, known to Interrupt.
class RemoteSide::Call {
 public:
  Call(RemoteSide* side, std::chrono::system_clock::duration deadline) : side_(side) {
    context_.set_deadline(std::chrono::system_clock::now() + deadline);
    rpc::TellCaller(&context_);
    std::lock_guard lock(side_->mu_);
    side_->running_ = &context_;
    if (side_->interrupted_) context_.TryCancel();
  }
  ~Call() {
    std::lock_guard lock(side_->mu_);
    side_->running_ = nullptr;
  }
  grpc::ClientContext* get() { return &context_; }

 private:
  RemoteSide* const side_;
  grpc::ClientContext context_;
};

void RemoteSide::Interrupt() {
  std::lock_guard lock(mu_);
  interrupted_ = true;
  if (running_ != nullptr) running_->TryCancel();
}

Status RemoteSide::Explain(const grpc::Status& status) const {
  return status.ok() ? Status() : client_->Explain(service_, rpc::FromGrpc(status));
}

Status RemoteSide::Expect(const std::string& mark) {
  if (mark != mark_) Close();
  mark_ = mark;  // to be forgotten, whatever becomes of the call
  v1::ExpectRequest request;
  request.set_flow(flow_);
  request.set_mark(mark);
  v1::ExpectResponse response;
  return Explain(stub_->Expect(Call(this, kShort).get(), request, &response));
}

Result<SourcePosition> RemoteSide::Open(const std::string& mark) {
  if (mark != mark_) Close();
  v1::OpenRequest request;
  request.set_flow(flow_);
  request.set_mark(mark);
  v1::OpenResponse response;
  mark_ = mark;  // to be closed, whatever becomes of the call
  SRDF_RETURN_IF_ERROR(Explain(stub_->Open(Call(this, kOpen).get(), request, &response)));
  server_ = response.server();
  return wire::FromProto(response.position());
}

void RemoteSide::Close() {
  if (mark_.empty()) return;
  v1::CloseRequest request;
  request.set_flow(flow_);
  request.set_mark(std::exchange(mark_, {}));
  v1::CloseResponse response;
  grpc::ClientContext context;  // not one that Interrupt ends
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
  rpc::TellCaller(&context);
  (void)stub_->Close(&context, request, &response);  // one that is not closed ends by itself
}

Result<std::vector<engine::TableInfo>> RemoteSide::ListTables() {
  v1::ListTablesRequest request;
  request.set_flow(flow_);
  request.set_mark(mark_);
  v1::ListTablesResponse response;
  // Every table's definition is read.
  SRDF_RETURN_IF_ERROR(
      Explain(stub_->ListTables(Call(this, std::chrono::minutes(5)).get(), request, &response)));
  std::vector<engine::TableInfo> tables;
  for (const v1::Table& table : response.tables()) {
    engine::TableInfo info;
    info.database = table.database();
    info.table = table.table();
    info.rows_estimate = table.rows_estimate();
    info.bytes_estimate = table.bytes_estimate();
    info.engine = table.engine();
    info.transactional = table.transactional();
    info.key_columns.assign(table.key_columns().begin(), table.key_columns().end());
    info.definition = table.definition();
    info.empty = table.empty();
    tables.push_back(std::move(info));
  }
  return tables;
}

Result<TableSchema> RemoteSide::Describe(const compare::TableName& table) {
  v1::ReadRowsRequest request;
  request.set_database(table.database);
  request.set_table(table.table);
  TableSchema schema;
  SRDF_RETURN_IF_ERROR(Read(request, &schema, [](const compare::ReadRow&) { return Status(); }));
  if (schema.columns.empty()) return BadAnswer();
  return schema;
}

v1::DigestRequest RemoteSide::DigestOf(const compare::TableName& table) const {
  v1::DigestRequest request;
  request.set_flow(flow_);
  request.set_mark(mark_);
  request.set_database(table.database);
  request.set_table(table.table);
  request.set_rows_per_second_max(rows_per_second_max_);
  return request;
}

Result<v1::DigestResponse> RemoteSide::Digest(const v1::DigestRequest& request) {
  v1::DigestResponse response;
  SRDF_RETURN_IF_ERROR(Explain(stub_->Digest(Call(this, kRead).get(), request, &response)));
  return response;
}

Result<verify::StepsResult> RemoteSide::Steps(const compare::TableName& table, const engine::KeyRange& range,
                                              uint64_t rows_per_step, uint64_t rows_max) {
  v1::DigestRequest request = DigestOf(table);
  auto* steps = request.mutable_steps();
  steps->set_after(range.after);
  steps->set_until(range.until);
  steps->set_rows_per_step(rows_per_step);
  steps->set_rows_max(rows_max);
  SRDF_ASSIGN_OR_RETURN(const v1::DigestResponse response, Digest(request));
  SRDF_ASSIGN_OR_RETURN(auto parts, PartsOf(response));
  return verify::StepsResult{std::move(parts), response.end()};
}

Result<std::vector<verify::Part>> RemoteSide::Ranges(const compare::TableName& table,
                                                     const std::vector<engine::KeyRange>& ranges) {
  v1::DigestRequest request = DigestOf(table);
  auto* boundaries = request.mutable_boundaries();
  for (const engine::KeyRange& range : ranges) {
    v1::Range* out = boundaries->add_ranges();
    out->set_after(range.after);
    out->set_until(range.until);
  }
  SRDF_ASSIGN_OR_RETURN(const v1::DigestResponse response, Digest(request));
  return PartsOf(response);
}

Result<std::vector<verify::RowDigest>> RemoteSide::Buckets(const compare::TableName& table,
                                                           uint32_t buckets) {
  v1::DigestRequest request = DigestOf(table);
  request.set_buckets(buckets);
  SRDF_ASSIGN_OR_RETURN(const v1::DigestResponse response, Digest(request));
  SRDF_ASSIGN_OR_RETURN(const auto parts, PartsOf(response));
  std::vector<verify::RowDigest> digests;
  for (const verify::Part& part : parts) digests.push_back(part.digest);
  return digests;
}

Status RemoteSide::ReadRows(const compare::TableName& table, const compare::RowsWanted& wanted,
                            const std::function<Status(compare::ReadRow)>& each) {
  v1::ReadRowsRequest request;
  request.set_database(table.database);
  request.set_table(table.table);
  for (const engine::KeyRange& range : wanted.ranges) {
    v1::Range* out = request.add_ranges();
    out->set_after(range.after);
    out->set_until(range.until);
  }
  for (const std::string& key : wanted.keys) request.add_keys(key);
  request.set_buckets(wanted.buckets);
  for (const uint32_t bucket : wanted.bucket) request.add_bucket(bucket);
  request.set_with_images(wanted.with_images);
  request.set_rows_per_second_max(rows_per_second_max_);
  return Read(request, nullptr, each);
}

Status RemoteSide::Read(const v1::ReadRowsRequest& wanted, TableSchema* schema,
                        const std::function<Status(compare::ReadRow)>& each) {
  v1::ReadRowsRequest request = wanted;
  request.set_flow(flow_);
  request.set_mark(mark_);
  Call call(this, kRead);
  const auto reader = stub_->ReadRows(call.get(), request);
  v1::ReadRowsResponse response;
  Status own;
  while (own.ok() && reader->Read(&response)) {
    if (schema != nullptr && !response.schema().empty()) {
      auto decoded = DecodeTableSchema(response.schema());
      if (decoded.ok()) *schema = std::move(*decoded);
      own = decoded.status();
    }
    for (v1::RowEntry& row : *response.mutable_rows()) {
      if (!own.ok()) break;
      compare::ReadRow out;
      out.key = std::move(*row.mutable_key());
      out.image = std::move(*row.mutable_image());
      own = verify::ParseHash(row.hash(), &out.hash) ? each(std::move(out)) : BadAnswer();
    }
  }
  if (!own.ok()) call.get()->TryCancel();
  const grpc::Status status = reader->Finish();
  return own.ok() ? Explain(status) : own;
}

}  // namespace srdf::ctl
