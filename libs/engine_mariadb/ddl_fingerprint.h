// A fingerprint of database objects: tells after a crash whether a DDL statement had run.
//
// SHA-256 over the facts of information_schema (databases, tables, columns, indexes, constraints, views,
// triggers, routines, events, partitions) of the objects that the statement names, and over InnoDB's table
// numbers, which change where nothing else does (TRUNCATE, EXCHANGE PARTITION, a rebuild). Left out is what
// changes by itself: row counts, AUTO_INCREMENT counters, times, cardinalities.
//
// Named is, without a grammar, what occurs in the text as a whole word: between characters that cannot belong
// to an identifier, in any case of ASCII letters. A statement can only change what it names, or its default
// database, so that the doings of others do not count. In doubt less is included: a change not seen makes the
// statement run again, which shows; a change of another's taken for its own would leave it out unseen. For
// the same reason DROP and CREATE DATABASE count the database itself, not the objects in it. Triggers,
// routines and events are looked at only where the text has such a word; for tables the server opens those
// named alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "model/statement.h"

namespace srdf::engine_mariadb {

// The databases a statement may concern: its default database, and each of `schemata` whose name is a word of
// the text. Never a system database.
std::vector<std::string> ConcernedDatabases(const std::vector<std::string>& schemata,
                                            const std::string& default_database, std::string_view text);

// 32 bytes. The connection needs to see all objects, and PROCESS for InnoDB's table numbers.
Result<std::string> DdlFingerprint(Connection* connection, const Statement& statement);

// SHA-256 of a text, 32 bytes.
std::string Digest(std::string_view text);

}  // namespace srdf::engine_mariadb
