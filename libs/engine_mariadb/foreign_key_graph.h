// ForeignKeyGraph: which tables foreign keys connect, and what they do on changes of the table they refer to.
//
// Loaded for all tables at once, which makes the server open every table; kept from then on, and added to
// where a statement brings new foreign keys (foreign_key_change.h). What a foreign key that is gone made of
// groups and cascades may stay in it: that costs merging, never an order. The list of the keys that act does
// not keep it: two servers are compared by it. Driven by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/names_in_text.h"

namespace srdf::engine_mariadb {

class ForeignKeyGraph {
 public:
  using Name = std::pair<std::string, std::string>;  // database, table
  struct Referenced {
    struct ActingKey {
      Name child;
      std::string text;                  // as in TableSchema::acting_foreign_keys
      std::vector<std::string> updated;  // columns of the child that follow an update of the parent
    };
    bool delete_cascades = false;
    std::vector<std::string> update_cascade_columns;
    std::vector<ActingKey> keys;
  };
  // Nothing when the server could not look at every table right now (one is locked): try again later.
  static Result<std::optional<ForeignKeyGraph>> Load(Connection* connection);
  // Adds the foreign keys that a table has now. False when they could not be read, or it has none: load the
  // whole graph then.
  Result<bool> Add(Connection* connection, const std::string& database, const std::string& table);
  // True when the text names a table at either end of a foreign key, or the database of one.
  bool HasATableOf(NamesInText* text) const;
  // Nothing when no foreign key acts on the table.
  const Referenced* Find(const std::string& database, const std::string& table) const;
  // TableSchema::acting_foreign_keys of the table.
  std::vector<std::string> ActingOn(const std::string& database, const std::string& table) const;
  // All, by the tables referred to.
  const std::map<Name, Referenced>& acting() const { return tables_; }
  // Parents and children of foreign keys that check and change nothing.
  const std::set<std::pair<Name, Name>>& checking() const { return checking_; }
  // The number that the table shares with all tables it is connected to by foreign keys; never 0. Made of the
  // names of these tables: it changes only with them.
  uint32_t GroupOf(const std::string& database, const std::string& table) const;

 private:
  // `where`: of which tables, with the column names of either view; false as for Add.
  Result<bool> Read(Connection* connection, const std::string& where_constraint,
                    const std::string& where_column);
  const Name& RootOf(const Name& name) const;
  void Connect(const Name& a, const Name& b);

  std::map<Name, Referenced> tables_;
  std::set<std::pair<Name, Name>> checking_;
  std::set<Name> members_;        // at either end of a foreign key
  std::map<Name, Name> parents_;  // towards the root, the least name of a group
};

}  // namespace srdf::engine_mariadb
