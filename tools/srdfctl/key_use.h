// Who still needs a key: the wagons with a payload in outbox and inbox that were sealed with it, as shipper
// and receiver list them. Blocks for the calls' deadlines at most.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace srdf::ctl {

struct KeyUse {
  std::string wagon;                   // one that needs it, in words; empty: none was found
  std::vector<std::string> not_asked;  // who did not answer, and why
};

KeyUse FindKeyUse(const config::Config& config, const std::string& key_id);

}  // namespace srdf::ctl
