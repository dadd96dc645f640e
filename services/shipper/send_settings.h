// SendSettings: the settings of one flow's sending that an operator changes while it runs:
// max_bytes_per_second and priority. What the configuration file says holds until something is set; what is
// set is in the outbox's flow row, with an audit entry, and holds until it is set to "default".
//
// Thread rules: all methods from any thread. When Set returns the change is durable and the gate knows it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "shipper/send_gate.h"
#include "store/outbox.h"

namespace srdf::shipper {

struct SendSetting {
  std::string name;
  uint64_t configured = 0;
  std::optional<uint64_t> set;
  uint64_t value() const { return set.value_or(configured); }
};

class SendSettings {
 public:
  // `outbox` and `gate` outlive it.
  SendSettings(const config::FlowConfig& config, store::Outbox* outbox, SendGate* gate);

  // Reads what was set before the start.
  Status Load();
  // Name → value as an operator wrote it, or "default"; all or none. kInvalidArgument names what is wrong.
  Status Set(const std::map<std::string, std::string>& changes, const std::string& actor);
  std::vector<SendSetting> Get() const;
  const SendGate* gate() const { return gate_; }

 private:
  void TellGate();  // under mu_

  const std::string flow_;
  store::Outbox* const outbox_;
  SendGate* const gate_;
  mutable std::mutex mu_;
  std::vector<SendSetting> settings_;  // guarded by mu_
};

}  // namespace srdf::shipper
