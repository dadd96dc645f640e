#include "component/mutual_tls/grpc_hold.h"

#include <dlfcn.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>

namespace srdf::rpc {
namespace {

constexpr char kUnlock[] = "_ZN4absl7debian35Mutex6UnlockEv";

enum class State { kOff, kWaiting, kHolding };

std::atomic<bool> is_on = false;  // so that all the other unlocks of gRPC stay cheap
std::mutex mu;
std::condition_variable changed;
State state = State::kOff;  // guarded by mu
std::string place;          // guarded by mu

void ComeBy(const void* return_address) {
  Dl_info info{};
  if (dladdr(return_address, &info) == 0 || info.dli_sname == nullptr) return;
  std::unique_lock lock(mu);
  if (state != State::kWaiting || std::strstr(info.dli_sname, place.c_str()) == nullptr) return;
  state = State::kHolding;
  changed.notify_all();
  changed.wait(lock, [] { return state == State::kOff; });
}

}  // namespace

// Found by the dynamic linker before abseil's own.
__attribute__((visibility("default"), noinline)) void UnlockInFrontOfAbseil(void* mutex) __asm__(
    "_ZN4absl7debian35Mutex6UnlockEv");
void UnlockInFrontOfAbseil(void* mutex) {
  using Unlock = void (*)(void*);
  static const auto unlock = reinterpret_cast<Unlock>(dlsym(RTLD_NEXT, kUnlock));
  unlock(mutex);
  if (is_on) ComeBy(__builtin_return_address(0));
}

GrpcHold::GrpcHold(std::string function) {
  std::lock_guard lock(mu);
  place = std::move(function);
  state = State::kWaiting;
  is_on = true;
}

GrpcHold::~GrpcHold() {
  std::lock_guard lock(mu);
  state = State::kOff;
  is_on = false;
  changed.notify_all();
}

bool GrpcHold::WaitUntilHeld(std::chrono::seconds patience) {
  std::unique_lock lock(mu);
  return changed.wait_for(lock, patience, [] { return state == State::kHolding; });
}

}  // namespace srdf::rpc
