// Bearer tokens of flows (RFC 6750): what a shipper has to know besides having a certificate.
//
// A token file has one token per line. Its owner sends the first; whoever checks accepts any of them, so that
// old and new can both be good while they are exchanged. A file that every user of the host can read is
// refused. Tokens are never part of a message or a log line.
//
// Thread rules: TokenSource may be used from any thread; the rest is pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace srdf::pki {

// 256 random bits as 64 hexadecimal digits.
Result<std::string> NewToken();

// Equal or not, in a time that says nothing about where they differ, nor about the length of `expected`.
bool TokensMatch(std::string_view presented, std::string_view expected);

// One flow's tokens, from a file (read again for every use, so that an exchange needs no restart) or an
// environment variable (one token, as it was at the start).
class TokenSource {
 public:
  // `variable` wins when it is not empty.
  TokenSource(std::string file, std::string variable)
      : file_(std::move(file)), variable_(std::move(variable)) {}

  // At least one. kFailedPrecondition or kPermissionDenied with the file's name and a remedy.
  Result<std::vector<std::string>> Read() const;

 private:
  const std::string file_;
  const std::string variable_;
};

}  // namespace srdf::pki
