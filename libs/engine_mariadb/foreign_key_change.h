// What a DDL statement can do to the foreign keys of a server, by its words: so that a load of a thousand
// tables does not make capture look at all tables a thousand times. (Seen: with 1,362 tables one look at all
// foreign keys in information_schema opens every table and took 0.3 to 1.6 s of the source.)
//
// Worked examples: "CREATE TABLE a (id INT)" adds none. "CREATE TABLE d.b (… REFERENCES a …)" adds some, all
// of d.b. "DROP TABLE b" may take some away. "RENAME TABLE …", and "ALTER TABLE … CHANGE …", which can rename
// a column, can change any.
//
// In doubt the answer is kAny. It is asked of the raw text, so that words in strings, comments and names
// count too, whatever the sql_mode: they cost a look too many, never miss one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace srdf::engine_mariadb {

enum class ForeignKeyEffect : uint8_t {
  kNone,     // all stay as they are
  kAdds,     // of the one table named here; what it had may be gone
  kRemoves,  // may take away those of tables that the text names; adds none
  kAny,
};

struct ForeignKeyChange {
  ForeignKeyEffect effect = ForeignKeyEffect::kAny;
  std::string database;  // kAdds: the table whose foreign keys these are
  std::string table;
};

// `database` is the statement's default database.
ForeignKeyChange ForeignKeysChangedBy(std::string_view sql, std::string_view database);

}  // namespace srdf::engine_mariadb
