// The factories of each codec, for codec.cc alone.
#pragma once

#include <memory>

#include "codec/codec.h"

namespace srdf::codec {

Result<std::unique_ptr<Compressor>> NewZstdCompressor(int level);
Result<std::unique_ptr<Decompressor>> NewZstdDecompressor();
Result<std::unique_ptr<Compressor>> NewGzipCompressor(int level);
Result<std::unique_ptr<Decompressor>> NewGzipDecompressor();

}  // namespace srdf::codec
