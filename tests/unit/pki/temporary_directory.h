// A directory that goes away with its test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace srdf::pki {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string path = "/tmp/srdf-pki-XXXXXX";
    path_ = mkdtemp(path.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace srdf::pki
