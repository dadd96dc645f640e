// Issuer: makes keys (EC P-256) and certificates for a development mesh, RFC 5280 version 3.
//
// Thread rules: pure functions; randomness comes from OpenSSL's generator.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "pki/identity.h"

namespace srdf::pki {

struct Pem {
  std::string certificate;
  std::string key;
};

struct Validity {
  int64_t not_before_ms = 0;
  int64_t not_after_ms = 0;
};

// A self-signed authority whose name tells the mesh and is unlike every other's.
Result<Pem> NewAuthority(const std::string& mesh, const Validity& validity);

// A certificate of `authority` with the identity as URI, and `hosts` (DNS names or IP addresses) for tools
// that verify host names. Roles are TLS clients only; services are clients and servers.
Result<Pem> Issue(const Pem& authority, const Identity& identity, const std::vector<std::string>& hosts,
                  const Validity& validity);

// Whether `key` is the private key of the first certificate in `certificate`.
bool KeyFits(const std::string& certificate, const std::string& key);

}  // namespace srdf::pki
