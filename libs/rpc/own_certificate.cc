#include "rpc/own_certificate.h"

#include <mutex>
#include <utility>

namespace srdf::rpc {

namespace {

struct Holder {
  std::mutex mu;
  Status trouble;  // guarded by mu
};

Holder& TheHolder() {
  static Holder holder;
  return holder;
}

}  // namespace

Status OwnCertificateTrouble() {
  std::lock_guard lock(TheHolder().mu);
  return TheHolder().trouble;
}

void SetOwnCertificateTrouble(Status trouble) {
  std::lock_guard lock(TheHolder().mu);
  TheHolder().trouble = std::move(trouble);
}

}  // namespace srdf::rpc
