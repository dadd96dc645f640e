// The target under libFuzzer (https://llvm.org/docs/LibFuzzer.html), which brings main().
#include <cstddef>
#include <cstdint>

#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  srdf::fuzz::FuzzOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
