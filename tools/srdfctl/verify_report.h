// VerifyReport: the findings of a comparison as a file, docs/formats/verify-report.md, and for people. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "compare/findings.h"

namespace srdf::ctl {

struct VerifyReport {
  std::string flow;
  std::string source_server;
  std::string target_server;
  std::string scope;  // "all tables", or which
  compare::Findings findings;
};

nlohmann::ordered_json ReportToJson(const VerifyReport& report);

// What repair needs of a report: rows that differed, by table.
struct ReportedTable {
  compare::TableName name;
  std::string schema_digest;
  bool with_key = true;
  compare::TableState state = compare::TableState::kEqual;
  bool all_rows = true;  // false: more differed than the report lists
  std::vector<std::string> keys;
  // All that differed is named by `keys`; else only a comparison of the whole table tells.
  bool KeysSuffice() const { return with_key && all_rows && !keys.empty(); }
};
struct ReportedDifferences {
  std::string flow;
  std::vector<ReportedTable> tables;  // that are not equal
};
// kInvalidArgument, naming the place, when it is not such a report or is of another version.
Result<ReportedDifferences> ParseReport(const std::string& text);

// The table of tables, and the first rows that differ.
std::string RenderFindings(const VerifyReport& report, size_t rows_max);

}  // namespace srdf::ctl
