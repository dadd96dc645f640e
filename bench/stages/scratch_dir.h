// ScratchDir: a directory of its own for as long as the object lives, where the tests have theirs:
// SRDF_TEST_TMPDIR, else /tmp. Its disk is the one that is measured.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace srdf::bench {

class ScratchDir {
 public:
  ScratchDir() {
    const char* base = std::getenv("SRDF_TEST_TMPDIR");
    path_ = std::string(base != nullptr ? base : "/tmp") + "/srdf-bench-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace srdf::bench
