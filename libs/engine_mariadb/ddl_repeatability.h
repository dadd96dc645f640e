// DdlRepeatability: would a DDL statement, run again at the target, give its rows the values that the
// source's rows have?
//
// The log has the statement alone, not what it wrote into the rows that were there. ALTER TABLE … ADD c …
// DEFAULT (uuid()) gives other values at every run; ADD … AUTO_INCREMENT numbers the rows in the order in
// which the server happens to read them: the same one in both servers only when they are kept in the order of
// a key. MariaDB's own replica runs such statements and differs from then on without a word (trap 23).
//
// Without a grammar: of an ALTER TABLE that adds columns, each DEFAULT may hold literals and the functions
// that are known to say the same again (times do: the statement's time stamp is restored). Whatever is not
// known counts as in doubt. Only statements on tables with rows matter: who asks looks at the target's table
// just before it runs the statement, where it is what the source's was.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "model/statement.h"

namespace srdf::engine_mariadb {

struct RepeatDoubt {
  enum Kind : uint8_t {
    kValues,  // new values of the rows differ with every run
    kOrder,   // they depend on the order in which rows are read
  } kind = kValues;
  std::string what;      // "DEFAULT uuid()", "AUTO_INCREMENT"
  std::string database;  // of the altered table
  std::string table;
};

// Nothing when the statement says the same at every run, whatever rows there are. Pure.
std::optional<RepeatDoubt> DoubtOfRepeating(std::string_view sql, std::string_view default_database);

// Did the source's statement end with an error of its moment (a lock, a kill, a full disk)? The log then has
// a statement that did a part of its work, or nothing, and does not say which; run again it would do all of
// it. MariaDB's own replica runs it. Pure.
bool IsErrorOfTheMoment(uint32_t error_code);

// kFailedPrecondition, naming table and remedy, when the statement is in doubt and its table at the target
// has rows (for kOrder: rows that are not kept in the order of a primary key), and when its error at the
// source is one of the moment (a DROP excepted: what it names is gone there, or the log names it again).
Status CheckRepeatable(Connection* connection, const Statement& statement);

}  // namespace srdf::engine_mariadb
