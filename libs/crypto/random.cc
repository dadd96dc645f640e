#include "crypto/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace srdf::crypto {

void FillRandom(void* out, size_t bytes) {
  auto* at = static_cast<uint8_t*>(out);
  while (bytes > 0) {
    const ssize_t n = ::getrandom(at, bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      std::fputs("the kernel has no random bytes\n", stderr);
      std::abort();
    }
    at += n;
    bytes -= static_cast<size_t>(n);
  }
}

}  // namespace srdf::crypto
