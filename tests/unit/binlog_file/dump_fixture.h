// Dumps of files that a test builds: written to a file of the test's own, read back as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "binlog_file/dump.h"

namespace srdf::test {

struct DumpResult {
  Status status;
  binlog_file::DumpSummary summary;
  std::string text;  // as printed
  // Mutable, so that a missing key fails a comparison, not the process.
  mutable std::vector<nlohmann::json> lines;  // each line parsed; the test fails when one is not JSON
};

// `options.path` is set here.
DumpResult DumpBytes(const std::string& bytes, binlog_file::DumpOptions options = {});
// The changes of the only transaction.
nlohmann::json OnlyChanges(const DumpResult& result);
// A path that belongs to the running test.
std::string TestPath();
void WriteFile(const std::string& path, const std::string& bytes);

}  // namespace srdf::test
