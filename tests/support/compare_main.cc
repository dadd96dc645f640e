// srdf-compare: are two MariaDB servers equal? Asks the servers alone, never the mesh between them.
//
// Compares definitions and rows (support/database_compare.h) as root through the servers' sockets. One line
// of JSON on standard output for each database of the first server: what it holds. Exit status 0: equal. 1:
// not; the first difference is on standard error. 2: could not compare.
//
//   srdf-compare SOCKET SOCKET [DATABASE…]
#include <iostream>
#include <nlohmann/json.hpp>

#include "support/database_compare.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: srdf-compare SOCKET SOCKET [DATABASE…]" << std::endl;
    return 2;
  }
  srdf::engine::ServerEndpoint a;
  srdf::engine::ServerEndpoint b;
  a.user = b.user = "root";
  a.socket = argv[1];
  b.socket = argv[2];
  srdf::test::CompareOptions options;
  options.databases.assign(argv + 3, argv + argc);
  std::map<std::string, srdf::test::DatabaseCounts> counts;
  const auto difference = srdf::test::Differences(a, b, options, &counts);
  if (!difference.ok()) {
    std::cerr << "srdf-compare: " << difference.status().ToString() << std::endl;
    return 2;
  }
  for (const auto& [database, count] : counts) {
    const nlohmann::json line = {{"database", database},       {"tables", count.tables},
                                 {"views", count.views},       {"sequences", count.sequences},
                                 {"triggers", count.triggers}, {"routines", count.routines},
                                 {"events", count.events},     {"rows", count.rows}};
    std::cout << line.dump() << "\n";
  }
  if (difference->empty()) return 0;
  std::cerr << *difference << std::endl;
  return 1;
}
