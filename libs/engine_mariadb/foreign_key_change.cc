#include "engine_mariadb/foreign_key_change.h"

#include <algorithm>

#include "engine_mariadb/names_in_text.h"
#include "engine_mariadb/sql_tokens.h"

namespace srdf::engine_mariadb {

namespace {

// A name as the catalogue has it, whatever the statement's character set and quotes.
bool IsPlain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f && c != '`' &&
           c != '"' && c != '\\';
  });
}

// False when a name of the catalogue may stand in the text in other bytes: of another character set, or with
// doubled quotes.
bool ShowsNames(std::string_view sql) {
  return std::none_of(sql.begin(), sql.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x7f; }) &&
         sql.find("\"\"") == std::string_view::npos;
}

// The table of "CREATE | ALTER … TABLE [IF [NOT] EXISTS] [database.]table"; false when that is not clear.
bool TakeTable(std::string_view sql, std::string_view database, ForeignKeyChange* change) {
  Tokens tokens(sql);
  Token token = tokens.Next();
  if (!token.IsOneOf({"CREATE", "ALTER"})) return false;
  do {
    token = tokens.Next();
  } while (token.IsOneOf({"OR", "REPLACE", "ONLINE", "IGNORE"}));
  if (!token.Is("TABLE")) return false;
  token = tokens.Next();
  while (token.IsOneOf({"IF", "NOT", "EXISTS"})) token = tokens.Next();
  if (!token.IsName()) return false;
  change->database = database;
  change->table = token.text;
  const char* end = token.text.data() + token.text.size();
  if (tokens.Peek().IsPunctuation('.')) {
    tokens.Next();
    token = tokens.Next();
    if (!token.IsName()) return false;
    change->database = std::move(change->table);
    change->table = token.text;
    end = token.text.data() + token.text.size();
  }
  // Whether an executable comment is executed depends on its version number: not decided here.
  const std::string_view before = sql.substr(0, static_cast<size_t>(end - sql.data()));
  return before.find("/*!") == std::string_view::npos && before.find("/*M!") == std::string_view::npos &&
         IsPlain(change->database) && IsPlain(change->table);
}

// Not as a word: "DEFAULT 1.0REFERENCES p(id)" is one to the server. What only looks alike costs a look.
bool Contains(std::string_view sql, std::string_view lower_case_word) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return std::search(sql.begin(), sql.end(), lower_case_word.begin(), lower_case_word.end(), same) !=
         sql.end();
}

}  // namespace

ForeignKeyChange ForeignKeysChangedBy(std::string_view sql, std::string_view database) {
  NamesInText words(sql);
  // UPGRADE DATA DIRECTORY NAME renames a database.
  if (words.Has("rename") || words.Has("change") || words.Has("upgrade")) return {};
  ForeignKeyChange change;
  if (Contains(sql, "references")) {
    if (!TakeTable(sql, database, &change)) return {};
    change.effect = ForeignKeyEffect::kAdds;
  } else {
    const bool removes = words.Has("drop") || words.Has("replace");
    if (removes && !ShowsNames(sql)) return {};
    change.effect = removes ? ForeignKeyEffect::kRemoves : ForeignKeyEffect::kNone;
  }
  return change;
}

}  // namespace srdf::engine_mariadb
