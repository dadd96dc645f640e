// The wagon frame: magic, version, header, payload, SHA-256 (docs/formats/wagon.md).
//
//   "SRDFWAGN" | version u32 = 1 | header_length u32 | header (protobuf srdf.model.v1.WagonHeader)
//   | payload (payload_compressed_bytes) | SHA-256 over everything before it
//
// Front = magic … header. A header is at most 16 MiB, a schema record 4 MiB, another record
// kRecordBodyBytesMax; the payload holds schemas, statements and row runs only.
//
// WagonBuilder makes one: records are compressed as they come, into memory up to a limit and into a spill
// file beyond it, so that a wagon of any size needs little memory. WagonReader checks and reads one the same
// way. Driven by one thread each. An encrypted payload (wire/payload_cipher.h) is ciphertext wherever it is
// kept and sent; the hash is over that, so that whoever has no key can check a frame too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "crypto/key_ring.h"
#include "engine/sink.h"
#include "model/wagon.h"

namespace srdf::wire {

struct WagonBuilderOptions {
  Codec codec = Codec::kZstd;
  int level = 3;
  std::string spill_dir;               // where a large payload is kept while it grows; unlinked at once
  size_t memory_bytes_max = 8u << 20;  // compressed bytes held in memory before the spill file is used
  crypto::WagonKeyPtr key;             // seals the payload; none: it is not encrypted
};

// Gives the bytes of a finished frame, from the front, in pieces of at most `piece_bytes_max`.
using FrameSink = std::function<Status(std::string_view piece)>;

class WagonBuilder {
 public:
  virtual ~WagonBuilder() = default;
  // Whole records of the payload. kResourceExhausted when the spill directory's disk is full, and then the
  // builder is spent, as after any error.
  virtual Status Append(std::string_view records) = 0;
  // Completes `header` (payload sizes, codec, encryption, schema fingerprint), checks it and streams the
  // whole frame. *hash becomes the frame's SHA-256. The payload can be streamed once.
  virtual Status Finish(WagonHeader* header, size_t piece_bytes_max, const FrameSink& sink,
                        std::string* hash) = 0;
};
Result<std::unique_ptr<WagonBuilder>> NewWagonBuilder(const WagonBuilderOptions& options);

// What a frame that is refused has.
enum class FrameFault {
  kNone,
  kTorn,       // it ends too early, or bytes follow its end
  kHash,       // the SHA-256 at its end is not that of its bytes
  kNotAFrame,  // magic, version or header cannot be read
};

// Checks a frame as its bytes pass by: magic, version, lengths, hash. Nothing is decompressed.
class FrameVerifier {
 public:
  virtual ~FrameVerifier() = default;
  virtual Status Append(std::string_view bytes) = 0;
  // kDataLoss when the frame is torn, too long, or its hash is wrong.
  virtual Status Finish(WagonHeader* header, std::string* hash) = 0;
  // Why Append or Finish failed.
  virtual FrameFault fault() const = 0;
  // Bytes of the whole frame as its header has it, which nothing has proven yet; 0 until the header was read.
  virtual uint64_t frame_bytes() const = 0;
};
std::unique_ptr<FrameVerifier> NewFrameVerifier();

// The header from the first bytes of a frame; what follows it is not looked at, and nothing is proven by it:
// the hash covers the whole frame. kUnavailable when it takes more bytes to tell; *bytes_needed (when given)
// is then how many to come with: first the 16 of the prefix, then the whole front. Also set on success.
Result<WagonHeader> PeekHeader(std::string_view frame_prefix, size_t* bytes_needed = nullptr);

// Where a reader gets the next piece of a frame; empty at the end.
using FramePieces = std::function<Result<std::string>()>;

// Verifies nothing but the framing of records (the hash was checked when the frame was stored): gives header
// and decompressed records. A record larger than its limit, a payload that decompresses to more or less than
// its header declares, and a payload that ends early are kDataLoss. Memory: a MiB or two, the codec's window
// and one piece; more only while a record that is larger itself is given out.
//
// An encrypted wagon gives its header without a key, and records after Unlock: kFailedPrecondition before.
// Each record given out was authenticated, and so was the header; a segment that was exchanged or cut off is
// kDataLoss at its place.
class WagonReader : public engine::PayloadReader {
 public:
  static Result<std::unique_ptr<WagonReader>> Open(FramePieces pieces);
  virtual const WagonHeader& header() const = 0;
  // Finds the key and checks the header with it; a wagon that is not encrypted needs none. `keys` is not used
  // afterwards, and may be null. kFailedPrecondition, naming key and remedy, when there is no such key or the
  // wagon was not sealed with it; other errors are those of the pieces.
  virtual Status Unlock(crypto::KeyProvider* keys) = 0;
};

}  // namespace srdf::wire
