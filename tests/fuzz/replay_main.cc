// The target without libFuzzer: runs its seeds, every file that is named (a directory: all in it), then
// random damage to them for some seconds.
//
//   frame_fuzz --seconds 2 --seed 7 tests/fuzz/findings/frame
//   frame_fuzz --write-seeds DIR          the seeds as files, to begin a corpus with
//
// Prints the seed first; an input that ends the process is left as ./<target>.crash.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "fuzz/fuzz_target.h"
#include "fuzz/mutator.h"

namespace {

namespace fs = std::filesystem;

std::string g_input;
std::string g_crash_path;

// Only what a signal handler may call.
void SaveInput(int number) {
  const int fd = ::open(g_crash_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd >= 0) {
    [[maybe_unused]] const ssize_t written = ::write(fd, g_input.data(), g_input.size());
    ::close(fd);
  }
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void Run(std::string input) {
  g_input = std::move(input);
  srdf::fuzz::FuzzOne(g_input);
}

std::vector<std::string> ReadFiles(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      files.emplace_back(path);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::vector<std::string> inputs;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    inputs.push_back(text.str());
  }
  return inputs;
}

int WriteSeeds(const std::string& directory) {
  fs::create_directories(directory);
  size_t number = 0;
  for (const std::string& seed : srdf::fuzz::Seeds()) {
    std::ofstream out(fs::path(directory) / ("seed-" + std::to_string(++number)), std::ios::binary);
    out << seed;
    if (!out.flush()) {
      std::fprintf(stderr, "cannot write to %s\n", directory.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli("Runs a fuzz target on its seeds, on files, and on random damage to both");
  double seconds = 0;
  uint64_t seed = std::random_device{}();
  std::string write_seeds;
  std::vector<std::string> paths;
  cli.add_option("--seconds", seconds, "how long random damage is tried");
  cli.add_option("--seed", seed, "of the random damage");
  cli.add_option("--write-seeds", write_seeds, "writes the seeds into this directory, and nothing else");
  cli.add_option("paths", paths, "inputs: files, or directories of them");
  CLI11_PARSE(cli, argc, argv);
  if (!write_seeds.empty()) return WriteSeeds(write_seeds);

  g_crash_path = fs::path(argv[0]).filename().string() + ".crash";
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) std::signal(number, SaveInput);
  std::vector<std::string> inputs = srdf::fuzz::Seeds();
  for (std::string& input : ReadFiles(paths)) inputs.push_back(std::move(input));
  std::printf("%zu inputs, then random damage with seed %llu\n", inputs.size(),
              static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  for (const std::string& input : inputs) Run(input);
  srdf::fuzz::Mutator mutator(inputs, seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  uint64_t runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) Run(mutator.Next());
  std::printf("%llu damaged inputs\n", static_cast<unsigned long long>(runs));
  return 0;
}
