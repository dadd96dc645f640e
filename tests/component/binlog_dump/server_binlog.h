// The server's own reader of its files, as the oracle: mariadb-binlog -v, taken apart.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "binlog_file/dump.h"

namespace srdf::test {

// One row as mariadb-binlog prints it: "@1=5" per column, values in its own spelling.
struct PrintedRow {
  std::string op;     // insert, update, delete
  std::string table;  // db.t
  std::map<int, std::string> before, after;
};

struct PrintedLog {
  std::vector<std::string> gtids;
  std::vector<PrintedRow> rows;
};

// Runs mariadb-binlog on the file; the test fails when it does.
PrintedLog ReadWithServerTool(const std::string& path);

struct Dumped {
  Status status;
  binlog_file::DumpSummary summary;
  mutable std::vector<nlohmann::ordered_json> transactions;
};
Dumped DumpPath(binlog_file::DumpOptions options);

// Rows of all transactions, in order.
std::vector<nlohmann::ordered_json> RowsOf(const Dumped& dumped);

// Expects the same GTIDs, tables, operations and values. Values are compared where both print them alike:
// whole numbers and ASCII text.
void ExpectSameAsServerTool(const Dumped& dumped, const PrintedLog& printed);

}  // namespace srdf::test
