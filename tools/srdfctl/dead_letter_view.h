// Dead letters and audit entries for people and scripts. Pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "srdf/shipper/v1/dead_letters.pb.h"
#include "srdf/shipper/v1/shipper.pb.h"

namespace srdf::ctl {

// "open", "requeued", "skip_decided", …
std::string DeadLetterState(const shipper::v1::DeadLetter& letter);

nlohmann::ordered_json DeadLetterToJson(const shipper::v1::DeadLetter& letter);
std::string RenderDeadLetterList(const std::vector<shipper::v1::DeadLetter>& letters);
std::string RenderDeadLetter(const shipper::v1::DeadLetter& letter,
                             const std::vector<shipper::v1::DeliveryAttempt>& attempts);
// What the target lacks without this wagon: a line per table, the transactions and where they are.
std::string RenderChanges(const model::v1::WagonHeader& header);

nlohmann::ordered_json AuditToJson(const shipper::v1::AuditEntry& entry);
std::string RenderAudit(const std::vector<shipper::v1::AuditEntry>& entries);

}  // namespace srdf::ctl
