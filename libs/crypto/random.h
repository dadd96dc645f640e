// Random bytes from the kernel: never from a generator inside the process, whose state a fork or a restored
// image of a virtual machine would repeat. Any thread.
#pragma once

#include <cstddef>

namespace srdf::crypto {

// Ends the process when the kernel has none: there is no safe way on.
void FillRandom(void* out, size_t bytes);

}  // namespace srdf::crypto
