// What to do when OpenSSL cannot do what it always can. Of this library's sources alone.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace srdf::crypto {

// An OpenSSL without AES-256-GCM or HKDF is a broken installation (or there is no memory): going on without
// would mean going on in clear.
inline void Require(bool worked, const char* what) {
  if (worked) return;
  std::fprintf(stderr, "OpenSSL cannot compute %s\n", what);
  std::abort();
}

}  // namespace srdf::crypto
