// Mutator: simple random damage to well-formed inputs, for builds without libFuzzer. The same seed gives the
// same inputs.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace srdf::fuzz {

class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, uint64_t seed) : seeds_(std::move(seeds)), random_(seed) {}

  // One of the seeds with one to eight changes: bits, bytes, numbers of interest, pieces removed, repeated,
  // or taken from another seed.
  std::string Next();

 private:
  size_t Below(size_t n) { return n == 0 ? 0 : random_() % n; }
  void Change(std::string* input);

  const std::vector<std::string> seeds_;
  std::mt19937_64 random_;
};

}  // namespace srdf::fuzz
