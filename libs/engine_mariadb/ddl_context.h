// Restores the session context in which a DDL statement ran at the source, as a replica would.
//
// A DDL statement gets a connection of its own, so that nothing of its context can leak into the next one
// and a default database that does not exist can simply be left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "model/statement.h"

namespace srdf::engine_mariadb {

// Bits of flags2 in a Query event (THD option bits that are written to the log; they never change).
constexpr uint32_t kFlags2AutoIsNull = 1u << 14;
constexpr uint32_t kFlags2NoCheckConstraintChecks = 1u << 15;
constexpr uint32_t kFlags2ExplicitDefaultsForTimestamp = 1u << 24;
constexpr uint32_t kFlags2NoForeignKeyChecks = 1u << 26;
constexpr uint32_t kFlags2RelaxedUniqueChecks = 1u << 27;
constexpr uint32_t kFlags2IfExists = 1u << 28;

// The SET statement for a context; `if_exists` makes DROP, ALTER and RENAME forgiving (sql_if_exists).
std::string ContextStatement(const Statement& statement, bool if_exists);

// Sets up a fresh connection: default database where it exists, then the context.
Status RestoreContext(Connection* connection, const Statement& statement, bool if_exists);

// A DROP, behind comments and SET STATEMENT … FOR.
bool IsDrop(std::string_view sql);

// True when the statement leaves the same whether it runs once, twice, or once more after a half of it:
// CREATE OR REPLACE of anything, TRUNCATE, ALTER TABLE … TRUNCATE PARTITION. Not for a DROP, which needs
// sql_if_exists for that. Pure.
bool ReplacesItself(std::string_view sql);

// The statement's text as it is to run here. ALTER EVENT makes whoever runs it the event's definer, unless it
// names one: it gets the definer that it had at the source.
std::string TextToRun(const Statement& statement);

}  // namespace srdf::engine_mariadb
