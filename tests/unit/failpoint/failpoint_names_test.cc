// The list of failure points, the tree and the page say the same. That each is also passed and crashed is
// shown by tests/e2e/crash_points.
#include "failpoint/failpoint_names.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace srdf::failpoint {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(FailpointNames, EachIsSomewhereInTheTreeAndNoOtherIs) {
  std::set<std::string> used;
  const std::string macro = "SRDF_FAILPOINT(\"";
  for (const char* directory : {"libs", "services", "tools"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(SRDF_SOURCE_DIR) / directory)) {
      const fs::path& path = entry.path();
      if ((path.extension() != ".cc" && path.extension() != ".h") || path.filename() == "failpoint.h")
        continue;
      const std::string text = ReadFile(path);
      for (size_t at = text.find(macro); at != std::string::npos; at = text.find(macro, at + 1)) {
        const size_t begin = at + macro.size();
        used.insert(text.substr(begin, text.find('"', begin) - begin));
      }
    }
  }
  const std::set<std::string> listed(std::begin(kNames), std::end(kNames));
  EXPECT_EQ(used, listed);
  EXPECT_EQ(listed.size(), kCount) << "a name is listed twice";
}

TEST(FailpointNames, ThePageExplainsEach) {
  const std::string page = ReadFile(fs::path(SRDF_SOURCE_DIR) / "docs/operations/failure-points.md");
  for (const std::string_view name : kNames) {
    EXPECT_NE(page.find("| `" + std::string(name) + "` |"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace srdf::failpoint
