// The bytes of a wagon frame (docs/formats/wagon.md): constants, the front of a frame, what a payload may
// hold. Shared by builder, verifier and reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/record.h"
#include "model/wagon.h"

namespace srdf::wire {

constexpr std::string_view kFrameMagic = "SRDFWAGN";
constexpr uint32_t kFrameVersion = 1;
constexpr size_t kFramePrefixBytes = 16;  // magic, version, header length
// Room for the manifest of some hundred thousand tables, and no more for a length that lies.
constexpr uint32_t kFrameHeaderBytesMax = 16u << 20;
// A schema is decoded into many small strings, up to some 32 bytes of memory for one of its own. MariaDB's
// largest (4,096 columns, 64 KiB of ENUM strings) is well below.
constexpr size_t kSchemaBodyBytesMax = 4u << 20;

// Prefix and header. The header must be valid; kInvalidArgument when it is too large to be read again.
Status EncodeFrameFront(const WagonHeader& header, std::string* out);

// How many bytes the front has, from the first kFramePrefixBytes of a frame. kDataLoss when they are not of a
// frame, kUnimplemented for a later version.
Result<size_t> FrameFrontBytes(std::string_view prefix);

// The header, from a whole front. It is valid.
Result<WagonHeader> DecodeFrameFront(std::string_view front);

// Schemas, statements and row runs, each within its limit: nothing else belongs into a payload.
Status CheckPayloadRecord(uint8_t type, size_t body_bytes);

}  // namespace srdf::wire
