// The messages of a Deliver stream, damaged at will: the inbox's tip is only ever one of the true wagons, and
// an honest sender gets all of them through afterwards.
//
// Input: messages one after the other: sequence u64, uid, hash (varint length and bytes), chunk_no u32,
// chunk_count u32, data, a byte 1 with a CRC-32 behind it or 0. A message with the sequence 0 is a reconnect.
#include <algorithm>
#include <mutex>

#include "base/bytes.h"
#include "fuzz/fuzz_target.h"
#include "obs/log.h"
#include "unit/receiver/line_fixture.h"

namespace srdf::fuzz {

namespace {

namespace line = receiver::test;

constexpr size_t kMessagesMax = 64;
constexpr size_t kChunkBytes = 400;

std::string Write(const line::Messages& messages) {
  std::string out;
  ByteWriter w(&out);
  for (const line::Message& message : messages) {
    w.U64(message.sequence);
    w.Blob(message.uid);
    w.Blob(message.hash);
    w.U32(message.chunk_no);
    w.U32(message.chunk_count);
    w.Blob(message.data);
    w.U8(message.crc32.has_value() ? 1 : 0);
    if (message.crc32.has_value()) w.U32(*message.crc32);
  }
  return out;
}

line::Messages Read(std::string_view input) {
  line::Messages messages;
  ByteReader r(input);
  while (!r.AtEnd() && messages.size() < kMessagesMax) {
    line::Message message;
    message.sequence = r.U64();
    message.uid = std::string(r.Blob());
    message.hash = std::string(r.Blob());
    message.chunk_no = r.U32();
    message.chunk_count = r.U32();
    message.data = std::string(r.Blob());
    if (r.U8() == 1) message.crc32 = r.U32();
    if (!r.ok()) break;
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace

void FuzzOne(std::string_view input) {
  // Each refusal is a line of the log.
  static std::once_flag quiet;
  std::call_once(quiet, [] { obs::InitLogging("chunk_fuzz", "error", "text"); });
  line::Line receiver;
  const auto wagons = receiver.MakeWagons(3, 900);
  Status ended;
  for (line::Message& message : Read(input)) {
    if (message.sequence == 0 || !ended.ok()) {
      receiver.Reconnect();
      ended = {};
    }
    (void)receiver.Send({std::move(message)}, &ended);
    const ChainTip tip = receiver.Tip();
    const bool true_one = tip.sequence + 1 == line::kFirstSequence ||
                          std::any_of(wagons.begin(), wagons.end(), [&tip](const line::Wagon& wagon) {
                            return wagon.header.sequence == tip.sequence && wagon.hash == tip.hash;
                          });
    Require(true_one, "the inbox has accepted what nobody has sealed");
  }
  receiver.SendHonestly(wagons, kChunkBytes);
  Require(receiver.Tip().hash == wagons.back().hash, "an honest sender does not get through afterwards");
}

std::vector<std::string> Seeds() {
  line::Line receiver;
  const auto wagons = receiver.MakeWagons(3, 900);
  line::Messages all, backwards;
  for (const line::Wagon& wagon : wagons) {
    for (line::Message& message : line::Cut(wagon, kChunkBytes)) all.push_back(std::move(message));
  }
  backwards.assign(all.rbegin(), all.rend());
  line::Messages plain = line::Cut(wagons.front(), kChunkBytes, /*with_checksums=*/false);
  return {Write(all), Write(backwards), Write(plain)};
}

}  // namespace srdf::fuzz
