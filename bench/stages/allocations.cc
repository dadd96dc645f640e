#include "stages/allocations.h"

#include <cstdlib>
#include <new>

namespace srdf::bench {

namespace {

thread_local Allocations allocations;

void* Counted(std::size_t bytes) {
  ++allocations.count;
  allocations.bytes += bytes;
  return std::malloc(bytes == 0 ? 1 : bytes);
}

void* CountedOrThrow(std::size_t bytes) {
  if (void* p = Counted(bytes)) return p;
  throw std::bad_alloc();
}

}  // namespace

Allocations AllocationsOfThisThread() { return allocations; }

}  // namespace srdf::bench

// Those for over-aligned types stay the library's: nothing here has such a type.
void* operator new(std::size_t bytes) { return srdf::bench::CountedOrThrow(bytes); }
void* operator new[](std::size_t bytes) { return srdf::bench::CountedOrThrow(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return srdf::bench::Counted(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return srdf::bench::Counted(bytes);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
