#include "srdfctl/table_lists.h"

#include "srdfctl/comparing.h"

namespace srdf::ctl {

Result<TableLists> ListTables(MeshClient* client, const std::string& flow) {
  TableLists lists;
  const Status listed =
      WithSides(client, flow, 0, [&](compare::Side* source, compare::Side* target) -> Status {
        SRDF_ASSIGN_OR_RETURN(lists.source, source->ListTables());
        SRDF_ASSIGN_OR_RETURN(lists.target, target->ListTables());
        return {};
      });
  if (!listed.ok()) return listed;
  return lists;
}

}  // namespace srdf::ctl
