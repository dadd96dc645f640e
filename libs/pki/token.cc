#include "pki/token.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>

#include "pki/openssl_handles.h"
#include "pki/pem_file.h"

namespace srdf::pki {

namespace {

constexpr size_t kTokenBytesMin = 16;
constexpr size_t kTokenBytesMax = 4096;

// What an HTTP header can carry; anything else is a damaged file.
bool IsToken(std::string_view text) {
  return text.size() >= kTokenBytesMin && text.size() <= kTokenBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::array<unsigned char, SHA256_DIGEST_LENGTH> Digest(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

}  // namespace

Result<std::string> NewToken() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) {
    return Status(StatusCode::kInternal, "OpenSSL has no random numbers: " + OpenSslError());
  }
  std::string token;
  for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

bool TokensMatch(std::string_view presented, std::string_view expected) {
  const auto a = Digest(presented);
  const auto b = Digest(expected);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<std::vector<std::string>> TokenSource::Read() const {
  if (!variable_.empty()) {
    const char* value = std::getenv(variable_.c_str());
    if (value == nullptr || !IsToken(value)) {
      return Status(
          StatusCode::kFailedPrecondition,
          "the environment variable " + variable_ + " holds no token (16 or more printable characters)",
          "export it before the start, or use token_file");
    }
    return std::vector<std::string>{value};
  }
  const auto text = ReadSecretFile(file_);
  if (!text.ok()) {
    return Status(StatusCode::kFailedPrecondition, "the token file: " + text.status().message(),
                  text.status().remedy().empty()
                      ? "copy the flow's token file to both sites; `srdfctl cert dev` makes one"
                      : text.status().remedy());
  }
  std::vector<std::string> tokens;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) continue;
    if (!IsToken(line)) {
      return Status(StatusCode::kFailedPrecondition,
                    "a line of the token file " + file_ + " is no token (16 or more printable characters)",
                    "write one token per line, without blanks");
    }
    tokens.push_back(line);
  }
  if (tokens.empty()) {
    return Status(StatusCode::kFailedPrecondition, "the token file " + file_ + " holds no token",
                  "write one token per line");
  }
  return tokens;
}

}  // namespace srdf::pki
