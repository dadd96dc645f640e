#include "srdfctl/status_document.h"

#include <algorithm>

#include "engine_mariadb/gtid_position.h"
#include "model/copy_state.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

// The flow's entry in a reply, or nothing when the service did not answer or does not know the flow.
template <typename Reply>
auto FindFlow(const std::optional<Reply>& reply, const std::string& flow)
    -> const std::decay_t<decltype(reply->flows(0))>* {
  if (!reply) return nullptr;
  for (const auto& entry : reply->flows()) {
    if (entry.flow() == flow) return &entry;
  }
  return nullptr;
}

struct FlowReplies {
  const capture::v1::FlowStatus* capture;
  const batcher::v1::FlowStatus* batcher;
  const shipper::v1::FlowStatus* shipper;
  const receiver::v1::FlowStatus* receiver;
  const applier::v1::FlowStatus* applier;
};

Document Position(const model::v1::SourcePosition& position) {
  Document out = {{"gtid", position.gtid()}, {"file", position.file()}, {"offset", position.offset()}};
  if (!position.copy().empty()) out["copy"] = DescribeCopy(position.copy());
  return out;
}

Document Ratio(uint64_t before, uint64_t after) {
  if (before == 0 || after == 0) return nullptr;
  return static_cast<double>(before) / static_cast<double>(after);
}

template <typename Flow>
void AppendProblems(const char* service, const Flow* flow, Document* out) {
  if (flow == nullptr) return;
  for (const model::v1::Problem& problem : flow->problems()) {
    out->push_back({{"service", service},
                    {"code", problem.code()},
                    {"message", problem.message()},
                    {"remedy", problem.remedy()},
                    {"since_ms", problem.since_ms()}});
  }
}

// The target holds everything up to the end of the source's log, as capture last saw it. The target can be
// ahead of that: capture hears of a new end with its transactions.
bool IsCaughtUp(const FlowReplies& flow) {
  if (flow.capture == nullptr || flow.applier == nullptr || flow.capture->server_end().gtid().empty())
    return false;
  // What capture saw last says nothing once it is cut off.
  if (flow.capture->state() != capture::v1::CAPTURE_STATE_STREAMING) return false;
  const auto end = engine_mariadb::GtidPosition::Parse(flow.capture->server_end().gtid());
  const auto applied = engine_mariadb::GtidPosition::Parse(flow.applier->checkpoint().position().gtid());
  return end.ok() && applied.ok() && applied->Contains(*end);
}

// The age of the oldest commit that is not at the target. Nothing when that is not known. The first wagon
// that is not applied has it; without one it is still in the log or the window, later than the checkpoint's.
Document LagSeconds(const FlowReplies& flow, int64_t now_ms) {
  if (flow.applier == nullptr) return nullptr;
  if (IsCaughtUp(flow)) return 0.0;
  int64_t commit_ms = flow.applier->checkpoint_commit_time_ms();
  if (flow.shipper != nullptr && flow.shipper->unapplied_wagons() > 0) {
    commit_ms = std::max(commit_ms, flow.shipper->oldest_unapplied_commit_ms());
  } else if (flow.batcher != nullptr) {
    commit_ms = std::max(commit_ms, flow.batcher->window_commit_first_ms());
  }
  if (commit_ms == 0) return nullptr;
  return static_cast<double>(std::max<int64_t>(0, now_ms - commit_ms)) / 1000;
}

// One word for the flow: the most serious that any service says.
std::string FlowState(const FlowReplies& flow) {
  using capture::v1::CaptureState;
  using shipper::v1::DeliveryLinkState;
  if (flow.applier != nullptr && flow.applier->state() == applier::v1::APPLIER_STATE_FAILED) return "failed";
  if (flow.shipper != nullptr && flow.shipper->link() == DeliveryLinkState::DELIVERY_LINK_STATE_STOPPED)
    return "stopped";
  if (flow.capture != nullptr && flow.capture->state() == CaptureState::CAPTURE_STATE_STOPPED)
    return "stopped";
  if (!flow.capture || !flow.batcher || !flow.shipper || !flow.receiver || !flow.applier) return "unknown";
  if (flow.applier->state() == applier::v1::APPLIER_STATE_BLOCKED) return "blocked";
  if (flow.capture->state() == CaptureState::CAPTURE_STATE_BLOCKED) return "blocked";
  switch (flow.shipper->link()) {
    case DeliveryLinkState::DELIVERY_LINK_STATE_PAUSED:
      return "paused";
    case DeliveryLinkState::DELIVERY_LINK_STATE_SUSPENDED:
      return "suspended";
    case DeliveryLinkState::DELIVERY_LINK_STATE_WAITING:
      return "waiting";
    case DeliveryLinkState::DELIVERY_LINK_STATE_STREAMING:
      break;
    default:
      return "connecting";
  }
  const bool is_running = flow.capture->state() == CaptureState::CAPTURE_STATE_STREAMING &&
                          flow.applier->state() == applier::v1::APPLIER_STATE_RUNNING;
  return is_running ? "running" : "connecting";
}

Document SourcePart(const config::FlowConfig& config, const capture::v1::FlowStatus* capture) {
  Document out = {{"server", config::DescribeDatabase(config.source)}};
  if (capture == nullptr) return out;
  out["state"] = EnumWord(capture::v1::CaptureState_Name(capture->state()), "CAPTURE_STATE");
  out["read"] = Position(capture->read());
  out["server_end"] = Position(capture->server_end());
  out["transactions"] = capture->transactions();
  out["rows"] = capture->rows();
  out["statements"] = capture->statements();
  out["statements_skipped"] = capture->statements_skipped();
  out["log_bytes"] = capture->log_bytes();
  out["reconnects"] = capture->reconnects();
  return out;
}

Document WindowPart(const batcher::v1::FlowStatus& batcher, int64_t now_ms) {
  const bool is_open = batcher.window_opened_at_ms() != 0;
  const int64_t age_ms = is_open ? std::max<int64_t>(0, now_ms - batcher.window_opened_at_ms()) : 0;
  Document reasons = Document::object();
  const std::map<std::string, uint64_t> sorted(batcher.wagons_by_reason().begin(),
                                               batcher.wagons_by_reason().end());
  for (const auto& [reason, wagons] : sorted) reasons[reason] = wagons;
  return {{"transactions", batcher.window_transactions()},
          {"rows", batcher.window_rows()},
          {"bytes", batcher.window_bytes()},
          {"age_seconds", static_cast<double>(age_ms) / 1000},
          {"capture_connected", batcher.capture_connected()},
          {"shipper_connected", batcher.shipper_connected()},
          {"sealed", Position(batcher.sealed())},
          {"wagons_sealed", batcher.wagons_sealed()},
          {"wagons_by_reason", std::move(reasons)},
          {"merges",
           {{"merges", batcher.merges().merges()},
            {"wagons_before", batcher.merges().wagons_before()},
            {"wagons_after", batcher.merges().wagons_after()},
            {"bytes_before", batcher.merges().frame_bytes_before()},
            {"bytes_after", batcher.merges().frame_bytes_after()}}}};
}

// The state of a queue's disk.
Document DiskPart(const model::v1::StoreHealth& store) {
  return {{"state", store.state()},
          {"path", store.path()},
          {"since_ms", store.since_ms()},
          {"takes_wagons", store.takes_wagons()},
          {"writable", store.writable()},
          {"bytes_free", store.bytes_free()},
          {"bytes_reserve", store.bytes_reserve()}};
}

Document DeliveryPart(const shipper::v1::FlowStatus& shipper) {
  Document wagons = Document::object();
  for (const shipper::v1::StatusCount& count : shipper.wagons()) {
    wagons[count.status()] = {{"wagons", count.wagons()}, {"bytes", count.bytes()}};
  }
  return {{"destination", shipper.destination()},
          {"link", EnumWord(shipper::v1::DeliveryLinkState_Name(shipper.link()), "DELIVERY_LINK_STATE")},
          {"initialised", shipper.initialised()},
          {"stored_sequence", shipper.stored().sequence()},
          {"acked_sequence", shipper.acked_sequence()},
          {"applied_sequence", shipper.applied_sequence()},
          {"unapplied_wagons", shipper.unapplied_wagons()},
          {"unapplied_bytes", shipper.unapplied_bytes()},
          {"disk", DiskPart(shipper.store())},
          {"suspended_since_ms", shipper.suspended_since_ms()},
          {"suspended_class", shipper.suspended_class()},
          {"waiting_sequence", shipper.waiting_sequence()},
          {"waiting_class", shipper.waiting_class()},
          {"next_attempt_at_ms", shipper.next_attempt_at_ms()},
          {"receiver_state", shipper.receiver_state()},
          {"dead_letters", shipper.dead_letters()},
          {"wagons", std::move(wagons)},
          {"settings", SettingsPart(shipper.settings())},
          {"send_wait_ms", shipper.send_wait_ms()},
          {"line_max_bytes_per_second", shipper.line_max_bytes_per_second()}};
}

Document TotalsPart(const shipper::v1::FlowStatus& shipper) {
  return {{"wagons", shipper.total_wagons()},
          {"transactions", shipper.total_transactions()},
          {"statements", shipper.total_statements()},
          {"rows_before", shipper.total_rows_before()},
          {"rows_after", shipper.total_rows_after()},
          {"compaction_ratio", Ratio(shipper.total_rows_before(), shipper.total_rows_after())},
          {"source_bytes", shipper.total_source_bytes()},
          {"bytes_before", shipper.total_bytes_before()},
          {"payload_raw_bytes", shipper.total_payload_raw_bytes()},
          {"payload_compressed_bytes", shipper.total_payload_compressed_bytes()},
          {"compression_ratio",
           Ratio(shipper.total_payload_raw_bytes(), shipper.total_payload_compressed_bytes())}};
}

Document InboxPart(const receiver::v1::FlowStatus& receiver) {
  Document refusals = Document::array();
  for (const receiver::v1::RefusalCount& count : receiver.refusals()) {
    refusals.push_back({{"receipt", count.receipt()},
                        {"reason", count.reason()},
                        {"count", count.count()},
                        {"first_at_ms", count.first_at_ms()},
                        {"last_at_ms", count.last_at_ms()}});
  }
  return {
      {"readiness", EnumWord(model::v1::ReceiverState_Name(receiver.readiness().state()), "RECEIVER_STATE")},
      {"wait_ms", receiver.readiness().wait_ms()},
      {"refusals", std::move(refusals)},
      {"shipper_connected", receiver.shipper_connected()},
      {"applier_connected", receiver.applier_connected()},
      {"accepted_sequence", receiver.accepted().sequence()},
      {"applied_sequence", receiver.applied_sequence()},
      {"unapplied_wagons", receiver.unapplied_wagons()},
      {"unapplied_bytes", receiver.unapplied_bytes()},
      {"disk", DiskPart(receiver.store())},
      {"duplicates", receiver.duplicates()},
      {"rejected", receiver.rejected()},
      {"invalid", receiver.invalid()}};
}

Document TargetPart(const config::FlowConfig& config, const applier::v1::FlowStatus* applier) {
  Document out = {{"server", config::DescribeDatabase(config.target)}};
  if (applier == nullptr) return out;
  out["state"] = EnumWord(applier::v1::ApplierState_Name(applier->state()), "APPLIER_STATE");
  out["apply_mode"] = applier->apply_mode();
  out["checkpoint"] = {{"epoch", applier->checkpoint().epoch()},
                       {"sequence", applier->checkpoint().sequence()},
                       {"wagon_uid", applier->checkpoint().uid()},
                       {"position", Position(applier->checkpoint().position())},
                       {"commit_time_ms", applier->checkpoint_commit_time_ms()},
                       {"applied_at_ms", applier->checkpoint_applied_at_ms()}};
  out["wagons"] = applier->wagons();
  out["transactions"] = applier->transactions();
  out["rows"] = applier->rows();
  out["statements"] = applier->statements();
  out["retries"] = applier->retries();
  out["lag_p50_ms"] = applier->lag_p50_ms();
  out["lag_p99_ms"] = applier->lag_p99_ms();
  out["transit_p50_ms"] = applier->transit_p50_ms();
  out["transit_p99_ms"] = applier->transit_p99_ms();
  return out;
}

Document FlowPart(const config::FlowConfig& config, const MeshReplies& replies) {
  const FlowReplies flow = {FindFlow(replies.capture, config.name), FindFlow(replies.batcher, config.name),
                            FindFlow(replies.shipper, config.name), FindFlow(replies.receiver, config.name),
                            FindFlow(replies.applier, config.name)};
  Document problems = Document::array();
  AppendProblems("capture", flow.capture, &problems);
  AppendProblems("batcher", flow.batcher, &problems);
  AppendProblems("shipper", flow.shipper, &problems);
  AppendProblems("receiver", flow.receiver, &problems);
  AppendProblems("applier", flow.applier, &problems);
  // A part is null when its service did not answer or does not know the flow.
  Document out = {{"flow", config.name}, {"state", FlowState(flow)}};
  out["lag"] = {
      {"seconds", LagSeconds(flow, replies.now_ms)},
      {"bytes", flow.capture == nullptr ? Document(nullptr) : Document(flow.capture->bytes_behind())},
      {"caught_up", IsCaughtUp(flow)}};
  out["source"] = SourcePart(config, flow.capture);
  out["window"] = flow.batcher == nullptr ? Document(nullptr) : WindowPart(*flow.batcher, replies.now_ms);
  out["delivery"] = flow.shipper == nullptr ? Document(nullptr) : DeliveryPart(*flow.shipper);
  out["inbox"] = flow.receiver == nullptr ? Document(nullptr) : InboxPart(*flow.receiver);
  out["target"] = TargetPart(config, flow.applier);
  out["totals"] = flow.shipper == nullptr ? Document(nullptr) : TotalsPart(*flow.shipper);
  out["problems"] = std::move(problems);
  return out;
}

}  // namespace

Document SettingsPart(const SettingList& settings) {
  Document out = Document::object();
  for (const shipper::v1::FlowSetting& setting : settings) {
    out[setting.name()] = {{"value", setting.value()},
                           {"origin", setting.set() ? "set" : "configured"},
                           {"configured", setting.configured()}};
  }
  return out;
}

Document BuildStatus(const config::Config& config, const MeshReplies& replies, const std::string& only_flow) {
  Document supervised = Document::object();
  const Document mesh = Document::parse(replies.mesh_json, nullptr, false);
  if (mesh.is_object() && mesh.contains("services")) {
    for (const Document& service : mesh["services"]) supervised[service.value("name", "")] = service;
  }
  Document services = Document::array();
  for (std::string_view name : config::kServiceNames) {
    const std::string key(name);
    const auto error = replies.errors.find(key);
    Document service = {{"name", key},
                        {"address", config.services.at(key).peer_address()},
                        {"metrics", config.services.at(key).metrics},
                        {"reachable", error == replies.errors.end()},
                        {"error", error == replies.errors.end() ? "" : error->second}};
    if (supervised.contains(key)) {
      service["pid"] = supervised[key].value("pid", 0);
      service["starts"] = supervised[key].value("starts", 0);
    }
    services.push_back(std::move(service));
  }
  Document security = {{"mode", config.security_mode}, {"problems", Document::array()}};
  for (const Status& problem : replies.security_problems) {
    security["problems"].push_back({{"code", std::string(StatusCodeName(problem.code()))},
                                    {"message", problem.message()},
                                    {"remedy", problem.remedy()}});
  }
  Document flows = Document::array();
  for (const config::FlowConfig& flow : config.flows) {
    if (only_flow.empty() || flow.name == only_flow) flows.push_back(FlowPart(flow, replies));
  }
  return {{"mesh", config.mesh},
          {"time_ms", replies.now_ms},
          {"services", std::move(services)},
          {"security", std::move(security)},
          {"flows", std::move(flows)}};
}

bool AnyFlowStopped(const Document& status) {
  const auto& flows = status["flows"];
  return std::any_of(flows.begin(), flows.end(), [](const Document& flow) {
    return flow["state"] == "stopped" || flow["state"] == "failed";
  });
}

}  // namespace srdf::ctl
