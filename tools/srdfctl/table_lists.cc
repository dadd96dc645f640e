#include "srdfctl/table_lists.h"

#include <chrono>
#include <thread>

#include "srdfctl/comparing.h"

namespace srdf::ctl {

Result<TableLists> ListTables(MeshClient* client, const std::string& flow) {
  // Servers say when a table was altered in whole seconds: one that was made just now is in doubt for so
  // long.
  constexpr int kTries = 10;
  TableLists lists;
  Status listed;
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::seconds(1));
    listed = WithSides(client, flow, 0, [&](compare::Side* source, compare::Side* target) -> Status {
      SRDF_ASSIGN_OR_RETURN(lists.source, source->ListTables());
      SRDF_ASSIGN_OR_RETURN(lists.target, target->ListTables());
      return {};
    });
    if (listed.ok()) return lists;
    if (listed.code() != StatusCode::kAborted) break;
  }
  return listed;
}

}  // namespace srdf::ctl
