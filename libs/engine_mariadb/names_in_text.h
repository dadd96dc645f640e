// NamesInText: which names occur in a statement as whole words, without a grammar.
//
// A word stands between characters that cannot belong to an identifier. ASCII letters are compared without
// case, all other bytes as they are. A name with a back-tick is also found as it is written between
// back-ticks (doubled). Finds names in strings and comments too: more than the statement names, never less,
// as long as both are in the same character set. Each name is searched once and remembered.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace srdf::engine_mariadb {

class NamesInText {
 public:
  explicit NamesInText(std::string_view text);
  bool Has(const std::string& name);

 private:
  bool Occurs(const std::string& word) const;

  const std::string text_;
  std::map<std::string, bool> known_;
};

// Bytes that may stand in a name without quotes.
bool IdentifierByte(char c);

}  // namespace srdf::engine_mariadb
