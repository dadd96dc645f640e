// Allocations: what the calling thread has asked `operator new` for, so that "nothing allocates per row" is a
// number. The benchmark's program replaces the global operators (allocations.cc); what C libraries take by
// malloc alone (zstd, OpenSSL, SQLite, Connector/C) is not seen. Reading it costs nothing worth counting.
#pragma once

#include <cstdint>

namespace srdf::bench {

struct Allocations {
  uint64_t count = 0;
  uint64_t bytes = 0;
};

// Since the thread began.
Allocations AllocationsOfThisThread();

}  // namespace srdf::bench
