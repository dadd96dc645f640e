#include <algorithm>
#include <set>

#include "store/delivery_machine.h"

namespace srdf::store {
namespace {

const char* Condition(Whereabouts whereabouts) {
  switch (whereabouts) {
    case Whereabouts::kHere:
      return "not at the destination";
    case Whereabouts::kThere:
      return "at the destination";
    case Whereabouts::kEither:
      break;
  }
  return "";
}

std::string Words(const std::vector<DeliveryStatus>& statuses) {
  std::string words;
  for (const DeliveryStatus status : statuses) {
    words += (words.empty() ? "`" : ", `") + std::string(DeliveryStatusName(status)) + "`";
  }
  return words;
}

}  // namespace

std::string DeliveryMachineMarkdown() {
  std::string out =
      "| event | status | condition | becomes | also | why |\n| --- | --- | --- | --- | --- | --- |\n";
  // An edge of the diagram once, with all its events.
  std::vector<std::pair<std::string, std::string>> edges;
  for (const DeliveryStep& step : DeliverySteps()) {
    out += std::string("| ") + DeliveryEventName(step.event) + " | " + Words(step.from) + " | " +
           Condition(step.whereabouts) + " | " +
           (step.to ? "`" + std::string(DeliveryStatusName(*step.to)) + "`" : "stays") + " | " + step.effect +
           " | " + step.sentence + " |\n";
    if (!step.to) continue;
    for (const DeliveryStatus from : step.from) {
      if (from == *step.to) continue;
      const std::string edge = std::string(DeliveryStatusName(from)) + " --> " + DeliveryStatusName(*step.to);
      const auto known =
          std::find_if(edges.begin(), edges.end(), [&](const auto& e) { return e.first == edge; });
      if (known == edges.end()) {
        edges.emplace_back(edge, DeliveryEventName(step.event));
      } else if (known->second.find(DeliveryEventName(step.event)) == std::string::npos) {
        known->second += std::string(", ") + DeliveryEventName(step.event);
      }
    }
  }
  out += "\n```mermaid\nstateDiagram-v2\n  [*] --> sealed\n";
  for (const auto& [edge, events] : edges) out += "  " + edge + " : " + events + "\n";
  return out + "```\n";
}

}  // namespace srdf::store
