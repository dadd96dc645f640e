#include "engine_mariadb/statement_classifier.h"

#include <algorithm>
#include <array>

#include "engine_mariadb/sql_tokens.h"

namespace srdf::engine_mariadb {

namespace {

StatementVerdict Skipped(const char* rule) { return {StatementClass::kSkipped, rule}; }

// Decides by the schemas of the objects that a statement names, one after the other.
class Schemas {
 public:
  explicit Schemas(std::string_view database) : database_(database) {}

  // Takes "[IF [NOT] EXISTS] [schema.]object"; nothing when no name is there. Returns the token after it.
  Token TakeName(Tokens* tokens) {
    Token token = tokens->Next();
    while (token.IsOneOf({"IF", "NOT", "EXISTS"})) token = tokens->Next();
    if (!token.IsName()) {
      Add(database_);
      return token;
    }
    const std::string_view first = token.text;
    token = tokens->Next();
    if (!token.IsPunctuation('.')) {
      Add(database_);
      return token;
    }
    Add(first);
    tokens->Next();
    return tokens->Next();
  }
  void TakeSchema(Tokens tokens) {
    Token token = tokens.Next();
    while (token.IsOneOf({"IF", "NOT", "EXISTS"})) token = tokens.Next();
    Add(token.IsName() ? token.text : database_);
  }

  StatementVerdict Verdict() const {
    if (internal_ && other_) return {StatementClass::kUnknown, kRuleMixed};
    return internal_ ? Skipped("internal schema") : StatementVerdict{StatementClass::kDdl};
  }

 private:
  void Add(std::string_view schema) { (IsInternalSchema(schema) ? internal_ : other_) = true; }

  const std::string_view database_;
  bool internal_ = false;
  bool other_ = false;
};

// The objects of a statement, from behind its object word.
StatementVerdict ClassifyNames(const Token& verb, const Token& object, Tokens tokens,
                               std::string_view database) {
  Schemas schemas(database);
  if (object.IsOneOf({"DATABASE", "SCHEMA"})) {
    schemas.TakeSchema(tokens);
    return schemas.Verdict();
  }
  if (object.Is("INDEX")) {  // [CREATE | DROP] INDEX name … ON table
    Token token = tokens.Next();
    while (token.kind != Token::kEnd && !token.Is("ON")) token = tokens.Next();
    if (token.kind == Token::kEnd) return {};
    schemas.TakeName(&tokens);
    return schemas.Verdict();
  }
  Token token = schemas.TakeName(&tokens);
  if (verb.Is("DROP")) {  // name, name
    while (token.IsPunctuation(',')) token = schemas.TakeName(&tokens);
  } else if (verb.Is("RENAME")) {  // name [WAIT n] TO name, name TO name
    while (token.kind != Token::kEnd) {
      token = token.Is("TO") || token.IsPunctuation(',') ? schemas.TakeName(&tokens) : tokens.Next();
    }
  } else if (verb.Is("ALTER") && object.Is("TABLE")) {  // name …, RENAME [TO | AS | =] name
    while (token.kind != Token::kEnd) {
      const bool rename = token.Is("RENAME");
      const bool import = token.Is("IMPORT");
      const Tokens at = tokens;
      token = tokens.Next();
      if (import && token.IsOneOf({"TABLESPACE", "PARTITION"}))
        return {StatementClass::kUnknown, kRuleImport};
      if (!rename || token.IsOneOf({"COLUMN", "INDEX", "KEY"})) continue;
      Tokens name = at;
      if (token.IsOneOf({"TO", "AS"}) || token.IsPunctuation('=')) name = tokens;
      schemas.TakeName(&name);
    }
  }
  return schemas.Verdict();
}

// CREATE, ALTER, DROP, RENAME, TRUNCATE: the object word decides. Words before it (OR REPLACE, DEFINER=…,
// ALGORITHM=…, UNIQUE, …) are passed over, whatever they are.
StatementVerdict ClassifyObject(const Token& verb, Tokens tokens, std::string_view database) {
  if (verb.Is("TRUNCATE")) {  // TRUNCATE [TABLE] name
    Tokens ahead = tokens;
    return ClassifyNames(verb, {}, ahead.Next().Is("TABLE") ? ahead : tokens, database);
  }
  constexpr int kModifiersMax = 40;
  for (int i = 0; i < kModifiersMax; ++i) {
    const Token token = tokens.Next();
    if (token.kind == Token::kEnd) break;
    if (token.Is("TEMPORARY")) return Skipped("temporary table");
    if (token.IsOneOf({"USER", "ROLE"})) return Skipped("accounts");
    if (token.IsOneOf({"SERVER"})) return Skipped("server objects");
    if (token.IsOneOf({"DATABASE", "SCHEMA", "TABLE", "TABLES", "VIEW", "SEQUENCE", "PROCEDURE", "FUNCTION",
                       "TRIGGER", "EVENT", "PACKAGE", "INDEX"})) {
      return ClassifyNames(verb, token, tokens, database);
    }
  }
  return {};
}

// SET PASSWORD, SET [DEFAULT] ROLE; SET STATEMENT … FOR statement is the statement behind FOR.
StatementVerdict ClassifySet(Tokens tokens, std::string_view database);

StatementVerdict Classify(Tokens tokens, std::string_view database) {
  const Token first = tokens.Next();
  if (first.Is("BEGIN")) return {StatementClass::kBegin};
  if (first.Is("START")) {
    return {tokens.Next().Is("TRANSACTION") ? StatementClass::kBegin : StatementClass::kUnknown};
  }
  if (first.Is("COMMIT")) return {StatementClass::kCommit};
  if (first.Is("ROLLBACK")) {
    for (Token token = tokens.Next(); token.kind != Token::kEnd; token = tokens.Next()) {
      if (token.Is("TO")) return {StatementClass::kRollbackTo};
    }
    return {StatementClass::kRollback};
  }
  if (first.IsOneOf({"SAVEPOINT", "RELEASE"})) return {StatementClass::kSavepoint};
  if (first.Is("XA")) return {StatementClass::kXa};
  if (first.IsOneOf({"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "CALL", "DO", "SELECT", "WITH",
                     "VALUES", "EXECUTE"})) {
    return {StatementClass::kDml};
  }
  if (first.IsOneOf({"CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE"}))
    return ClassifyObject(first, tokens, database);
  if (first.IsOneOf({"GRANT", "REVOKE"})) return Skipped("accounts");
  if (first.Is("SET")) return ClassifySet(tokens, database);
  if (first.IsOneOf({"ANALYZE", "OPTIMIZE", "REPAIR", "FLUSH", "CHECK", "CACHE", "RESET", "PURGE"})) {
    return Skipped("maintenance");
  }
  if (first.IsOneOf({"INSTALL", "UNINSTALL"})) return Skipped("server objects");
  return {};
}

StatementVerdict ClassifySet(Tokens tokens, std::string_view database) {
  const Token second = tokens.Next();
  if (second.IsOneOf({"PASSWORD", "ROLE"})) return Skipped("accounts");
  if (second.Is("DEFAULT")) return tokens.Next().Is("ROLE") ? Skipped("accounts") : StatementVerdict();
  if (!second.Is("STATEMENT")) return {};
  int depth = 0;
  for (Token token = tokens.Next(); token.kind != Token::kEnd; token = tokens.Next()) {
    if (token.IsPunctuation('(')) ++depth;
    if (token.IsPunctuation(')')) --depth;
    if (depth == 0 && token.Is("FOR")) return Classify(tokens, database);
  }
  return {};
}

}  // namespace

bool IsInternalSchema(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kInternal = {"mysql", "information_schema",
                                                                "performance_schema", "sys", "srdf"};
  return std::any_of(kInternal.begin(), kInternal.end(),
                     [&](std::string_view schema) { return EqualsIgnoringCase(name, schema); });
}

bool ComputesNothing(std::string_view sql) {
  Tokens tokens(sql);
  Token token = tokens.Next();
  if (!token.IsOneOf({"CREATE", "ALTER"})) return false;
  // Between the two: OR REPLACE, ALGORITHM=…, DEFINER=…, SQL SECURITY ….
  for (token = tokens.Next(); token.kind != Token::kEnd; token = tokens.Next()) {
    if (token.IsOneOf({"VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "PACKAGE"})) return true;
    if (token.IsOneOf({"TABLE", "EVENT", "INDEX", "DATABASE", "SCHEMA", "SEQUENCE", "SERVER"})) return false;
    if (token.IsPunctuation('(')) return false;
  }
  return false;
}

std::string SavepointName(std::string_view sql) {
  Tokens tokens(sql);
  Token token = tokens.Next();
  while (token.IsOneOf({"ROLLBACK", "WORK", "TO", "RELEASE", "SAVEPOINT"})) token = tokens.Next();
  std::string name(token.text);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return name;
}

StatementVerdict ClassifyStatement(std::string_view sql, std::string_view database) {
  if (sql.substr(0, 7) == "# Dummy") return {StatementClass::kDummy};
  return Classify(Tokens(sql), database);
}

}  // namespace srdf::engine_mariadb
