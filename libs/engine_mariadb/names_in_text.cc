#include "engine_mariadb/names_in_text.h"

namespace srdf::engine_mariadb {

namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

bool IdentifierByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

NamesInText::NamesInText(std::string_view text) : text_(Lower(text)) {}

bool NamesInText::Has(const std::string& name) {
  const auto [it, added] = known_.try_emplace(name, false);
  if (added) {
    std::string quoted;
    for (const char c : name) quoted.append(c == '`' ? 2 : 1, c);
    it->second = Occurs(Lower(name)) || (quoted != name && Occurs(Lower(quoted)));
  }
  return it->second;
}

bool NamesInText::Occurs(const std::string& word) const {
  if (word.empty()) return false;
  for (size_t at = text_.find(word); at != std::string::npos; at = text_.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !IdentifierByte(text_[at - 1])) && (end == text_.size() || !IdentifierByte(text_[end]))) {
      return true;
    }
  }
  return false;
}

}  // namespace srdf::engine_mariadb
