#include "engine_mariadb/statement_classifier.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace srdf::engine_mariadb {

namespace {

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
           return lower(x) == lower(y);
         });
}

// One word, quoted name, string or single character of a statement.
struct Token {
  enum Kind : uint8_t { kEnd, kWord, kQuotedName, kString, kPunctuation } kind = kEnd;
  std::string_view text;  // without quotes

  bool Is(std::string_view word) const { return kind == kWord && EqualsIgnoringCase(text, word); }
  bool IsOneOf(std::initializer_list<std::string_view> words) const {
    return std::any_of(words.begin(), words.end(), [this](std::string_view w) { return Is(w); });
  }
  bool IsPunctuation(char c) const { return kind == kPunctuation && text[0] == c; }
  bool IsName() const { return kind == kWord || kind == kQuotedName; }
};

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

// Walks a statement's tokens. Comments are blanks; the contents of executable comments (/*! … */, /*M! … */)
// are not: their openers and closers alone are skipped.
class Tokens {
 public:
  explicit Tokens(std::string_view sql) : in_(sql) {}

  Token Next() {
    SkipBlanks();
    if (in_.empty()) return {};
    const char c = in_[0];
    if (IsWordByte(c)) {
      size_t n = 1;
      while (n < in_.size() && IsWordByte(in_[n])) ++n;
      return Take(Token::kWord, n);
    }
    if (c == '`') return TakeQuoted(Token::kQuotedName);
    if (c == '\'' || c == '"') return TakeQuoted(Token::kString);
    return Take(Token::kPunctuation, 1);
  }

 private:
  void SkipBlanks() {
    for (;;) {
      if (in_.empty()) return;
      const char c = in_[0];
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v' || c == ';') {
        in_.remove_prefix(1);
      } else if (in_.substr(0, 2) == "*/") {
        in_.remove_prefix(2);
      } else if (in_.substr(0, 3) == "/*!" || in_.substr(0, 4) == "/*M!") {
        in_.remove_prefix(in_[2] == 'M' ? 4 : 3);
        while (!in_.empty() && in_[0] >= '0' && in_[0] <= '9') in_.remove_prefix(1);
      } else if (in_.substr(0, 2) == "/*") {
        const size_t end = in_.find("*/", 2);
        in_.remove_prefix(end == std::string_view::npos ? in_.size() : end + 2);
      } else if (c == '#' || (in_.substr(0, 2) == "--" && (in_.size() == 2 || in_[2] <= ' '))) {
        const size_t end = in_.find('\n');
        in_.remove_prefix(end == std::string_view::npos ? in_.size() : end + 1);
      } else {
        return;
      }
    }
  }

  Token Take(Token::Kind kind, size_t bytes) {
    const Token token{kind, in_.substr(0, bytes)};
    in_.remove_prefix(bytes);
    return token;
  }

  // Doubled quotes stay doubled and backslashes hide the next character: good enough to find the end.
  Token TakeQuoted(Token::Kind kind) {
    const char quote = in_[0];
    size_t at = 1;
    while (at < in_.size()) {
      if (in_[at] == '\\' && quote != '`') {
        at += 2;
      } else if (in_[at] == quote) {
        if (at + 1 < in_.size() && in_[at + 1] == quote) {
          at += 2;
        } else {
          break;
        }
      } else {
        ++at;
      }
    }
    at = std::min(at, in_.size());
    const Token token{kind, in_.substr(1, at - 1)};
    in_.remove_prefix(std::min(at + 1, in_.size()));
    return token;
  }

  std::string_view in_;
};

StatementVerdict Skipped(const char* rule) { return {StatementClass::kSkipped, rule}; }

// The schema that a statement names for its object ("… [IF [NOT] EXISTS] schema.object"), empty when it is
// the default one. For databases the object itself.
std::string_view NamedSchema(Tokens tokens, bool object_is_schema) {
  Token token = tokens.Next();
  while (token.IsOneOf({"IF", "NOT", "EXISTS"})) token = tokens.Next();
  if (!token.IsName()) return {};
  if (object_is_schema) return token.text;
  const std::string_view first = token.text;
  return tokens.Next().IsPunctuation('.') ? first : std::string_view();
}

// CREATE, ALTER, DROP, RENAME, TRUNCATE: the object word decides. Words before it (OR REPLACE, DEFINER=…,
// ALGORITHM=…, UNIQUE, …) are passed over, whatever they are.
StatementVerdict ClassifyObject(Tokens tokens, std::string_view database, bool truncate) {
  if (truncate) {  // TRUNCATE [TABLE] name
    Tokens ahead = tokens;
    if (ahead.Next().Is("TABLE")) tokens = ahead;
    const std::string_view schema = NamedSchema(tokens, false);
    if (IsInternalSchema(schema.empty() ? database : schema)) return Skipped("internal schema");
    return {StatementClass::kDdl};
  }
  constexpr int kModifiersMax = 40;
  for (int i = 0; i < kModifiersMax; ++i) {
    const Token token = tokens.Next();
    if (token.kind == Token::kEnd) break;
    if (token.Is("TEMPORARY")) return Skipped("temporary table");
    if (token.IsOneOf({"USER", "ROLE"})) return Skipped("accounts");
    if (token.IsOneOf({"SERVER"})) return Skipped("server objects");
    const bool is_schema = token.IsOneOf({"DATABASE", "SCHEMA"});
    if (is_schema || token.IsOneOf({"TABLE", "TABLES", "VIEW", "SEQUENCE", "PROCEDURE", "FUNCTION", "TRIGGER",
                                    "EVENT", "PACKAGE", "INDEX"})) {
      // "CREATE INDEX name ON schema.table": the schema comes later, the default database decides.
      const std::string_view schema = token.Is("INDEX") ? std::string_view() : NamedSchema(tokens, is_schema);
      if (IsInternalSchema(schema.empty() ? database : schema)) return Skipped("internal schema");
      return {StatementClass::kDdl};
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
  if (first.IsOneOf({"CREATE", "ALTER", "DROP", "RENAME"})) return ClassifyObject(tokens, database, false);
  if (first.Is("TRUNCATE")) return ClassifyObject(tokens, database, true);
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
