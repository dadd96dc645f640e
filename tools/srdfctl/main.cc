#include <cstdio>
#include <exception>

#include "srdfctl/command_line.h"

int main(int argc, char** argv) {
  try {
    return srdf::ctl::CommandLine().Main(argc, argv);
  } catch (const std::exception& e) {  // out of memory, or a bug: nothing below lets one through on purpose
    std::fprintf(stderr, "srdfctl: %s\n", e.what());
    return srdf::ctl::kExitFailed;
  }
}
