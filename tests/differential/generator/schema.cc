#include "differential/generator/schema.h"

namespace srdf::differential {

std::string Quote(const std::string& identifier) {
  std::string out = "`";
  for (const char c : identifier) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + "`";
}

std::string Table::Quoted() const { return Quote(database) + "." + Quote(name); }

}  // namespace srdf::differential
