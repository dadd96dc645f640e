// A fingerprint of database objects: tells after a crash whether a DDL statement had run.
//
// SHA-256 over the facts of information_schema (schemata, tables, columns, indexes, constraints, views,
// triggers, routines, events, partitions) of the databases that the statement may concern, and over InnoDB's
// table numbers, which change where nothing else does (TRUNCATE, EXCHANGE PARTITION, a rebuild). Left out is
// what changes by itself: row counts, AUTO_INCREMENT counters, times, cardinalities.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "model/statement.h"

namespace srdf::engine_mariadb {

// The databases a statement may concern, without a grammar: its default database, and every database of the
// server whose name occurs in the text, in any case. Too many is harmless, too few is not possible: a
// database that does not exist yet is seen in the list of schemata, which is always part of the fingerprint.
std::vector<std::string> ConcernedDatabases(const std::vector<std::string>& schemata,
                                            const Statement& statement);

// 32 bytes. The connection needs to see all objects, and PROCESS for InnoDB's table numbers.
Result<std::string> DdlFingerprint(Connection* connection, const Statement& statement);

// SHA-256 of a text, 32 bytes.
std::string Digest(std::string_view text);

}  // namespace srdf::engine_mariadb
