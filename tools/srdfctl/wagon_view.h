// Wagons for people and scripts: the list, and one wagon's header, manifest and attempts.
// Pure functions; wagon_rows.h has its rows.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "srdf/shipper/v1/shipper.pb.h"

namespace srdf::ctl {

struct WagonDetails {
  model::v1::WagonInfo info;
  std::vector<shipper::v1::DeliveryAttempt> attempts;
};

nlohmann::ordered_json WagonToJson(const model::v1::WagonInfo& info);
nlohmann::ordered_json WagonToJson(const WagonDetails& wagon);

std::string RenderWagonList(const std::vector<model::v1::WagonInfo>& wagons);
std::string RenderWagon(const WagonDetails& wagon);

}  // namespace srdf::ctl
