#include "fuzz/fuzz_target.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace srdf::fuzz {

void Require(bool holds, const char* sentence) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", sentence);
  std::abort();
}

InputFile::InputFile(std::string_view input) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
  Require(fd_ >= 0, "no memory file");
  while (!input.empty()) {
    const ssize_t n = ::write(fd_, input.data(), input.size());
    Require(n > 0, "the memory file cannot be written");
    input.remove_prefix(static_cast<size_t>(n));
  }
  path_ = "/proc/self/fd/" + std::to_string(fd_);
}

InputFile::~InputFile() { ::close(fd_); }

}  // namespace srdf::fuzz
