// Certificate: what a certificate says, as plain values.
//
// Thread rules: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "pki/identity.h"

namespace srdf::pki {

struct Certificate {
  std::string subject;  // one line
  std::string issuer;
  int64_t not_before_ms = 0;
  int64_t not_after_ms = 0;
  std::vector<std::string> uris;
  std::vector<std::string> hosts;  // DNS names, and IP addresses as inet_ntop writes them
  std::string fingerprint;         // SHA-256 of the certificate, hex
  bool is_authority = false;

  std::optional<Identity> identity() const { return IdentityAmong(uris); }
};

// Every certificate of a PEM text; kInvalidArgument when there is none.
Result<std::vector<Certificate>> ReadCertificates(std::string_view pem);

// "2027-03-01 12:00:00 UTC"
std::string TimeText(int64_t ms);

}  // namespace srdf::pki
