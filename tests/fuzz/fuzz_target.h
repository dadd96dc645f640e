// What a fuzz target is: one function that takes any bytes, and some inputs to begin with.
//
// A target decodes its input as the product would, and checks what has to hold whatever the bytes are (what
// is accepted can be written again, a limit is kept). It never ends the process but through Require: an
// error of the decoder is an answer, not a finding. Linked with replay_main.cc (every build, a test of ctest)
// or with libfuzzer_main.cc (preset `fuzz`).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace srdf::fuzz {

// Must be deterministic, and keep nothing between calls.
void FuzzOne(std::string_view input);

// Well-formed inputs, made by the product's own writers where it has them.
std::vector<std::string> Seeds();

// Ends the process with the sentence when `holds` is false.
void Require(bool holds, const char* sentence);

// The input as a file, for readers that take a path. Valid while the object lives.
class InputFile {
 public:
  explicit InputFile(std::string_view input);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  int fd_ = -1;
  std::string path_;
};

}  // namespace srdf::fuzz
