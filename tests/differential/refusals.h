// The rules by which the product stops a flow, as far as scenarios meet them: each is documented, and each is
// a row of a table here. An error that no row names counts as a difference.
#pragma once

#include <string>

#include "base/status.h"
#include "differential/scenario.h"

namespace srdf::differential {

// The short name of the rule that an error at this stage of the pipeline goes back to; empty when there is
// none, or when the scenario has nothing that the rule is about.
std::string RefusalRule(const std::string& stage, const Status& error, const Scenario& scenario);

}  // namespace srdf::differential
