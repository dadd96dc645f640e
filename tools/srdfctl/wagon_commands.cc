#include <fmt/format.h>

#include "engine_mariadb/row_json.h"
#include "srdfctl/commands.h"
#include "srdfctl/key_commands.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/wagon_rows.h"
#include "srdfctl/wagon_view.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::minutes kReadDeadline{10};  // a huge wagon over a slow line
constexpr uint32_t kPageWagons = 500;

// The newest `limit` wagons of a flow, newest first.
Result<std::vector<model::v1::WagonInfo>> ListWagons(MeshClient* client, const std::string& flow,
                                                     uint32_t limit, bool merged) {
  std::vector<model::v1::WagonInfo> wagons;
  uint64_t before = 0;
  while (wagons.size() < limit) {
    shipper::v1::ListWagonsRequest request;
    request.set_flow(flow);
    request.set_before_sequence(before);
    request.set_limit(merged ? limit
                             : std::min<uint32_t>(kPageWagons, limit - static_cast<uint32_t>(wagons.size())));
    request.set_merged(merged);
    SRDF_ASSIGN_OR_RETURN(auto reply, client->Call("shipper", client->shipper(),
                                                   &shipper::v1::ShipperService::Stub::ListWagons, request));
    if (reply.wagons().empty()) break;
    for (model::v1::WagonInfo& wagon : *reply.mutable_wagons()) wagons.push_back(std::move(wagon));
    if (wagons.size() > limit) wagons.resize(limit);
    if (merged) break;  // their numbers are used again: one page
    before = wagons.back().header().sequence();
    if (before <= 1) break;
  }
  return wagons;
}

// One ReadWagon call: what comes first, then the frame in pieces.
class WagonStream {
 public:
  WagonStream(MeshClient* client, const std::string& uid) : client_(client) {
    context_.set_deadline(std::chrono::system_clock::now() + kReadDeadline);
    shipper::v1::ReadWagonRequest request;
    request.set_uid(uid);
    reader_ = client->shipper()->ReadWagon(&context_, request);
  }
  // The rest of the stream is not wanted when only the header was.
  ~WagonStream() {
    context_.TryCancel();
    if (!finished_) (void)reader_->Finish();
  }

  Result<WagonDetails> Open() {
    if (!reader_->Read(&message_)) {
      SRDF_RETURN_IF_ERROR(Finish());
      return Status(StatusCode::kDataLoss, "the shipper ended the stream without a wagon", "look at its log");
    }
    WagonDetails details;
    details.info = message_.info();
    details.attempts.assign(message_.attempts().begin(), message_.attempts().end());
    return details;
  }

  // The next bytes of the frame; empty at the end.
  Result<std::string> Next() {
    while (message_.data().empty()) {
      message_.Clear();
      if (!reader_->Read(&message_)) {
        SRDF_RETURN_IF_ERROR(Finish());
        return std::string();
      }
    }
    std::string data = std::move(*message_.mutable_data());
    message_.clear_data();
    return data;
  }

 private:
  Status Finish() {
    if (finished_) return {};
    finished_ = true;
    const grpc::Status status = reader_->Finish();
    return status.ok() ? Status() : client_->Explain("shipper", rpc::FromGrpc(status));
  }

  MeshClient* const client_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<shipper::v1::ReadWagonResponse>> reader_;
  shipper::v1::ReadWagonResponse message_;
  bool finished_ = false;
};

}  // namespace

int WagonList(const GlobalOptions& global, const std::string& flow, uint32_t limit, bool merged) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  std::vector<model::v1::WagonInfo> wagons;
  for (const config::FlowConfig& candidate : config.flows) {
    if (!flow.empty() && candidate.name != flow) continue;
    auto of_flow = ListWagons(&client, candidate.name, limit, merged);
    if (!of_flow.ok()) return Fail(of_flow.status());
    wagons.insert(wagons.end(), of_flow->begin(), of_flow->end());
  }
  if (global.json) {
    ordered_json out = {{"wagons", ordered_json::array()}};
    for (const model::v1::WagonInfo& wagon : wagons) out["wagons"].push_back(WagonToJson(wagon));
    fmt::print("{}\n", out.dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{}", RenderWagonList(wagons));
  }
  return kExitOk;
}

int WagonShow(const GlobalOptions& global, const std::string& uid, bool rows) {
  config::Config config;
  if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
  MeshClient client(config);
  WagonStream stream(&client, uid);
  auto details = stream.Open();
  if (!details.ok()) return Fail(details.status());
  if (!rows) {
    if (global.json) {
      fmt::print("{}\n", WagonToJson(*details).dump(2, ' ', false, ordered_json::error_handler_t::replace));
    } else {
      fmt::print("{}", RenderWagon(*details));
    }
    return kExitOk;
  }
  if (!details->info.payload_present()) {
    return Fail({StatusCode::kFailedPrecondition,
                 "the rows of wagon " + details->info.header().uid() + " are not in the outbox any more",
                 "purge_after_days of the flow says how long applied wagons are kept"});
  }
  auto reader = wire::WagonReader::Open([&] { return stream.Next(); });
  if (!reader.ok()) return Fail(reader.status());
  std::unique_ptr<crypto::KeyRingSource> keys;
  if ((*reader)->header().encryption != EncryptionMode::kNone) {
    auto ring = crypto::KeyRingSource::Open(KeyRingPlaceOf(config));
    if (!ring.ok()) {
      return Fail(ring.status().WithContext("wagon " + (*reader)->header().uid + " is encrypted with key " +
                                            (*reader)->header().key_id));
    }
    keys = std::move(*ring);
  }
  if (Status locked = (*reader)->Unlock(keys.get()); !locked.ok()) return Fail(locked);
  const Status printed = PrintRows(reader->get(), &engine_mariadb::AppendRowJson,
                                   [](const std::string& line) { fmt::print("{}\n", line); });
  return printed.ok() ? kExitOk : Fail(printed);
}

}  // namespace srdf::ctl
