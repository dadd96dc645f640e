// A wagon frame from somewhere: the verifier and the reader, on the bytes as they are and with the hash put
// right, so that what lies behind it is reached.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>

#include "fuzz/fuzz_target.h"
#include "unit/wire/frame_fixture.h"
#include "wire/frame_format.h"
#include "wire/header_convert.h"
#include "wire/sha256.h"

namespace srdf::fuzz {

namespace {

constexpr size_t kPayloadBytesMax = 4u << 20;  // a small frame may well hold more; it is not read then

void ReadPayload(std::string_view frame, size_t piece_bytes) {
  auto reader = wire::WagonReader::Open(wire::test::PiecesOf(std::string(frame), piece_bytes));
  if (!reader.ok()) return;
  const WagonHeader header = (*reader)->header();
  Require(wire::ValidateHeader(header).ok(), "a reader gives a header that is not valid");
  for (size_t bytes = 0; bytes < kPayloadBytesMax;) {
    const auto records = (*reader)->Next();
    if (!records.ok() || records->empty()) break;
    bytes += records->size();
    Require(bytes <= header.payload_raw_bytes, "a payload gives more than its header declares");
    RecordCursor cursor(*records);
    Record record;
    for (;;) {
      const auto more = cursor.Next(&record);
      Require(more.ok(), "a reader gives what is not whole records");
      if (!*more) break;
    }
  }
}

void Take(std::string_view frame, size_t piece_bytes) {
  WagonHeader verified;
  std::string hash;
  const bool whole = wire::test::Verify(frame, piece_bytes, &verified, &hash).ok();
  size_t needed = 0;
  const auto peeked = wire::PeekHeader(frame, &needed);
  if (whole) {
    Require(peeked.ok(), "a verified frame has no header");
    Require(wire::ValidateHeader(verified).ok(), "a verified frame has a header that is not valid");
    Require(peeked->uid == verified.uid && peeked->sequence == verified.sequence,
            "two readers of one frame do not agree");
  }
  ReadPayload(frame, piece_bytes);
}

}  // namespace

void FuzzOne(std::string_view input) {
  const wire::test::Quiet quiet;
  if (input.empty()) return;
  const size_t piece_bytes = 1 + static_cast<uint8_t>(input[0]) * 3;
  input.remove_prefix(1);
  Take(input, piece_bytes);
  if (input.size() < wire::kSha256Bytes) return;
  std::string righted(input.substr(0, input.size() - wire::kSha256Bytes));
  wire::Sha256 sha;
  sha.Append(righted);
  righted += sha.Finish();
  Take(righted, piece_bytes);
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const Codec codec : {Codec::kNone, Codec::kZstd, Codec::kGzip}) {
    wire::WagonBuilderOptions options;
    options.codec = codec;
    seeds.push_back("\x20" +
                    wire::test::MakeFrame({wire::test::SchemaRecord(1), wire::test::RunRecord(1, 300, 1),
                                           wire::test::RunRecord(1, 40, 2)},
                                          options)
                        .bytes);
  }
  seeds.push_back("\x01" + wire::test::MakeFrame({}).bytes);
  return seeds;
}

}  // namespace srdf::fuzz
