// The list of a source's other servers: "db2:3306, db3:3306".
#include "config/source_alternates.h"

#include "config/config.h"

namespace srdf::config {

Result<std::vector<Address>> ParseAddressList(std::string_view text) {
  std::vector<Address> out;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view one = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    auto address = ParseAddress(one);
    if (!address.ok()) return address.status().WithContext("\"" + std::string(one) + "\"");
    out.push_back(std::move(*address));
  }
  return out;
}

std::vector<DatabaseConfig> SourceAlternates(const FlowConfig& flow) {
  std::vector<DatabaseConfig> out;
  const auto addresses = ParseAddressList(flow.source_alternates);
  if (!addresses.ok()) return out;
  for (const Address& address : *addresses) {
    DatabaseConfig database = flow.source;
    database.socket.clear();
    database.host = address.host;
    database.port = address.port;
    out.push_back(std::move(database));
  }
  return out;
}

}  // namespace srdf::config
