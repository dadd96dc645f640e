#include "engine_mariadb/ddl_mark.h"

namespace srdf::engine_mariadb {

bool CanBeMarked(std::string_view sql) {
  const size_t semicolon = sql.rfind(';');
  if (semicolon == std::string_view::npos) return true;
  std::string_view rest = sql.substr(semicolon + 1);
  while (!rest.empty()) {
    size_t skipped = 1;
    if (rest.substr(0, 2) == "/*") {
      const size_t end = rest.find("*/", 2);
      skipped = end == std::string_view::npos ? rest.size() : end + 2;
    } else if (rest[0] == '#' || rest.substr(0, 2) == "--") {
      const size_t end = rest.find('\n');
      skipped = end == std::string_view::npos ? rest.size() : end + 1;
    } else if (static_cast<unsigned char>(rest[0]) > ' ') {
      return true;
    }
    rest.remove_prefix(skipped);
  }
  return false;
}

}  // namespace srdf::engine_mariadb
