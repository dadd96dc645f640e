// Wagon headers, payload records and whole frames for the tests of wire.
#pragma once

#include <google/protobuf/stubs/logging.h>

#include <string>
#include <vector>

#include "wire/wagon_frame.h"

namespace srdf::wire::test {

// While it lives, protobuf does not print what it thinks of malformed input.
using Quiet = google::protobuf::LogSilencer;

WagonHeader SomeHeader();
std::string SchemaRecord(uint32_t ref);
// A row run of one insert whose image has `image_bytes` bytes; `seed` varies them, 0: all zero.
std::string RunRecord(uint32_t ref, size_t image_bytes, uint64_t seed);

struct Frame {
  WagonHeader header;
  std::string hash;
  std::string bytes;
  std::vector<size_t> pieces;
};
Frame MakeFrame(const std::vector<std::string>& appended, WagonBuilderOptions options = {},
                size_t piece_bytes_max = 1u << 20);

// A frame that the builder would not make: this payload and header as they are, with a right hash.
Frame ForgeFrame(WagonHeader header, const std::string& payload);
std::string Packed(Codec codec, const std::string& raw);

// Gives `bytes` in pieces.
FramePieces PiecesOf(std::string bytes, size_t piece_bytes = 1000);

struct ReadBack {
  std::string records;
  size_t calls = 0;
  size_t call_bytes_max = 0;
};
Result<ReadBack> ReadAll(FramePieces pieces);
// What a receiver does: verify the frame piece by piece.
Status Verify(std::string_view bytes, size_t piece_bytes, WagonHeader* header, std::string* hash);

}  // namespace srdf::wire::test
