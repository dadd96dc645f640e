#include "engine_mariadb/ddl_repeatability.h"

#include <mysqld_error.h>

#include <algorithm>
#include <iterator>

#include "engine_mariadb/ddl_context.h"
#include "engine_mariadb/sql_tokens.h"
#include "engine_mariadb/text_excerpt.h"

namespace srdf::engine_mariadb {

namespace {

// Functions that say the same for the same row, time stamp, time zone and sql_mode. Those that begin with
// JSON_ or ST_ do as well.
constexpr std::string_view kSameAgain[] = {
    "ABS", "ACOS", "ADDDATE", "ADDTIME", "AES_DECRYPT", "AES_ENCRYPT", "ASCII", "ASIN", "ATAN", "ATAN2",
    "BIN", "BINARY", "BIT_COUNT", "BIT_LENGTH", "CAST", "CEIL", "CEILING", "CHAR", "CHARACTER_LENGTH",
    "CHARSET", "CHAR_LENGTH", "CHR", "COALESCE", "COLLATION", "COLUMN_CREATE", "COMPRESS", "CONCAT",
    "CONCAT_WS", "CONV", "CONVERT", "CONVERT_TZ", "COS", "COT", "CRC32", "CRC32C", "CURDATE", "CURRENT_DATE",
    "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURTIME", "DATE", "DATEDIFF", "DATE_ADD", "DATE_FORMAT", "DATE_SUB",
    "DAY", "DAYNAME", "DAYOFMONTH", "DAYOFWEEK", "DAYOFYEAR", "DEGREES", "ELT", "EXP", "EXPORT_SET",
    "EXTRACT", "FIELD", "FIND_IN_SET", "FLOOR", "FORMAT", "FROM_BASE64", "FROM_DAYS", "FROM_UNIXTIME",
    "GREATEST", "HEX", "HOUR", "IF", "IFNULL", "IN", "INET6_ATON", "INET6_NTOA", "INET_ATON", "INET_NTOA",
    "INSERT", "INSTR", "INTERVAL", "ISNULL", "LAST_DAY", "LCASE", "LEAST", "LEFT", "LENGTH", "LINESTRING",
    "LN", "LOCALTIME", "LOCALTIMESTAMP", "LOCATE", "LOG", "LOG10", "LOG2", "LOWER", "LPAD", "LTRIM",
    "MAKEDATE", "MAKETIME", "MD5", "MICROSECOND", "MID", "MINUTE", "MOD", "MONTH", "MONTHNAME", "NOT", "NOW",
    "NULLIF", "NVL", "NVL2", "OCT", "OCTET_LENGTH", "ORD", "PERIOD_ADD", "PERIOD_DIFF", "PI", "POINT",
    "POLYGON", "POSITION", "POW", "POWER", "QUARTER", "QUOTE", "RADIANS", "REPEAT", "REPLACE", "REVERSE",
    "RIGHT", "ROUND", "RPAD", "RTRIM", "SECOND", "SEC_TO_TIME", "SHA", "SHA1", "SHA2", "SIGN", "SIN",
    "SOUNDEX", "SPACE", "SQRT", "STRCMP", "STR_TO_DATE", "SUBDATE", "SUBSTR", "SUBSTRING", "SUBSTRING_INDEX",
    "SUBTIME", "TAN", "TIME", "TIMEDIFF", "TIMESTAMP", "TIMESTAMPADD", "TIMESTAMPDIFF", "TIME_FORMAT",
    "TIME_TO_SEC", "TO_BASE64", "TO_CHAR", "TO_DAYS", "TO_SECONDS", "TRIM", "TRUNCATE", "UCASE", "UNCOMPRESS",
    "UNHEX", "UNIX_TIMESTAMP", "UPPER", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP", "VALUE", "WEEK", "WEEKDAY",
    "WEEKOFYEAR", "YEAR", "YEARWEEK",
    // Words of operators and types that a parenthesis may follow.
    "AND", "AS", "BETWEEN", "CASE", "DECIMAL", "DIV", "ELSE", "LIKE", "NCHAR", "OR", "REGEXP", "RLIKE",
    "THEN", "VARCHAR", "WHEN", "XOR", "DEFAULT"};

bool SaysTheSame(std::string_view function) {
  if (function.size() > 5 && EqualsIgnoringCase(function.substr(0, 5), "JSON_")) return true;
  if (function.size() > 3 && EqualsIgnoringCase(function.substr(0, 3), "ST_")) return true;
  return std::any_of(std::begin(kSameAgain), std::end(kSameAgain),
                     [&](std::string_view name) { return EqualsIgnoringCase(name, function); });
}

// Words that are calls without parentheses.
bool CallsByItself(const Token& token) {
  return token.IsOneOf({"CURRENT_USER", "CURRENT_ROLE", "SYS_GUID", "SYSDATE", "NEXT", "PREVIOUS"});
}

// Reads the expression behind DEFAULT: one literal, name or call, or something in parentheses. Returns the
// first part that may say something else the next time; empty for none.
std::string DoubtfulPart(Tokens* tokens) {
  int depth = 0;
  bool first = true;
  for (;;) {
    Tokens ahead = *tokens;
    const Token token = ahead.Next();
    if (token.kind == Token::kEnd) return {};
    const bool opens = token.IsPunctuation('(');
    // Outside of parentheses only a call's own ones go on.
    if (depth == 0 && !first && !opens) return {};
    *tokens = ahead;
    if (depth == 0 && (token.IsPunctuation('-') || token.IsPunctuation('+'))) continue;
    first = false;
    if (opens) {
      ++depth;
    } else if (token.IsPunctuation(')')) {
      if (--depth <= 0) return {};
    } else if (token.IsPunctuation('@')) {
      return "a variable";
    } else if (token.kind == Token::kQuotedName && tokens->Peek().IsPunctuation('(')) {
      return std::string(token.text) + "()";
    } else if (token.kind == Token::kWord) {
      const bool call = tokens->Peek().IsPunctuation('(');
      if (CallsByItself(token) || (call && !SaysTheSame(token.text))) {
        return std::string(token.text) + (call ? "()" : "");
      }
    }
  }
}

// What stands behind ADD when it does not add a column.
bool AddsNoColumn(const Token& token) {
  return token.IsOneOf({"INDEX", "KEY", "UNIQUE", "PRIMARY", "FULLTEXT", "SPATIAL", "CONSTRAINT", "FOREIGN",
                        "CHECK", "PARTITION", "PERIOD", "SYSTEM"});
}

// From "ALTER [IGNORE] [ONLINE] TABLE [IF EXISTS]" to the table's name; false when it is another statement.
bool TakeAlteredTable(Tokens* tokens, bool* ignore, RepeatDoubt* doubt) {
  Token token = tokens->Next();
  if (token.Is("SET")) {  // SET STATEMENT … FOR statement
    while (token.kind != Token::kEnd && !token.Is("FOR")) token = tokens->Next();
    token = tokens->Next();
  }
  if (!token.Is("ALTER")) return false;
  token = tokens->Next();
  while (token.IsOneOf({"IGNORE", "ONLINE"})) {
    *ignore = *ignore || token.Is("IGNORE");
    token = tokens->Next();
  }
  if (!token.Is("TABLE")) return false;
  token = tokens->Next();
  while (token.IsOneOf({"IF", "EXISTS"})) token = tokens->Next();
  if (!token.IsName()) return false;
  doubt->table = token.text;
  if (tokens->Peek().IsPunctuation('.')) {
    tokens->Next();
    doubt->database = doubt->table;
    doubt->table = tokens->Next().text;
  }
  // Doubled quotes inside a quoted name.
  for (std::string* name : {&doubt->database, &doubt->table}) {
    for (size_t at; (at = name->find("``")) != std::string::npos;) name->erase(at, 1);
  }
  return true;
}

}  // namespace

std::optional<RepeatDoubt> DoubtOfRepeating(std::string_view sql, std::string_view default_database) {
  Tokens tokens(sql);
  RepeatDoubt doubt;
  doubt.database = default_database;
  bool ignore = false;
  if (!TakeAlteredTable(&tokens, &ignore, &doubt)) return {};
  bool adds_column = false, changes_column = false, adds_unique = false, numbers_rows = false;
  int depth = 0;
  std::string part;  // the first doubtful DEFAULT
  for (Token token = tokens.Next(); token.kind != Token::kEnd; token = tokens.Next()) {
    if (token.IsPunctuation('(')) ++depth;
    if (token.IsPunctuation(')')) --depth;
    if (token.Is("ADD") && depth == 0) {
      const Token next = tokens.Peek();
      if (!AddsNoColumn(next)) adds_column = true;
      if (next.IsOneOf({"UNIQUE", "PRIMARY", "CONSTRAINT"})) adds_unique = true;
    } else if (token.IsOneOf({"MODIFY", "CHANGE"}) && depth == 0) {
      changes_column = true;
    } else if (token.Is("UNIQUE") || token.Is("PRIMARY")) {
      adds_unique = true;
    } else if (token.Is("AUTO_INCREMENT")) {
      // AUTO_INCREMENT = 5, AUTO_INCREMENT 5: the counter, no column.
      const Token next = tokens.Peek();
      const bool counter = next.IsPunctuation('=') ||
                           (next.kind == Token::kWord && next.text[0] >= '0' && next.text[0] <= '9');
      numbers_rows = numbers_rows || !counter;
    } else if (token.Is("DEFAULT") && part.empty()) {
      part = DoubtfulPart(&tokens);
    }
  }
  if (adds_column && !part.empty()) {
    doubt.what = "DEFAULT " + part;
    return doubt;
  }
  doubt.kind = RepeatDoubt::kOrder;
  if (numbers_rows && (adds_column || changes_column)) {
    doubt.what = "AUTO_INCREMENT";
    return doubt;
  }
  if (ignore && adds_unique) {
    doubt.what = "IGNORE with a unique key";
    return doubt;
  }
  return {};
}

bool IsErrorOfTheMoment(uint32_t error_code) {
  switch (error_code) {
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_TABLE_FULL:
    case ER_QUERY_INTERRUPTED:
    case ER_CONNECTION_KILLED:
    case ER_STATEMENT_TIMEOUT:
    case ER_SERVER_SHUTDOWN:
    case ER_NEW_ABORTING_CONNECTION:
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
    case ER_OUTOFMEMORY:
    case ER_OUT_OF_RESOURCES:
      return true;
    default:
      return false;
  }
}

Status CheckRepeatable(Connection* connection, const Statement& statement) {
  if (IsErrorOfTheMoment(statement.error_code) && !IsDrop(statement.sql)) {
    return {
        StatusCode::kFailedPrecondition,
        "a DDL statement ended with error " + std::to_string(statement.error_code) +
            " at the source, and the log does not say how much it had done; it was not run: " +
            Excerpt(statement.sql, 500),
        "see what its objects are at the source, make them the same at the target, then set state='done' in "
        "its row of srdf.ddl_intent and resume the flow"};
  }
  const auto doubt = DoubtOfRepeating(statement.sql, statement.database);
  if (!doubt) return {};
  const std::string name =
      Connection::QuoteIdentifier(doubt->database) + "." + Connection::QuoteIdentifier(doubt->table);
  auto rows = connection->Query("SELECT 1 FROM " + name + " LIMIT 1");
  // A table that is not there, or a view: the statement itself will say so.
  if (!rows.ok()) return rows.status().code() == StatusCode::kUnavailable ? rows.status() : Status();
  if (rows->empty()) return {};
  if (doubt->kind == RepeatDoubt::kOrder) {
    SRDF_ASSIGN_OR_RETURN(
        const std::string ordered,
        connection->QueryValue(
            "SELECT COUNT(*) FROM information_schema.tables t JOIN information_schema.columns c ON "
            "c.table_schema=t.table_schema AND c.table_name=t.table_name WHERE t.engine='InnoDB' AND "
            "c.column_key='PRI' AND t.table_schema=" +
            connection->Quote(doubt->database) + " AND t.table_name=" + connection->Quote(doubt->table)));
    if (ordered != "0") return {};
  }
  return {
      StatusCode::kFailedPrecondition,
      "a DDL statement would not give the rows of " + name + " the values that they have at the source (" +
          doubt->what + (doubt->kind == RepeatDoubt::kOrder ? ": which row comes first is not known" : "") +
          "), it was not run: " + Excerpt(statement.sql, 500),
      "run it at the target by hand, give the rows of " + name +
          " the source's values (copy the new column, or the table, from there), then set state='done' in "
          "its row of srdf.ddl_intent and resume the flow; next time add the column without it, fill it by "
          "an UPDATE, then alter it"};
}

}  // namespace srdf::engine_mariadb
