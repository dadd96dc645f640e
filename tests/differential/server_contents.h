// ServerContents: what one server holds, read fast and often, for comparison with another server's.
//
// Independent of the replication under test: plain SELECT and SHOW on one connection that stays open. The
// objects and their definitions are read again only when told that DDL has run; rows every time. Values are
// compared as stored bytes (SET NAMES binary), floats exactly, each table as a multiset of rows. Left out:
// the AUTO_INCREMENT counter, an event's status, a trigger's creation time, the history that cascades make in
// system-versioned tables, the schema `srdf`.
//
// A statement that fails (a view whose table is gone) is content too: its error number is compared.
// tests/support/database_compare.h does the same for large tables, as streams.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "support/mariadb_server.h"

namespace srdf::differential {

// The rows of each table (quoted name → rows in byte order) and each object's definition.
struct Contents {
  std::map<std::string, std::string> definitions;
  std::map<std::string, std::vector<std::string>> rows;
};

class ServerContents {
 public:
  explicit ServerContents(const test::MariaDbServer& server) : server_(server) {}
  // DDL may have run: what exists is read again with the next Read.
  void Forget() { known_ = false; }
  // Valid until the next Read.
  Result<const Contents*> Read();

 private:
  Status ReadObjects();
  Status ReadDatabase(const std::string& database);
  Status ReadDefinition(const std::string& kind, const std::string& name, size_t skip = SIZE_MAX);
  Result<std::string> SelectOf(const std::string& database, const std::string& table,
                               const std::string& type);

  const test::MariaDbServer& server_;
  std::unique_ptr<engine_mariadb::Connection> connection_;
  bool known_ = false;
  std::map<std::string, std::string> selects_;  // table → statement that reads its rows
  Contents contents_;
};

// Empty when equal, else the first difference, naming both sides.
std::string Difference(const std::string& name_a, const Contents& a, const std::string& name_b,
                       const Contents& b);

}  // namespace srdf::differential
