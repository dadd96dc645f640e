#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine_mariadb/gtid_position.h"
#include "srdfctl/commands.h"
#include "srdfctl/databases.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/mesh_replies.h"
#include "srdfctl/status_document.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::seconds kSealDeadline{120};  // compaction, compression and the outbox's fsync

// {"flow": …, "result": …} or one sentence.
int Report(const GlobalOptions& global, const std::string& flow, const std::string& result,
           const std::string& sentence) {
  if (global.json) {
    fmt::print("{}\n", ordered_json({{"flow", flow}, {"result", result}}).dump(2));
  } else {
    fmt::print("{}\n", sentence);
  }
  return kExitOk;
}

template <typename Request>
Request ForFlow(const std::string& flow) {
  Request request;
  request.set_flow(flow);
  return request;
}

std::string Word(const Document& part, const char* key) {
  return part.is_object() && part.contains(key) ? part[key].get<std::string>() : "unknown";
}

}  // namespace

int FlowList(const GlobalOptions& global) {
  config::Config config;
  if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
  MeshClient client(config);
  const Document status = BuildStatus(config, AskMesh(config, &client), "");
  if (global.json) {
    ordered_json out = ordered_json::array();
    for (const Document& flow : status["flows"]) {
      out.push_back({{"flow", flow["flow"]},
                     {"state", flow["state"]},
                     {"lag", flow["lag"]},
                     {"source", flow["source"]["server"]},
                     {"target", flow["target"]["server"]}});
    }
    fmt::print("{}\n", ordered_json({{"flows", out}}).dump(2));
    return kExitOk;
  }
  Table table({{"FLOW"}, {"STATE"}, {"LAG"}, {"CAPTURE"}, {"DELIVERY"}, {"APPLIER"}, {"SOURCE"}, {"TARGET"}});
  for (const Document& flow : status["flows"]) {
    const Document& seconds = flow["lag"]["seconds"];
    table.Add(
        {flow["flow"], flow["state"],
         seconds.is_null() ? "unknown" : FormatDuration(static_cast<int64_t>(seconds.get<double>() * 1000)),
         Word(flow["source"], "state"), Word(flow["delivery"], "link"), Word(flow["target"], "state"),
         flow["source"]["server"], flow["target"]["server"]});
  }
  fmt::print("{}", table.Render());
  return kExitOk;
}

int FlowPause(const GlobalOptions& global, const std::string& flow) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  auto reply = client.Call("shipper", client.shipper(), &shipper::v1::ShipperService::Stub::PauseFlow,
                           ForFlow<shipper::v1::PauseFlowRequest>(flow));
  if (!reply.ok()) return Fail(reply.status());
  return Report(
      global, flow, "paused",
      "flow " + flow + " is paused: wagons gather in the outbox until `srdfctl flow resume " + flow + "`");
}

// From the target to the source, so that what starts to flow finds its way open.
int FlowResume(const GlobalOptions& global, const std::string& flow, bool without_agreement) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  if (without_agreement) {
    auto request = ForFlow<shipper::v1::ResumeFlowRequest>(flow);
    request.set_without_agreement(true);
    const auto reply =
        client.Call("shipper", client.shipper(), &shipper::v1::ShipperService::Stub::ResumeFlow, request);
    if (!reply.ok()) return Fail(reply.status());
    return Report(
        global, flow, "resumed",
        "the shipper of flow " + flow + " stores wagons without waiting for the destination's word");
  }
  Status failed;
  const auto note = [&](const auto& reply) {
    if (!reply.ok() && failed.ok()) failed = reply.status();
  };
  note(client.Call("applier", client.applier(), &applier::v1::ApplierService::Stub::ResumeFlow,
                   ForFlow<applier::v1::ResumeFlowRequest>(flow)));
  note(client.Call("shipper", client.shipper(), &shipper::v1::ShipperService::Stub::ResumeFlow,
                   ForFlow<shipper::v1::ResumeFlowRequest>(flow)));
  note(client.Call("capture", client.capture(), &capture::v1::CaptureService::Stub::ResumeFlow,
                   ForFlow<capture::v1::ResumeFlowRequest>(flow)));
  // All three were asked; the command may be repeated.
  if (!failed.ok()) return Fail(failed);
  return Report(global, flow, "resumed",
                "flow " + flow + " is told to go on; `srdfctl status` shows whether it does");
}

int FlowSeal(const GlobalOptions& global, const std::string& flow) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  auto reply = client.Call("batcher", client.batcher(), &batcher::v1::BatcherService::Stub::SealFlow,
                           ForFlow<batcher::v1::SealFlowRequest>(flow), kSealDeadline);
  if (!reply.ok()) return Fail(reply.status());
  if (global.json) {
    fmt::print("{}\n",
               ordered_json({{"flow", flow}, {"sealed", reply->sealed()}, {"wagon_uid", reply->wagon_uid()}})
                   .dump(2));
  } else if (reply->sealed()) {
    fmt::print("sealed wagon {} of flow {}; it is durable in the outbox\n", reply->wagon_uid(), flow);
  } else {
    fmt::print("the window of flow {} is empty, nothing was sealed\n", flow);
  }
  return kExitOk;
}

int FlowInit(const GlobalOptions& global, const std::string& flow, const std::string& position) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  const auto parsed = engine_mariadb::GtidPosition::Parse(position);
  if (!parsed.ok() || parsed->empty()) {
    Fail({StatusCode::kInvalidArgument,
          "\"" + position + "\" is not a GTID position" +
              (parsed.ok() ? "" : ": " + parsed.status().message()),
          "give the position at which the target's initial copy was taken, such as 0-1-100 or 0-1-100,5-2-7: "
          "mariadb-dump --single-transaction --gtid --master-data=2 writes it as gtid_slave_pos, and "
          "mariadb-backup "
          "into xtrabackup_binlog_info"});
    return kExitBadConfiguration;
  }
  auto target = OpenTarget(*config.FindFlow(flow));
  if (!target.ok()) return Fail(target.status());
  auto session = (*target)->Connect();
  if (!session.ok()) return Fail(session.status().WithContext("target of flow " + flow));
  engine::Checkpoint start;
  start.flow = flow;
  start.wagon_hash = ZeroHash();
  start.position.gtid = parsed->ToString();
  if (Status status = (*session)->InitCheckpoint(start); !status.ok()) {
    return Fail(status.WithContext("target of flow " + flow));
  }
  return Report(
      global, flow, "initialised",
      "flow " + flow + " starts after " + start.position.gtid + "; a running mesh goes on by itself");
}

}  // namespace srdf::ctl
