#include "engine_mariadb/table_effects.h"

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

// The first word of a statement, or of the one behind SET STATEMENT … FOR.
Token TakeVerb(Tokens* tokens) {
  const Token first = tokens->Next();
  if (!first.Is("SET") || !tokens->Peek().Is("STATEMENT")) return first;
  int depth = 0;
  for (Token token = tokens->Next(); token.kind != Token::kEnd; token = tokens->Next()) {
    if (token.IsPunctuation('(')) ++depth;
    if (token.IsPunctuation(')')) --depth;
    if (depth == 0 && token.Is("FOR")) return TakeVerb(tokens);
  }
  return {};
}

void OfRename(const std::string& database, Tokens* tokens, engine::TableEffects* out) {
  if (!tokens->Next().IsOneOf({"TABLE", "TABLES"})) return;
  const bool if_exists = tokens->Peek().Is("IF");
  for (;;) {
    engine::TableRename rename;
    rename.if_exists = if_exists;
    rename.from = TakeTable(database, tokens);
    Token token = tokens->Next();
    while (token.kind != Token::kEnd && !token.Is("TO")) token = tokens->Next();  // WAIT n, NOWAIT
    if (token.kind == Token::kEnd) return;
    rename.to = TakeTable(database, tokens);
    out->renamed.push_back(std::move(rename));
    if (!tokens->Next().IsPunctuation(',')) return;
  }
}

void OfDrop(const std::string& database, Tokens* tokens, engine::TableEffects* out) {
  const Token what = tokens->Next();
  if (what.IsOneOf({"DATABASE", "SCHEMA"})) {
    const engine::TableId name = TakeTable("", tokens);
    out->dropped.push_back({name.table, ""});
    return;
  }
  if (!what.IsOneOf({"TABLE", "TABLES"})) return;  // a temporary one is no table of the log
  for (;;) {
    out->dropped.push_back(TakeTable(database, tokens));
    if (!tokens->Next().IsPunctuation(',')) return;
  }
}

// EXCHANGE PARTITION p WITH TABLE t; CONVERT PARTITION p TO TABLE t; CONVERT TABLE t TO PARTITION p …
void OfPartition(const engine::TableId& table, const std::string& database, Tokens tokens,
                 engine::TableEffects* out) {
  Token token = tokens.Next();
  if (token.Is("WAIT")) {
    tokens.Next();  // n
    token = tokens.Next();
  } else if (token.Is("NOWAIT")) {
    token = tokens.Next();
  }
  if (!token.IsOneOf({"EXCHANGE", "CONVERT"})) return;
  token = tokens.Next();
  const bool becomes_partition = token.Is("TABLE");
  if (token.Is("PARTITION")) {
    while (token.kind != Token::kEnd && !token.Is("TABLE")) token = tokens.Next();
  }
  if (!token.Is("TABLE")) return;
  const engine::TableId other = TakeTable(database, &tokens);
  out->mixed = {table, other};
  if (becomes_partition) out->dropped.push_back(other);
}

void OfAlter(const std::string& database, Tokens* tokens, engine::TableEffects* out) {
  Token token = tokens->Next();
  while (token.IsOneOf({"ONLINE", "IGNORE"})) token = tokens->Next();
  if (!token.Is("TABLE")) return;
  const bool if_exists = tokens->Peek().Is("IF");
  const engine::TableId table = TakeTable(database, tokens);
  OfPartition(table, database, *tokens, out);
  int depth = 0;
  for (token = tokens->Next(); token.kind != Token::kEnd; token = tokens->Next()) {
    if (token.IsPunctuation('(')) ++depth;
    if (token.IsPunctuation(')')) --depth;
    if (depth != 0 || !token.Is("RENAME")) continue;
    token = tokens->Next();
    if (token.IsOneOf({"COLUMN", "INDEX", "KEY"})) continue;
    if (token.IsOneOf({"TO", "AS"}) || token.IsPunctuation('=')) token = tokens->Next();
    if (token.IsName()) out->renamed.push_back({table, TakeTable(token, database, tokens), if_exists});
    return;
  }
}

}  // namespace

engine::TableEffects FindTableEffects(std::string_view sql, const std::string& database) {
  engine::TableEffects effects;
  Tokens tokens(sql);
  const Token verb = TakeVerb(&tokens);
  if (verb.Is("RENAME")) OfRename(database, &tokens, &effects);
  if (verb.Is("ALTER")) OfAlter(database, &tokens, &effects);
  if (verb.Is("DROP")) OfDrop(database, &tokens, &effects);
  return effects;
}

}  // namespace srdf::engine_mariadb
