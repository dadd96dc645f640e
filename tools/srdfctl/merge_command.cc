#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "srdfctl/commands.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::minutes kMergeDeadline{11};

}  // namespace

int FlowMerge(const GlobalOptions& global, const std::string& flow, bool dry_run) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  batcher::v1::MergeFlowRequest request;
  request.set_flow(flow);
  request.set_dry_run(dry_run);
  auto reply = client.Call("batcher", client.batcher(), &batcher::v1::BatcherService::Stub::MergeFlow,
                           request, kMergeDeadline);
  if (!reply.ok()) return Fail(reply.status());
  const batcher::v1::MergeCounts& counts = reply->counts();
  if (global.json) {
    fmt::print("{}\n", ordered_json({{"flow", flow},
                                     {"dry_run", dry_run},
                                     {"wagons_before", counts.wagons_before()},
                                     {"wagons_after", counts.wagons_after()},
                                     {"bytes_before", counts.frame_bytes_before()},
                                     {"bytes_after", counts.frame_bytes_after()},
                                     {"rows_before", counts.rows_before()},
                                     {"rows_after", counts.rows_after()}})
                           .dump(2));
  } else if (counts.merges() == 0) {
    fmt::print("flow {}: no wagons wait that could be merged; nothing was changed\n", flow);
  } else {
    fmt::print("flow {}: {} wagons, {} {} {} wagons, {} ({}); rows {} -> {}\n", flow,
               FormatCount(counts.wagons_before()), FormatBytes(counts.frame_bytes_before()),
               dry_run ? "would become" : "became", FormatCount(counts.wagons_after()),
               FormatBytes(counts.frame_bytes_after()),
               FormatRatio(counts.frame_bytes_before(), counts.frame_bytes_after()),
               FormatCount(counts.rows_before()), FormatCount(counts.rows_after()));
  }
  return kExitOk;
}

}  // namespace srdf::ctl
