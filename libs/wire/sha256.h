// Sha256: the hash of bytes that come piece by piece. One thread; spent after Finish.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace srdf::wire {

constexpr size_t kSha256Bytes = 32;

class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void Append(std::string_view bytes);
  // 32 raw bytes.
  std::string Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace srdf::wire
