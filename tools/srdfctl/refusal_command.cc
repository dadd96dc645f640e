// `srdfctl wagon refused`: what the target site did not accept, and why.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "srdfctl/commands.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/text.h"

namespace srdf::ctl {

using nlohmann::ordered_json;

int WagonRefused(const GlobalOptions& global, const std::string& flow, uint32_t limit) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  ordered_json out = {{"refusals", ordered_json::array()}};
  Table table({{"AT"},
               {"FLOW"},
               {"WAGON", Table::Align::kRight},
               {"UID"},
               {"RECEIPT"},
               {"REASON"},
               {"FROM"},
               {"ERROR"}});
  for (const config::FlowConfig& candidate : config.flows) {
    if (!flow.empty() && candidate.name != flow) continue;
    receiver::v1::ListRefusalsRequest request;
    request.set_flow(candidate.name);
    request.set_limit(limit);
    const auto reply = client.Call("receiver", client.receiver(),
                                   &receiver::v1::ReceiverService::Stub::ListRefusals, request);
    if (!reply.ok()) return Fail(reply.status());
    for (const receiver::v1::Refusal& refusal : reply->refusals()) {
      out["refusals"].push_back({{"at_ms", refusal.at_ms()},
                                 {"flow", candidate.name},
                                 {"sequence", refusal.sequence()},
                                 {"uid", refusal.uid()},
                                 {"receipt", refusal.receipt()},
                                 {"reason", refusal.reason()},
                                 {"error", refusal.error()},
                                 {"peer", refusal.peer()}});
      table.Add({FormatTime(refusal.at_ms()), candidate.name, std::to_string(refusal.sequence()),
                 Printable(refusal.uid().substr(0, 8)), refusal.receipt(), refusal.reason(),
                 Printable(refusal.peer()), Printable(refusal.error())});
    }
  }
  if (global.json) {
    fmt::print("{}\n", out.dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{}", table.empty() ? "nothing was refused\n" : table.Render());
  }
  return kExitOk;
}

}  // namespace srdf::ctl
