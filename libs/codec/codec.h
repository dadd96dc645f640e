// Compressor and Decompressor: one stream of bytes through zstd, gzip or nothing, piece by piece.
//
// The only owner of zstd.h and zlib.h. Memory is bounded on both sides: a compressor keeps its window and
// appends what it has to the caller's string; a decompressor gives at most as many bytes as it was asked for
// in one step, so a small input that grows without end costs nothing until somebody asks for more, and it
// refuses a zstd stream that wants a window over 8 MiB. Both formats carry a checksum of the content, which
// the decompressor checks at the stream's end.
//
// Thread rules: an object is driven by one thread at a time. After an error it is spent.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/wagon.h"

namespace srdf::codec {

class Compressor {
 public:
  virtual ~Compressor() = default;
  // Takes all of `in`; appends whatever compressed bytes are ready (perhaps none) to *out. The output for one
  // call is little more than `in`, plus what earlier calls had left in the window.
  virtual Status Append(std::string_view in, std::string* out) = 0;
  // Appends the rest, with the stream's end mark and checksum. Called once, last.
  virtual Status Finish(std::string* out) = 0;
};

// kInvalidArgument for a level that is not supported: zstd 1..19, gzip 1..9, none takes any.
Result<std::unique_ptr<Compressor>> NewCompressor(Codec codec, int level);

class Decompressor {
 public:
  virtual ~Decompressor() = default;
  // Takes bytes off the front of *in and appends at most `out_bytes_max` bytes to *out. Returns when either
  // is used up, or at the stream's end; may be called with empty input to fetch what is left inside. When
  // it neither takes nor gives anything, it needs more input. kDataLoss for bytes that are not of the codec.
  virtual Status Step(std::string_view* in, size_t out_bytes_max, std::string* out) = 0;
  // The stream may end here: its end mark was seen (always, for Codec::kNone). Input that is left then does
  // not belong to it.
  virtual bool finished() const = 0;
};

Result<std::unique_ptr<Decompressor>> NewDecompressor(Codec codec);

// For zstd streams that somebody else wrote, at any level: takes a window of up to 128 MiB.
Result<std::unique_ptr<Decompressor>> NewForeignZstdDecompressor();

}  // namespace srdf::codec
