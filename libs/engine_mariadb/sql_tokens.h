// The words of a statement, without a grammar: enough to tell what kind of statement it is and which objects
// it names. Parsers that do not know the newest syntax are the most common outage of replicators.
//
// Comments are blanks; the contents of executable comments (/*! … */, /*M! … */) are not: their openers and
// closers alone are skipped. "…" is a name, as with ANSI_QUOTES: no name can stand where a string does. Views
// live as long as the statement. Pure, no allocation.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace srdf::engine_mariadb {

bool EqualsIgnoringCase(std::string_view a, std::string_view b);  // of ASCII letters

// One word, quoted name, string or single character of a statement.
struct Token {
  enum Kind : uint8_t { kEnd, kWord, kQuotedName, kString, kPunctuation } kind = kEnd;
  std::string_view text;  // without quotes

  bool Is(std::string_view word) const { return kind == kWord && EqualsIgnoringCase(text, word); }
  bool IsOneOf(std::initializer_list<std::string_view> words) const;
  bool IsPunctuation(char c) const { return kind == kPunctuation && text[0] == c; }
  bool IsName() const { return kind == kWord || kind == kQuotedName; }
};

class Tokens {
 public:
  explicit Tokens(std::string_view sql) : in_(sql) {}
  Token Next();
  Token Peek() const { return Tokens(*this).Next(); }

 private:
  void SkipBlanks();
  Token Take(Token::Kind kind, size_t bytes);
  Token TakeQuoted(Token::Kind kind);

  std::string_view in_;
};

}  // namespace srdf::engine_mariadb
