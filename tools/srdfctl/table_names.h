// Names of tables as operators write them. Pure.
#pragma once

#include <string>

#include "base/status.h"
#include "compare/side.h"

namespace srdf::ctl {

// "shop.orders", at the first dot. kInvalidArgument.
inline Result<compare::TableName> TableNameOf(const std::string& text) {
  const size_t dot = text.find('.');
  if (dot == 0 || dot == std::string::npos || dot + 1 == text.size()) {
    return Status(StatusCode::kInvalidArgument, "\"" + text + "\" is not the name of a table",
                  "write database.table");
  }
  return compare::TableName{text.substr(0, dot), text.substr(dot + 1)};
}

}  // namespace srdf::ctl
