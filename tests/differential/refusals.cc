#include "differential/refusals.h"

#include <algorithm>
#include <array>

namespace srdf::differential {

namespace {

struct Refusal {
  const char* stage;  // how the stage begins
  StatusCode code;
  const char* fragment;  // of the message
  const char* rule;
  const char* cause;  // in the text of a statement; empty: anything
};

bool Mentions(const Scenario& scenario, const std::string& text) {
  const auto has = [&](const std::string& sql) { return sql.find(text) != std::string::npos; };
  return std::any_of(scenario.setup.begin(), scenario.setup.end(), has) ||
         std::any_of(scenario.steps.begin(), scenario.steps.end(),
                     [&](const Step& step) { return has(step.sql); });
}

// docs/operations/statements.md says them to the operator.
constexpr std::array<Refusal, 10> kRefusals = {{
    {"capture", StatusCode::kFailedPrecondition,
     "which cannot roll back: it cannot be replicated exactly once",
     "changes of a table that cannot roll back", ""},
    {"capture", StatusCode::kFailedPrecondition, "the log has no column names for table",
     "the catalogue's columns are not the rows', and no row metadata", ""},
    {"apply", StatusCode::kFailedPrecondition, "whose names the source does not log",
     "columns that the server hides, and no row metadata", ""},
    {"apply sql", StatusCode::kFailedPrecondition, "that SQL apply would fire on",
     "SQL apply: triggers at the target", "TRIGGER"},
    {"apply sql", StatusCode::kFailedPrecondition, "is system-versioned: SQL apply cannot write",
     "SQL apply: system-versioned tables", "SYSTEM VERSIONING"},
    {"apply", StatusCode::kFailedPrecondition, "the log does not say how much it had done",
     "DDL that the source logged with an error of its moment", "PARTITION"},
    {"apply sql", StatusCode::kFailedPrecondition, "another value for a stored generated column",
     "SQL apply: stored generated columns of the source's session", "time_zone"},
    {"apply sql", StatusCode::kFailedPrecondition, "another value for a stored generated column",
     "SQL apply: stored generated columns over what REPLACE set back, images below FULL", "REPLACE"},
    {"apply sql", StatusCode::kFailedPrecondition, "an empty geometry has no SQL literal",
     "SQL apply: empty geometries", ""},
    {"apply native", StatusCode::kFailedPrecondition, "would lead to a duplicate entry",
     "two cascades over one row of a system-versioned table within a second", "SYSTEM VERSIONING"},
}};

}  // namespace

std::string RefusalRule(const std::string& stage, const Status& error, const Scenario& scenario) {
  for (const Refusal& refusal : kRefusals) {
    if (stage.rfind(refusal.stage, 0) == 0 && error.code() == refusal.code &&
        error.message().find(refusal.fragment) != std::string::npos && Mentions(scenario, refusal.cause)) {
      return refusal.rule;
    }
  }
  return {};
}

}  // namespace srdf::differential
