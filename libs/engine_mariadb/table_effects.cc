#include "engine_mariadb/table_renames.h"

#include <optional>

#include "engine_mariadb/sql_tokens.h"

namespace srdf::engine_mariadb {

namespace {

std::string NameOf(const Token& token) {
  if (token.kind != Token::kQuotedName) return std::string(token.text);
  std::string name;
  for (size_t i = 0; i < token.text.size(); ++i) {
    name += token.text[i];
    const char c = token.text[i];
    if ((c == '`' || c == '"') && i + 1 < token.text.size() && token.text[i + 1] == c) ++i;  // doubled
  }
  return name;
}

// `first` is the name's first token.
engine::TableId TakeTable(const Token& first, const std::string& database, Tokens* tokens) {
  if (!tokens->Peek().IsPunctuation('.')) return {database, NameOf(first)};
  tokens->Next();
  return {NameOf(first), NameOf(tokens->Next())};
}

engine::TableId TakeTable(const std::string& database, Tokens* tokens) {
  if (tokens->Peek().Is("IF")) {
    tokens->Next();
    tokens->Next();  // EXISTS
  }
  const Token first = tokens->Next();
  return TakeTable(first, database, tokens);
}

std::vector<engine::TableRename> OfRename(const std::string& database, Tokens* tokens) {
  std::vector<engine::TableRename> renames;
  if (!tokens->Next().IsOneOf({"TABLE", "TABLES"})) return renames;
  for (;;) {
    engine::TableRename rename;
    rename.from = TakeTable(database, tokens);
    Token token = tokens->Next();
    while (token.kind != Token::kEnd && !token.Is("TO")) token = tokens->Next();  // WAIT n, NOWAIT
    if (token.kind == Token::kEnd) return renames;
    rename.to = TakeTable(database, tokens);
    renames.push_back(std::move(rename));
    if (!tokens->Next().IsPunctuation(',')) return renames;
  }
}

// The table of an ALTER TABLE, whose first word is taken; nothing for other statements.
std::optional<engine::TableId> TakeAltered(const std::string& database, Tokens* tokens) {
  Token token = tokens->Next();
  while (token.IsOneOf({"ONLINE", "IGNORE"})) token = tokens->Next();
  if (!token.Is("TABLE")) return std::nullopt;
  return TakeTable(database, tokens);
}

std::vector<engine::TableRename> OfAlter(const std::string& database, Tokens* tokens) {
  const std::optional<engine::TableId> table = TakeAltered(database, tokens);
  if (!table) return {};
  int depth = 0;
  for (Token token = tokens->Next(); token.kind != Token::kEnd; token = tokens->Next()) {
    if (token.IsPunctuation('(')) ++depth;
    if (token.IsPunctuation(')')) --depth;
    if (depth != 0 || !token.Is("RENAME")) continue;
    token = tokens->Next();
    if (token.IsOneOf({"COLUMN", "INDEX", "KEY"})) continue;
    if (token.IsOneOf({"TO", "AS"}) || token.IsPunctuation('=')) token = tokens->Next();
    if (token.IsName()) return {engine::TableRename{*table, TakeTable(token, database, tokens)}};
  }
  return {};
}

}  // namespace

std::vector<engine::TableRename> FindRenames(std::string_view sql, const std::string& database) {
  Tokens tokens(sql);
  const Token first = tokens.Next();
  if (first.Is("RENAME")) return OfRename(database, &tokens);
  if (first.Is("ALTER")) return OfAlter(database, &tokens);
  return {};
}

// EXCHANGE PARTITION p WITH TABLE t; CONVERT PARTITION p TO TABLE t; CONVERT TABLE t TO PARTITION p …
std::vector<engine::TableId> FindPartitionMoves(std::string_view sql, const std::string& database) {
  Tokens tokens(sql);
  if (!tokens.Next().Is("ALTER")) return {};
  const std::optional<engine::TableId> table = TakeAltered(database, &tokens);
  if (!table) return {};
  const Token verb = tokens.Next();
  if (!verb.IsOneOf({"EXCHANGE", "CONVERT"})) return {};
  Token token = tokens.Next();
  if (token.Is("PARTITION")) {
    while (token.kind != Token::kEnd && !token.Is("TABLE")) token = tokens.Next();
  }
  if (!token.Is("TABLE")) return {};
  return {*table, TakeTable(database, &tokens)};
}

}  // namespace srdf::engine_mariadb
