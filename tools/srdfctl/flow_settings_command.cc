// flow show and flow set: the settings of a flow that take effect while it runs.
#include <fmt/format.h>

#include <algorithm>

#include "config/live_settings.h"
#include "srdfctl/commands.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/status_document.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

void Show(const GlobalOptions& global, const std::string& flow, const SettingList& settings) {
  if (global.json) {
    fmt::print("{}\n", Document({{"flow", flow}, {"settings", SettingsPart(settings)}}).dump(2));
    return;
  }
  Table table({{"SETTING"}, {"VALUE"}, {"ORIGIN"}, {"CONFIGURED"}});
  for (const shipper::v1::FlowSetting& setting : settings) {
    table.Add({setting.name(), config::LiveValueText(setting.name(), setting.value()),
               setting.set() ? "set" : "configured",
               config::LiveValueText(setting.name(), setting.configured())});
  }
  fmt::print("{}", table.Render());
}

}  // namespace

int FlowShow(const GlobalOptions& global, const std::string& flow) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  auto reply = client.Call("shipper", client.shipper(), &shipper::v1::ShipperService::Stub::GetStatus,
                           shipper::v1::GetStatusRequest());
  if (!reply.ok()) return Fail(reply.status());
  const auto found = std::find_if(reply->flows().begin(), reply->flows().end(),
                                  [&](const shipper::v1::FlowStatus& entry) { return entry.flow() == flow; });
  if (found == reply->flows().end()) {
    return Fail({StatusCode::kNotFound, "the shipper does not know the flow " + flow,
                 "it was started with another configuration: srdfctl down, then up"});
  }
  Show(global, flow, found->settings());
  return kExitOk;
}

int FlowSet(const GlobalOptions& global, const std::string& flow, const std::vector<std::string>& changes) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  shipper::v1::SetFlowSettingsRequest request;
  request.set_flow(flow);
  for (const std::string& change : changes) {
    const size_t equals = change.find('=');
    const std::string name = change.substr(0, equals);
    Status wrong;
    if (equals == std::string::npos) {
      wrong = {StatusCode::kInvalidArgument, "\"" + change + "\" is not NAME=VALUE",
               "write for example max_bytes_per_second=1MiB, or priority=default"};
    } else if (request.settings().contains(name)) {
      wrong = {StatusCode::kInvalidArgument, name + " is given twice", "keep one of the two"};
    } else {
      wrong = config::ParseLiveChange(name, change.substr(equals + 1)).status();
    }
    if (!wrong.ok()) {
      Fail(wrong);
      return kExitBadConfiguration;
    }
    (*request.mutable_settings())[name] = change.substr(equals + 1);
  }
  MeshClient client(config);
  auto reply =
      client.Call("shipper", client.shipper(), &shipper::v1::ShipperService::Stub::SetFlowSettings, request);
  if (!reply.ok()) return Fail(reply.status());
  Show(global, flow, reply->settings());
  return kExitOk;
}

}  // namespace srdf::ctl
