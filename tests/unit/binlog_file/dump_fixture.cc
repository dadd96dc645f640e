#include "unit/binlog_file/dump_fixture.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace srdf::test {

std::string TestPath() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  return testing::TempDir() + "/srdf_binlog_" + info->test_suite_name() + "_" + info->name() + "_" +
         std::to_string(::getpid());
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(out.good());
}

DumpResult DumpBytes(const std::string& bytes, binlog_file::DumpOptions options) {
  DumpResult result;
  options.path = TestPath();
  WriteFile(options.path, bytes);
  result.status = binlog_file::Dump(
      options,
      [&](std::string_view piece) {
        result.text += piece;
        return Status();
      },
      &result.summary);
  ::unlink(options.path.c_str());
  std::istringstream lines(result.text);
  for (std::string line; std::getline(lines, line);) {
    auto json = nlohmann::json::parse(line, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << line;
    result.lines.push_back(std::move(json));
  }
  return result;
}

nlohmann::json OnlyChanges(const DumpResult& result) {
  EXPECT_TRUE(result.status.ok()) << result.status.ToString();
  EXPECT_EQ(result.lines.size(), 1u) << result.text;
  return result.lines.empty() ? nlohmann::json() : result.lines[0]["changes"];
}

}  // namespace srdf::test
