// StatementClassifier: what is to be done with the text of a query event, by its first words. No grammar:
// parsers that do not know the newest syntax are the most common outage of replicators.
//
// docs/operations/statements.md is the table for people. Pure, no allocation but for names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace srdf::engine_mariadb {

enum class StatementClass : uint8_t {
  kBegin,
  kCommit,
  kRollback,    // of the whole transaction
  kRollbackTo,  // a savepoint
  kSavepoint,   // SAVEPOINT, RELEASE SAVEPOINT
  kDdl,         // travels to the target as a statement
  kSkipped,     // left out by an explicit rule; `rule` names it
  kDml,         // rows changed by a statement: fatal
  kXa,          // part of a group that prepares an XA transaction, or its outcome
  kDummy,       // "# Dummy event replacing …": the server hid an event: fatal
  kUnknown,     // fatal
};

// kUnknown: objects of internal schemas and of others in one statement.
inline constexpr const char* kRuleMixed = "internal and other schemas";
// kUnknown: rows come from a data file that somebody has put beside the server.
inline constexpr const char* kRuleImport = "import of a data file";
// kSkipped.
inline constexpr const char* kRuleAccounts = "accounts";
inline constexpr const char* kRuleTemporary = "temporary table";

struct StatementVerdict {
  StatementClass kind = StatementClass::kUnknown;
  const char* rule =
      "";  // kSkipped: "accounts", "maintenance", "temporary table", "server objects", "internal schema"
};

// `database` is the statement's default database.
StatementVerdict ClassifyStatement(std::string_view sql, std::string_view database);

// Statements that only write down what their text computes: those that make views, triggers and routines. The
// server logs the state of RAND() with them too, when the text or a DEFAULT of their table calls it (seen in
// 10.11), and it means nothing.
bool ComputesNothing(std::string_view sql);

// The savepoint of SAVEPOINT, RELEASE SAVEPOINT and ROLLBACK TO, in lower case as the server compares them;
// empty when there is none.
std::string SavepointName(std::string_view sql);

// Schemas that never replicate: mysql, information_schema, performance_schema, sys, srdf.
bool IsInternalSchema(std::string_view name);

}  // namespace srdf::engine_mariadb
