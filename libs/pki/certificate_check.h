// Whether the three files of one identity (authorities, certificate, key) can be used now, and if not, why.
//
// TLS itself says only that a handshake failed; these checks say which file has to be mended.
//
// Thread rules: pure functions over the file system.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "pki/certificate.h"
#include "pki/security_dir.h"

namespace srdf::pki {

// Days before its end from which on a certificate is a problem that shows.
inline constexpr int64_t kExpiryWarningMs = 14ll * 24 * 3600 * 1000;

struct PairCheck {
  std::string name;         // "shipper", "operator"
  std::string file;         // of the certificate
  bool is_present = false;  // certificate or key is there
  Certificate certificate;  // when it could be read
  Status problem;           // OK: can be used now
};

// Reads and checks one pair: readable and private, PEM, key fits certificate, valid at `now_ms`, chain ends
// at an authority of ca.crt, made for TLS clients (services: servers too), identity is `mesh`'s and `name`'s.
// The first thing that is wrong is the problem, with the file's name and a remedy.
PairCheck CheckPair(const SecurityDir& dir, const std::string& mesh, const std::string& name, int64_t now_ms);

// ca.crt: there, and each authority with its dates. The problem is about the file, or an authority that has
// ended while no other is left, or about a development authority's key that every user can read.
struct AuthorityCheck {
  std::string file;
  std::vector<Certificate> authorities;
  Status problem;
};
AuthorityCheck CheckAuthority(const SecurityDir& dir, int64_t now_ms);

}  // namespace srdf::pki
