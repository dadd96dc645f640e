// The nonce of a wagon: 16 random bytes, then a counter of this process (u64, little-endian).
//
// Together with a key of the ring it makes the wagon's own key, so it must never come twice under one key of
// the ring. The counter never repeats in a process. The random bytes are fresh for each wagon and come from
// the kernel, mixed with the wall clock and the process's number: so two processes, a fork, and the two lives
// of a virtual machine that was restored from an image (whose kernel may not have noticed) differ. Nothing is
// kept between calls but the counter, so there is nothing that a fork or an image could repeat. Any thread.
#pragma once

#include <string>

namespace srdf::crypto {

constexpr size_t kWagonNonceBytes = 24;

std::string NewWagonNonce();

}  // namespace srdf::crypto
