// The factories of each codec, for codec.cc alone.
#pragma once

#include <memory>

#include "codec/codec.h"

namespace srdf::codec {

// Levels 20 to 22 take up to 700 MB to write (measured) and 128 MiB to read; level 19 needs a window of 8
// MiB.
constexpr int kZstdWindowLogMax = 23;

Result<std::unique_ptr<Compressor>> NewZstdCompressor(int level);
Result<std::unique_ptr<Decompressor>> NewZstdDecompressor(int window_log_max);
Result<std::unique_ptr<Compressor>> NewGzipCompressor(int level);
Result<std::unique_ptr<Decompressor>> NewGzipDecompressor();

}  // namespace srdf::codec
