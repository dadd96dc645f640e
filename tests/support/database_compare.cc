#include "support/database_compare.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <set>

namespace srdf::test {

namespace {

using engine_mariadb::Connection;
using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

// Definitions by name ("table `a`.`b`"); a map so that a missing object is named.
using Definitions = std::map<std::string, std::string>;

struct Table {
  std::string database;
  std::string name;     // quoted, with database
  std::string columns;  // select list
  std::string order;    // ORDER BY list; empty without a primary key
  std::string suffix;   // FOR SYSTEM_TIME ALL
};

std::string Name(const std::string& database, const std::string& object) {
  return Connection::QuoteIdentifier(database) + "." + Connection::QuoteIdentifier(object);
}

std::string Text(const engine_mariadb::Value& value) { return value.value_or("NULL"); }

void EraseAll(const std::string& part, std::string* text) {
  for (size_t at; (at = text->find(part)) != std::string::npos;) text->erase(at, part.size());
}

// " AUTO_INCREMENT=123" of SHOW CREATE TABLE; a counter, not a definition.
void EraseAutoIncrement(std::string* text) {
  const std::string name = " AUTO_INCREMENT=";
  const size_t at = text->find(name);
  if (at == std::string::npos) return;
  const size_t end = text->find_first_not_of("0123456789", at + name.size());
  text->erase(at, end == std::string::npos ? end : end - at);
}

class Side {
 public:
  static Result<std::unique_ptr<Side>> Open(const engine::ServerEndpoint& server,
                                            const CompareOptions& options) {
    auto side = std::unique_ptr<Side>(new Side(options));
    SRDF_ASSIGN_OR_RETURN(side->connection_, Connection::Open(server, {}));
    SRDF_RETURN_IF_ERROR(side->connection_->Execute("SET NAMES binary"));
    SRDF_RETURN_IF_ERROR(
        side->connection_->Execute("SET SESSION time_zone='+00:00', sql_mode='', net_write_timeout=600"));
    SRDF_RETURN_IF_ERROR(side->ReadDatabases(options));
    for (const auto& database : side->databases_) SRDF_RETURN_IF_ERROR(side->ReadDatabase(database));
    return side;
  }

  const Definitions& definitions() const { return definitions_; }
  const std::vector<Table>& tables() const { return tables_; }
  std::map<std::string, DatabaseCounts>& counts() { return counts_; }
  Connection& connection() { return *connection_; }

  // Starts reading a table; rows are then fetched by FetchRow.
  Status StartRows(const Table& table) {
    const std::string sql = "SELECT " + table.columns + " FROM " + table.name + table.suffix +
                            (table.order.empty() ? "" : " ORDER BY " + table.order);
    MYSQL* mysql = connection_->handle();
    if (mysql_real_query(mysql, sql.data(), sql.size()) != 0) return connection_->LastError(sql);
    result_.reset(mysql_use_result(mysql));
    if (result_ == nullptr) return connection_->LastError(sql);
    fields_ = mysql_num_fields(result_.get());
    return {};
  }

  // The next row as a flat injective text; false at the end.
  Result<bool> FetchRow(std::string* out) {
    out->clear();
    MYSQL_ROW row = mysql_fetch_row(result_.get());
    if (row == nullptr) {
      result_.reset();
      if (mysql_errno(connection_->handle()) != 0) return connection_->LastError("reading rows");
      return false;
    }
    const unsigned long* lengths = mysql_fetch_lengths(result_.get());
    for (unsigned i = 0; i < fields_; ++i) {
      if (row[i] == nullptr) {
        out->append("|NULL");
      } else {
        out->append("|").append(std::to_string(lengths[i])).append(":").append(row[i], lengths[i]);
      }
    }
    return true;
  }

 private:
  explicit Side(const CompareOptions& options) : options_(options) {}

  Status ReadDatabases(const CompareOptions& options) {
    SRDF_ASSIGN_OR_RETURN(auto rows, connection_->Query("SELECT schema_name, default_character_set_name, "
                                                        "default_collation_name, schema_comment FROM "
                                                        "information_schema.schemata ORDER BY 1"));
    static const std::set<std::string> kSystem = {"mysql", "information_schema", "performance_schema", "sys",
                                                  "srdf"};
    for (const auto& row : rows) {
      const std::string name = Text(row[0]);
      if (kSystem.count(name) != 0) continue;
      if (!options.databases.empty() &&
          std::find(options.databases.begin(), options.databases.end(), name) == options.databases.end()) {
        continue;
      }
      databases_.push_back(name);
      definitions_["database " + Connection::QuoteIdentifier(name)] =
          Text(row[1]) + " " + Text(row[2]) + " " + Text(row[3]);
      counts_[name] = {};
    }
    return {};
  }

  // SHOW CREATE; all columns of the result but number `skip`, joined.
  Status ReadDefinition(const std::string& kind, const std::string& name, size_t skip = SIZE_MAX) {
    SRDF_ASSIGN_OR_RETURN(auto rows, connection_->Query("SHOW CREATE " + kind + " " + name));
    std::string text;
    for (size_t i = 0; !rows.empty() && i < rows[0].size(); ++i) {
      if (i != skip) text += Text(rows[0][i]) + "\n";
    }
    EraseAutoIncrement(&text);
    if (kind == "EVENT") {
      for (const char* status : {" DISABLE ON SLAVE", " DISABLE", " ENABLE"}) EraseAll(status, &text);
    }
    definitions_[kind + " " + name] = text;
    return {};
  }

  Status ReadDatabase(const std::string& database) {
    const std::string in = connection_->Quote(database);
    SRDF_ASSIGN_OR_RETURN(auto tables,
                          connection_->Query("SELECT table_name, table_type FROM information_schema.tables "
                                             "WHERE table_schema=" +
                                             in + " ORDER BY 1"));
    for (const auto& row : tables) {
      const std::string type = Text(row[1]);
      const std::string name = Name(database, Text(row[0]));
      SRDF_RETURN_IF_ERROR(ReadDefinition(type == "VIEW"       ? "VIEW"
                                          : type == "SEQUENCE" ? "SEQUENCE"
                                                               : "TABLE",
                                          name));
      DatabaseCounts& counts = counts_[database];
      ++(type == "VIEW" ? counts.views : type == "SEQUENCE" ? counts.sequences : counts.tables);
      if (type == "VIEW") continue;
      if (options_.rows || type == "SEQUENCE") SRDF_RETURN_IF_ERROR(ReadTable(database, Text(row[0]), type));
    }
    SRDF_ASSIGN_OR_RETURN(auto triggers,
                          connection_->Query("SELECT trigger_name FROM information_schema.triggers WHERE "
                                             "trigger_schema=" +
                                             in + " ORDER BY 1"));
    counts_[database].triggers = triggers.size();
    constexpr size_t kCreatedColumn = 6;
    for (const auto& row : triggers) {
      SRDF_RETURN_IF_ERROR(ReadDefinition("TRIGGER", Name(database, Text(row[0])), kCreatedColumn));
    }
    SRDF_ASSIGN_OR_RETURN(auto routines,
                          connection_->Query("SELECT routine_type, routine_name FROM "
                                             "information_schema.routines WHERE routine_schema=" +
                                             in + " ORDER BY 1, 2"));
    counts_[database].routines = routines.size();
    for (const auto& row : routines)
      SRDF_RETURN_IF_ERROR(ReadDefinition(Text(row[0]), Name(database, Text(row[1]))));
    SRDF_ASSIGN_OR_RETURN(auto events,
                          connection_->Query("SELECT event_name FROM information_schema.events WHERE "
                                             "event_schema=" +
                                             in + " ORDER BY 1"));
    counts_[database].events = events.size();
    for (const auto& row : events)
      SRDF_RETURN_IF_ERROR(ReadDefinition("EVENT", Name(database, Text(row[0]))));
    return {};
  }

  Status ReadTable(const std::string& database, const std::string& name, const std::string& type) {
    Table table;
    table.database = database;
    table.name = Name(database, name);
    if (type == "SYSTEM VERSIONED") table.suffix = " FOR SYSTEM_TIME ALL";
    const std::string where =
        " WHERE table_schema=" + connection_->Quote(database) + " AND table_name=" + connection_->Quote(name);
    SRDF_ASSIGN_OR_RETURN(auto columns, connection_->Query("SELECT column_name, data_type FROM "
                                                           "information_schema.columns" +
                                                           where + " ORDER BY ordinal_position"));
    for (const auto& row : columns) {
      const std::string column = Connection::QuoteIdentifier(Text(row[0]));
      if (!table.columns.empty()) table.columns += ", ";
      // A float is shown with six digits; the same value as a double has them all.
      table.columns += Text(row[1]) == "float" ? "CAST(" + column + " AS DOUBLE)" : column;
    }
    SRDF_ASSIGN_OR_RETURN(auto key,
                          connection_->Query("SELECT column_name FROM information_schema.statistics" + where +
                                             " AND index_name='PRIMARY' ORDER BY seq_in_index"));
    for (const auto& row : key) {
      table.order += (table.order.empty() ? "" : ", ") + Connection::QuoteIdentifier(Text(row[0]));
    }
    if (!table.suffix.empty()) table.order.clear();
    tables_.push_back(table);
    return {};
  }

  const CompareOptions& options_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> result_{nullptr, &mysql_free_result};
  unsigned fields_ = 0;
  std::vector<std::string> databases_;
  Definitions definitions_;
  std::vector<Table> tables_;
  std::map<std::string, DatabaseCounts> counts_;
};

std::string Shown(const std::string& row) { return row.size() <= 600 ? row : row.substr(0, 600) + "…"; }

std::string CompareDefinitions(const Definitions& a, const Definitions& b) {
  for (const auto& [name, text] : a) {
    const auto other = b.find(name);
    if (other == b.end()) return name + " exists only on the first server";
    if (other->second != text) return name + " differs:\n--- first\n" + text + "--- second\n" + other->second;
  }
  for (const auto& [name, text] : b) {
    if (a.find(name) == a.end()) return name + " exists only on the second server";
  }
  return {};
}

// Both streams are in primary key order: the first row that is not equal is the difference.
Result<std::string> CompareOrdered(Side& a, Side& b, const Table& table) {
  SRDF_RETURN_IF_ERROR(a.StartRows(table));
  SRDF_RETURN_IF_ERROR(b.StartRows(table));
  std::string row_a, row_b, difference;
  uint64_t rows = 0;
  for (bool more_a = true, more_b = true; more_a || more_b; ++rows) {  // read to the end: both stay usable
    if (more_a) {
      SRDF_ASSIGN_OR_RETURN(more_a, a.FetchRow(&row_a));
      if (more_a) ++a.counts()[table.database].rows;
    }
    if (more_b) {
      SRDF_ASSIGN_OR_RETURN(more_b, b.FetchRow(&row_b));
    }
    if (difference.empty() && row_a != row_b) {
      difference = table.name + " row " + std::to_string(rows) +
                   ":\n  first:  " + (more_a ? Shown(row_a) : "no row") +
                   "\n  second: " + (more_b ? Shown(row_b) : "no row");
    }
  }
  return difference;
}

Result<std::vector<Hash>> RowHashes(Side& side, const Table& table) {
  SRDF_RETURN_IF_ERROR(side.StartRows(table));
  std::vector<Hash> hashes;
  std::string row;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, side.FetchRow(&row));
    if (!more) break;
    SHA256(reinterpret_cast<const unsigned char*>(row.data()), row.size(), hashes.emplace_back().data());
  }
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

Result<std::string> FindByHash(Side& side, const Table& table, const Hash& wanted) {
  SRDF_RETURN_IF_ERROR(side.StartRows(table));
  std::string row, found;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, side.FetchRow(&row));
    if (!more) return Shown(found);
    Hash hash;
    SHA256(reinterpret_cast<const unsigned char*>(row.data()), row.size(), hash.data());
    if (hash == wanted) found = row;
  }
}

Result<std::string> CompareMultiset(Side& a, Side& b, const Table& table) {
  SRDF_ASSIGN_OR_RETURN(auto hashes_a, RowHashes(a, table));
  SRDF_ASSIGN_OR_RETURN(auto hashes_b, RowHashes(b, table));
  a.counts()[table.database].rows += hashes_a.size();
  if (hashes_a == hashes_b) return std::string();
  std::vector<Hash> only;
  std::set_difference(hashes_a.begin(), hashes_a.end(), hashes_b.begin(), hashes_b.end(),
                      std::back_inserter(only));
  const bool in_first = !only.empty();
  if (!in_first) {
    std::set_difference(hashes_b.begin(), hashes_b.end(), hashes_a.begin(), hashes_a.end(),
                        std::back_inserter(only));
  }
  SRDF_ASSIGN_OR_RETURN(const std::string row, FindByHash(in_first ? a : b, table, only.front()));
  return table.name + " (" + std::to_string(hashes_a.size()) + " and " + std::to_string(hashes_b.size()) +
         " rows): only on the " + (in_first ? "first" : "second") + " server: " + row;
}

}  // namespace

Result<std::string> Differences(const engine::ServerEndpoint& a, const engine::ServerEndpoint& b,
                                const CompareOptions& options,
                                std::map<std::string, DatabaseCounts>* counts) {
  SRDF_ASSIGN_OR_RETURN(auto side_a, Side::Open(a, options));
  SRDF_ASSIGN_OR_RETURN(auto side_b, Side::Open(b, options));
  for (const std::string& name : options.databases) {
    if (side_a->counts().count(name) == 0 && side_b->counts().count(name) == 0) {
      return Status(StatusCode::kNotFound, "neither server has the database " + name);
    }
  }
  std::string difference = CompareDefinitions(side_a->definitions(), side_b->definitions());
  if (!difference.empty()) return difference;
  for (const Table& table : side_a->tables()) {
    SRDF_ASSIGN_OR_RETURN(difference, table.order.empty() ? CompareMultiset(*side_a, *side_b, table)
                                                          : CompareOrdered(*side_a, *side_b, table));
    if (!difference.empty()) return difference;
  }
  if (counts != nullptr) *counts = side_a->counts();
  return std::string();
}

Result<std::string> Differences(const MariaDbServer& a, const MariaDbServer& b,
                                const CompareOptions& options) {
  engine::ServerEndpoint at_a = a.Endpoint();
  engine::ServerEndpoint at_b = b.Endpoint();
  at_a.socket = a.socket();
  at_b.socket = b.socket();
  return Differences(at_a, at_b, options, nullptr);
}

}  // namespace srdf::test
