// The list of a source's other servers, as text of the file.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/values.h"

namespace srdf::config {

// "db2:3306, [::1]:3306"; empty for the empty text. The error names the one that is none.
Result<std::vector<Address>> ParseAddressList(std::string_view text);

}  // namespace srdf::config
