// What both servers of a flow say of their tables, as things are now, in no snapshot.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/snapshot.h"
#include "srdfctl/mesh_client.h"

namespace srdf::ctl {

struct TableLists {
  std::vector<engine::TableInfo> source;
  std::vector<engine::TableInfo> target;
};

// kAborted when a table keeps being altered, over ten seconds. kCancelled after Ctrl-C.
Result<TableLists> ListTables(MeshClient* client, const std::string& flow);

}  // namespace srdf::ctl
