#include "differential/server_contents.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace srdf::differential {

namespace {

using engine_mariadb::Connection;

std::string Text(const engine_mariadb::Value& value) { return value.value_or("NULL"); }

std::string Name(const std::string& database, const std::string& object) {
  return Connection::QuoteIdentifier(database) + "." + Connection::QuoteIdentifier(object);
}

void EraseAll(const std::string& part, std::string* text) {
  for (size_t at; (at = text->find(part)) != std::string::npos;) text->erase(at, part.size());
}

void EraseAutoIncrement(std::string* text) {
  const std::string name = " AUTO_INCREMENT=";
  const size_t at = text->find(name);
  if (at == std::string::npos) return;
  const size_t end = text->find_first_not_of("0123456789", at + name.size());
  text->erase(at, end == std::string::npos ? end : end - at);
}

// Bytes that a terminal would not show are hex.
std::string Printable(const std::string& text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
    }
    if (out.size() > 600) return out + "…";
  }
  return out;
}

std::string FlatRow(const engine_mariadb::ResultRow& row) {
  std::string flat;
  for (const auto& value : row) {
    flat += value.has_value() ? "|" + std::to_string(value->size()) + ":" + *value : "|NULL";
  }
  return flat;
}

std::string FirstOnly(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> only;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only));
  if (only.empty()) return "no other row";
  return Printable(only.front()) +
         (only.size() > 1 ? " (and " + std::to_string(only.size() - 1) + " more)" : "");
}

}  // namespace

Result<const Contents*> ServerContents::Read() {
  if (connection_ == nullptr) {
    SRDF_ASSIGN_OR_RETURN(connection_, server_.Connect());
    SRDF_RETURN_IF_ERROR(connection_->Execute("SET NAMES binary"));
    SRDF_RETURN_IF_ERROR(
        connection_->Execute("SET SESSION time_zone='+00:00', sql_mode='', "
                             "lock_wait_timeout=5"));
  }
  if (!known_) {
    SRDF_RETURN_IF_ERROR(ReadObjects());
    known_ = true;
  }
  contents_.rows.clear();
  for (const auto& [table, select] : selects_) {
    std::vector<std::string>& rows = contents_.rows[table];
    const auto result = connection_->Query(select);
    if (!result.ok()) {
      if (result.status().code() == StatusCode::kUnavailable) return result.status();
      rows.push_back("error " + std::to_string(connection_->last_errno()));
      continue;
    }
    for (const auto& row : *result) rows.push_back(FlatRow(row));
    std::sort(rows.begin(), rows.end());
  }
  return &contents_;
}

Status ServerContents::ReadObjects() {
  contents_ = {};
  selects_.clear();
  SRDF_ASSIGN_OR_RETURN(
      const auto databases,
      connection_->Query("SELECT schema_name, default_character_set_name, default_collation_name FROM "
                         "information_schema.schemata WHERE schema_name NOT IN "
                         "('mysql','information_schema','performance_schema','sys','srdf')"));
  for (const auto& row : databases) {
    const std::string name = Text(row[0]);
    contents_.definitions["DATABASE " + Connection::QuoteIdentifier(name)] =
        Text(row[1]) + " " + Text(row[2]);
    SRDF_RETURN_IF_ERROR(ReadDatabase(name));
  }
  return {};
}

Status ServerContents::ReadDatabase(const std::string& database) {
  const std::string quoted = Connection::QuoteIdentifier(database);
  const std::string in = connection_->Quote(database);
  // SHOW FULL TABLES does not tell a system-versioned table from another.
  SRDF_ASSIGN_OR_RETURN(
      const auto tables,
      connection_->Query("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema=" +
                         in));
  for (const auto& row : tables) {
    const std::string type = Text(row[1]);
    const std::string name = Name(database, Text(row[0]));
    SRDF_RETURN_IF_ERROR(
        ReadDefinition(type == "VIEW" || type == "SEQUENCE" ? type : std::string("TABLE"), name));
    if (type == "VIEW") continue;
    SRDF_ASSIGN_OR_RETURN(selects_[name], SelectOf(database, Text(row[0]), type));
  }
  SRDF_ASSIGN_OR_RETURN(const auto triggers, connection_->Query("SHOW TRIGGERS FROM " + quoted));
  constexpr size_t kCreatedColumn = 6;
  for (const auto& row : triggers) {
    SRDF_RETURN_IF_ERROR(ReadDefinition("TRIGGER", Name(database, Text(row[0])), kCreatedColumn));
  }
  SRDF_ASSIGN_OR_RETURN(const auto routines,
                        connection_->Query("SELECT type, name FROM mysql.proc WHERE db=" + in));
  for (const auto& row : routines)
    SRDF_RETURN_IF_ERROR(ReadDefinition(Text(row[0]), Name(database, Text(row[1]))));
  SRDF_ASSIGN_OR_RETURN(const auto events, connection_->Query("SELECT name FROM mysql.event WHERE db=" + in));
  for (const auto& row : events) SRDF_RETURN_IF_ERROR(ReadDefinition("EVENT", Name(database, Text(row[0]))));
  return {};
}

Status ServerContents::ReadDefinition(const std::string& kind, const std::string& name, size_t skip) {
  std::string& text = contents_.definitions[kind + " " + name];
  const auto rows = connection_->Query("SHOW CREATE " + kind + " " + name);
  if (!rows.ok()) {
    if (rows.status().code() == StatusCode::kUnavailable) return rows.status();
    text = "error " + std::to_string(connection_->last_errno());
    return {};
  }
  for (size_t i = 0; !rows->empty() && i < (*rows)[0].size(); ++i) {
    if (i != skip) text += Text((*rows)[0][i]) + "\n";
  }
  EraseAutoIncrement(&text);
  if (kind == "EVENT") {
    for (const char* status : {" DISABLE ON SLAVE", " DISABLE", " ENABLE"}) EraseAll(status, &text);
  }
  return {};
}

Result<std::string> ServerContents::SelectOf(const std::string& database, const std::string& table,
                                             const std::string& type) {
  // SHOW COLUMNS leaves nothing out, invisible columns included; SELECT * would.
  SRDF_ASSIGN_OR_RETURN(const auto columns, connection_->Query("SHOW COLUMNS FROM " + Name(database, table)));
  std::string list;
  for (const auto& row : columns) {
    const std::string column = Connection::QuoteIdentifier(Text(row[0]));
    if (!list.empty()) list += ", ";
    // A float is shown with six digits; the same value as a double has them all.
    list += Text(row[1]).rfind("float", 0) == 0 ? "CAST(" + column + " AS DOUBLE)" : column;
  }
  if (type != "SYSTEM VERSIONED") return "SELECT " + list + " FROM " + Name(database, table);
  // A cascade makes history at the time of the server it runs on, which no log tells: only today's rows
  // count.
  const std::string& definition = contents_.definitions["TABLE " + Name(database, table)];
  for (const char* action :
       {" ON DELETE CASCADE", " ON DELETE SET NULL", " ON UPDATE CASCADE", " ON UPDATE SET NULL"}) {
    if (definition.find(action) != std::string::npos)
      return "SELECT " + list + " FROM " + Name(database, table);
  }
  // The period's columns are hidden when the definition does not name them.
  if (definition.find("GENERATED ALWAYS AS ROW START") == std::string::npos) list += ", ROW_START, ROW_END";
  return "SELECT " + list + " FROM " + Name(database, table) + " FOR SYSTEM_TIME ALL";
}

std::string Difference(const std::string& name_a, const Contents& a, const std::string& name_b,
                       const Contents& b) {
  for (const auto& [object, text] : a.definitions) {
    const auto other = b.definitions.find(object);
    if (other == b.definitions.end()) return object + " exists only on the " + name_a;
    if (other->second != text) {
      return object + " differs:\n--- " + name_a + "\n" + text + "--- " + name_b + "\n" + other->second;
    }
  }
  for (const auto& [object, text] : b.definitions) {
    if (a.definitions.count(object) == 0) return object + " exists only on the " + name_b;
  }
  for (const auto& [table, rows] : a.rows) {
    const std::vector<std::string>& other = b.rows.at(table);
    if (rows == other) continue;
    return table + ": " + std::to_string(rows.size()) + " rows on the " + name_a + ", " +
           std::to_string(other.size()) + " on the " + name_b + "\n  only on the " + name_a + ": " +
           FirstOnly(rows, other) + "\n  only on the " + name_b + ": " + FirstOnly(other, rows);
  }
  return {};
}

}  // namespace srdf::differential
