#include "engine_mariadb/sql_tokens.h"

#include <algorithm>

namespace srdf::engine_mariadb {

namespace {

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
           return lower(x) == lower(y);
         });
}

bool Token::IsOneOf(std::initializer_list<std::string_view> words) const {
  return std::any_of(words.begin(), words.end(), [this](std::string_view w) { return Is(w); });
}

Token Tokens::Next() {
  SkipBlanks();
  if (in_.empty()) return {};
  const char c = in_[0];
  if (IsWordByte(c)) {
    size_t n = 1;
    while (n < in_.size() && IsWordByte(in_[n])) ++n;
    return Take(Token::kWord, n);
  }
  if (c == '`' || c == '"') return TakeQuoted(Token::kQuotedName);
  if (c == '\'') return TakeQuoted(Token::kString);
  return Take(Token::kPunctuation, 1);
}

void Tokens::SkipBlanks() {
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

Token Tokens::Take(Token::Kind kind, size_t bytes) {
  const Token token{kind, in_.substr(0, bytes)};
  in_.remove_prefix(bytes);
  return token;
}

// Doubled quotes stay doubled and backslashes hide the next character: good enough to find the end.
Token Tokens::TakeQuoted(Token::Kind kind) {
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

}  // namespace srdf::engine_mariadb
