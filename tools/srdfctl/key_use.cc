#include "srdfctl/key_use.h"

#include "srdfctl/mesh_client.h"

namespace srdf::ctl {
namespace {

constexpr uint32_t kPageWagons = 500;

// The newest wagon of the flow that needs the key, with its status; empty: none. `list` gives the page of
// wagons before a sequence (0: the newest).
template <typename List>
Result<std::string> FindInFlow(const std::string& key_id, const List& list) {
  for (uint64_t before = 0;;) {
    const auto page = list(before);
    if (!page.ok()) return page.status();
    for (const model::v1::WagonInfo& wagon : page->wagons()) {
      if (wagon.payload_present() && wagon.header().key_id() == key_id)
        return "wagon " + std::to_string(wagon.header().sequence()) + " (" + wagon.status() + ")";
    }
    if (page->wagons().empty()) return std::string();
    before = page->wagons().rbegin()->header().sequence();
    if (before <= 1) return std::string();
  }
}

template <typename Request>
Request PageBefore(const std::string& flow, uint64_t before) {
  Request request;
  request.set_flow(flow);
  request.set_before_sequence(before);
  request.set_limit(kPageWagons);
  return request;
}

}  // namespace

KeyUse FindKeyUse(const config::Config& config, const std::string& key_id) {
  MeshClient client(config);
  KeyUse use;
  const auto outbox = [&](const std::string& flow, uint64_t before) {
    return client.Call("shipper", client.shipper(), &shipper::v1::ShipperService::Stub::ListWagons,
                       PageBefore<shipper::v1::ListWagonsRequest>(flow, before));
  };
  const auto inbox = [&](const std::string& flow, uint64_t before) {
    return client.Call("receiver", client.receiver(), &receiver::v1::ReceiverService::Stub::ListWagons,
                       PageBefore<receiver::v1::ListWagonsRequest>(flow, before));
  };
  const auto look = [&](const std::string& where, const auto& list) {
    for (const config::FlowConfig& flow : config.flows) {
      const auto found = FindInFlow(key_id, [&](uint64_t before) { return list(flow.name, before); });
      if (!found.ok()) {
        use.not_asked.push_back("the " + where + ": " + found.status().message());
        return;
      }
      if (found->empty() || !use.wagon.empty()) continue;
      use.wagon = *found + " of flow " + flow.name + " in the " + where;
    }
  };
  look("outbox", outbox);
  look("inbox", inbox);
  return use;
}

}  // namespace srdf::ctl
