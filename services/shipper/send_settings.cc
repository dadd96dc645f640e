#include "shipper/send_settings.h"

#include "config/live_settings.h"
#include "obs/log.h"

namespace srdf::shipper {

namespace {

constexpr const char* kRate = "max_bytes_per_second";
constexpr const char* kPriority = "priority";

SendSetting* Find(std::vector<SendSetting>* settings, const std::string& name) {
  for (SendSetting& setting : *settings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::string Describe(const SendSetting& setting) {
  return config::LiveValueText(setting.name, setting.value()) + (setting.set ? "" : " (configured)");
}

}  // namespace

SendSettings::SendSettings(const config::FlowConfig& config, store::Outbox* outbox, SendGate* gate)
    : flow_(config.name), outbox_(outbox), gate_(gate) {
  for (const char* name : {kRate, kPriority}) {
    settings_.push_back({name, config::ConfiguredValue(config, name), std::nullopt});
  }
}

void SendSettings::TellGate() {
  const SendSetting* rate = Find(&settings_, kRate);
  const SendSetting* priority = Find(&settings_, kPriority);
  gate_->SetFlow(flow_, {rate->value(), static_cast<int64_t>(priority->value())});
}

Status SendSettings::Load() {
  SRDF_ASSIGN_OR_RETURN(const store::OutboxFlow flow, outbox_->GetFlow(flow_));
  std::lock_guard lock(mu_);
  Find(&settings_, kRate)->set = flow.max_bytes_per_second;
  if (flow.priority) Find(&settings_, kPriority)->set = static_cast<uint64_t>(*flow.priority);
  TellGate();
  return {};
}

Status SendSettings::Set(const std::map<std::string, std::string>& changes, const std::string& actor) {
  if (changes.empty()) {
    return {StatusCode::kInvalidArgument, "no setting is named", "write NAME=VALUE, such as priority=7"};
  }
  std::lock_guard lock(mu_);
  std::vector<SendSetting> wanted = settings_;
  std::string detail;
  for (const auto& [name, text] : changes) {
    SRDF_ASSIGN_OR_RETURN(const config::LiveChange change, config::ParseLiveChange(name, text));
    SendSetting* setting = Find(&wanted, change.name);
    if (setting == nullptr)
      return {StatusCode::kInternal, "the shipper does not know the live setting " + change.name};
    const std::string before = Describe(*setting);
    setting->set = change.value;
    detail += (detail.empty() ? "" : ", ") + name + " " + before + " -> " + Describe(*setting);
  }
  store::AuditEntry entry;
  entry.actor = actor;
  entry.action = "flow.set";
  entry.flow = flow_;
  entry.detail = detail;
  const std::optional<uint64_t> priority = Find(&wanted, kPriority)->set;
  SRDF_RETURN_IF_ERROR(outbox_->SetSendSettings(
      flow_, Find(&wanted, kRate)->set,
      priority ? std::optional(static_cast<int64_t>(*priority)) : std::nullopt, entry));
  settings_ = std::move(wanted);
  TellGate();
  obs::Info("flow_settings_changed", {{"flow", flow_}, {"actor", actor}, {"change", detail}});
  return {};
}

std::vector<SendSetting> SendSettings::Get() const {
  std::lock_guard lock(mu_);
  return settings_;
}

}  // namespace srdf::shipper
