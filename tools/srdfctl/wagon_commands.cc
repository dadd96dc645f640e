#include <fmt/format.h>

#include "engine_mariadb/row_json.h"
#include "srdfctl/commands.h"
#include "srdfctl/key_commands.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/wagon_rows.h"
#include "srdfctl/wagon_stream.h"
#include "srdfctl/wagon_view.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;

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
  OutboxWagonStream stream(&client, uid);
  auto first = stream.Open();
  if (!first.ok()) return Fail(first.status());
  WagonDetails details{first->info(), {first->attempts().begin(), first->attempts().end()}};
  if (!rows) {
    if (global.json) {
      fmt::print("{}\n", WagonToJson(details).dump(2, ' ', false, ordered_json::error_handler_t::replace));
    } else {
      fmt::print("{}", RenderWagon(details));
    }
    return kExitOk;
  }
  if (!details.info.payload_present()) {
    return Fail({StatusCode::kFailedPrecondition,
                 "the rows of wagon " + details.info.header().uid() + " are not in the outbox any more",
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
