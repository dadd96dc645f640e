// delivery list, show and retry: the ways of wagons to their destination, with their attempts.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "srdfctl/commands.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;
using shipper::v1::Delivery;
using shipper::v1::ShipperService;

ordered_json ToJson(const shipper::v1::DeliveryAttempt& attempt) {
  return {{"attempt", attempt.attempt()},
          {"started_at_ms", attempt.started_at_ms()},
          {"ended_at_ms", attempt.ended_at_ms()},
          {"where_to", attempt.where_to()},
          {"outcome", attempt.outcome()},
          {"receipt", attempt.receipt()},
          {"reason", attempt.reason()},
          {"error_class", attempt.error_class()},
          {"error", attempt.error()},
          {"first_chunk", attempt.first_chunk()},
          {"bytes_sent", attempt.bytes_sent()}};
}

ordered_json ToJson(const Delivery& delivery, bool attempts) {
  ordered_json out = {{"flow", delivery.flow()},
                      {"epoch", delivery.epoch()},
                      {"sequence", delivery.sequence()},
                      {"uid", delivery.uid()},
                      {"status", delivery.status()},
                      {"attempts", delivery.attempts()},
                      {"failed_attempts", delivery.failed_attempts()},
                      {"error_class", delivery.error_class()},
                      {"error", delivery.error()},
                      {"next_attempt_at_ms", delivery.next_attempt_at_ms()},
                      {"frame_bytes", delivery.frame_bytes()},
                      {"stored_at_ms", delivery.stored_at_ms()},
                      {"acked_at_ms", delivery.acked_at_ms()},
                      {"applied_at_ms", delivery.applied_at_ms()}};
  if (!attempts) return out;
  out["attempt_rows"] = ordered_json::array();
  for (const auto& attempt : delivery.attempt()) out["attempt_rows"].push_back(ToJson(attempt));
  return out;
}

void PrintJson(const ordered_json& document) {
  fmt::print("{}\n", document.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

std::string RenderAttempts(const Delivery& delivery) {
  using enum Table::Align;
  Table table({{"ATTEMPT", kRight},
               {"STARTED"},
               {"TOOK", kRight},
               {"WHERE"},
               {"FROM CHUNK", kRight},
               {"SENT", kRight},
               {"CLASS"},
               {"REASON"},
               {"OUTCOME"}});
  for (const auto& attempt : delivery.attempt()) {
    table.Add({std::to_string(attempt.attempt()), FormatTime(attempt.started_at_ms()),
               attempt.ended_at_ms() == 0 ? "under way"
                                          : FormatDuration(attempt.ended_at_ms() - attempt.started_at_ms()),
               attempt.where_to(), std::to_string(attempt.first_chunk()), FormatBytes(attempt.bytes_sent()),
               attempt.error_class(), attempt.reason() == "none" ? "" : attempt.reason(),
               Printable(attempt.outcome())});
  }
  return table.empty() ? "no attempts\n" : table.Render();
}

std::string RenderList(const std::vector<Delivery>& deliveries) {
  if (deliveries.empty()) return "no deliveries\n";
  using enum Table::Align;
  Table table({{"FLOW"},
               {"SEQ", kRight},
               {"STATUS"},
               {"ATTEMPTS", kRight},
               {"FAILED", kRight},
               {"CLASS"},
               {"NEXT ATTEMPT"},
               {"SIZE", kRight},
               {"ERROR"}});
  for (const Delivery& delivery : deliveries) {
    table.Add({delivery.flow(), std::to_string(delivery.sequence()), delivery.status(),
               std::to_string(delivery.attempts()), std::to_string(delivery.failed_attempts()),
               delivery.error_class(), FormatTime(delivery.next_attempt_at_ms()),
               FormatBytes(delivery.frame_bytes()), Printable(delivery.error())});
  }
  return table.Render();
}

std::optional<uint64_t> ParseSequence(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

}  // namespace

int DeliveryList(const GlobalOptions& global, const DeliveryListOptions& options) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, options.flow)) return kExitBadConfiguration;
  MeshClient client(config);
  std::vector<Delivery> deliveries;
  for (const config::FlowConfig& flow : config.flows) {
    if (!options.flow.empty() && flow.name != options.flow) continue;
    shipper::v1::ListDeliveriesRequest request;
    request.set_flow(flow.name);
    for (const std::string& status : options.statuses) request.add_statuses(status);
    request.set_error_class(options.error_class);
    request.set_with_attempts(options.attempts);
    request.set_limit(options.limit);
    auto reply = client.Call("shipper", client.shipper(), &ShipperService::Stub::ListDeliveries, request);
    if (!reply.ok()) return Fail(reply.status());
    for (Delivery& delivery : *reply->mutable_deliveries()) deliveries.push_back(std::move(delivery));
  }
  if (global.json) {
    ordered_json out = {{"deliveries", ordered_json::array()}};
    for (const Delivery& delivery : deliveries)
      out["deliveries"].push_back(ToJson(delivery, options.attempts));
    PrintJson(out);
    return kExitOk;
  }
  fmt::print("{}", RenderList(deliveries));
  if (!options.attempts) return kExitOk;
  for (const Delivery& delivery : deliveries)
    fmt::print("\n{}/{}\n{}", delivery.flow(), delivery.sequence(), RenderAttempts(delivery));
  return kExitOk;
}

int DeliveryShow(const GlobalOptions& global, const std::string& name) {
  config::Config config;
  if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
  const size_t slash = name.rfind('/');
  const auto sequence = slash == std::string::npos ? std::nullopt : ParseSequence(name.substr(slash + 1));
  if (!sequence) {
    Fail({StatusCode::kInvalidArgument, "\"" + name + "\" does not name a delivery",
          "write FLOW/SEQUENCE, such as shop/812"});
    return kExitBadConfiguration;
  }
  const std::string flow = name.substr(0, slash);
  if (!KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  shipper::v1::ListDeliveriesRequest request;
  request.set_flow(flow);
  request.set_sequence(*sequence);
  request.set_with_attempts(true);
  auto reply = client.Call("shipper", client.shipper(), &ShipperService::Stub::ListDeliveries, request);
  if (!reply.ok()) return Fail(reply.status());
  for (const Delivery& delivery : reply->deliveries()) {
    if (global.json) {
      PrintJson(ToJson(delivery, true));
    } else {
      fmt::print("{}\n{}", RenderList({delivery}), RenderAttempts(delivery));
    }
  }
  return kExitOk;
}

int DeliveryRetry(const GlobalOptions& global, const std::string& flow, uint64_t sequence,
                  const std::string& reason) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  shipper::v1::RetryDeliveryRequest request;
  request.set_flow(flow);
  request.set_sequence(sequence);
  request.set_reason(reason);
  auto reply = client.Call("shipper", client.shipper(), &ShipperService::Stub::RetryDelivery, request);
  if (!reply.ok()) return Fail(reply.status());
  // What is at the destination waits there, by the applier's own clock.
  applier::v1::ResumeFlowRequest resume;
  resume.set_flow(flow);
  const auto told =
      client.Call("applier", client.applier(), &applier::v1::ApplierService::Stub::ResumeFlow, resume);
  if (!told.ok()) {
    fmt::print(
        stderr,
        "note: a wagon that is at the destination goes on waiting there, its applier was not told: {}\n",
        told.status().message());
  }
  if (global.json) {
    PrintJson({{"flow", flow}, {"sequence", sequence}, {"changed", reply->changed()}});
  } else if (reply->changed() == 0) {
    fmt::print("nothing waited of flow {}; the destination is tried at once\n", flow);
  } else {
    fmt::print("{} of flow {} due now; `srdfctl delivery list --flow {}` shows what becomes of it\n",
               Counted(reply->changed(), "delivery"), flow, flow);
  }
  return kExitOk;
}

}  // namespace srdf::ctl
