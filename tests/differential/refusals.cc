#include "differential/refusals.h"

#include <array>

namespace srdf::differential {

namespace {

struct Refusal {
  const char* stage;  // how the stage begins
  StatusCode code;
  const char* fragment;  // of the message
  const char* rule;
};

// docs/operations/statements.md says them to the operator.
constexpr std::array<Refusal, 1> kRefusals = {{
    {"capture", StatusCode::kFailedPrecondition,
     "which cannot roll back: it cannot be replicated exactly once",
     "changes of a table that cannot roll back"},
}};

}  // namespace

std::string RefusalRule(const std::string& stage, const Status& error) {
  for (const Refusal& refusal : kRefusals) {
    if (stage.rfind(refusal.stage, 0) == 0 && error.code() == refusal.code &&
        error.message().find(refusal.fragment) != std::string::npos) {
      return refusal.rule;
    }
  }
  return {};
}

}  // namespace srdf::differential
