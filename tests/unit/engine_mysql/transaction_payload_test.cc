#include "engine_mysql/transaction_payload.h"

#include <gtest/gtest.h>

#include "codec/codec.h"
#include "support/mysql_file.h"

namespace srdf::engine_mysql {
namespace {

using test::Le;
using test::Packed;
using test::PackedText;

std::string Zstd(const std::string& in, int level = 3) {
  auto compressor = codec::NewCompressor(Codec::kZstd, level);
  std::string out;
  EXPECT_TRUE((*compressor)->Append(in, &out).ok());
  EXPECT_TRUE((*compressor)->Finish(&out).ok());
  return out;
}

std::string Body(uint64_t compression, const std::string& payload, uint64_t inflated_bytes) {
  return Packed(2) + PackedText(Packed(compression)) + Packed(3) + PackedText(Packed(inflated_bytes)) +
         Packed(1) + PackedText(Packed(payload.size())) + Packed(0) + payload;
}

// Names of the events, or the error.
std::string Walk(const std::string& body) {
  auto payload = TransactionPayload::Open(body);
  if (!payload.ok()) return payload.status().ToString();
  std::string out;
  for (;;) {
    engine_mariadb::EventView event;
    const auto more = payload->Next(&event);
    if (!more.ok()) return more.status().ToString();
    if (!*more) return out;
    out += std::to_string(event.header.type) + ":" + std::to_string(event.body.size()) + " ";
  }
}

const std::string kEvents = test::Event(2, test::QueryBody("BEGIN")) +
                            test::Event(30, std::string(100'000, 'x')) + test::Event(16, Le(5, 8));

TEST(TransactionPayload, EventsComeOneByOneCompressedOrNot) {
  const std::string expected = "2:19 30:100000 16:8 ";
  EXPECT_EQ(Walk(Body(0, Zstd(kEvents), kEvents.size())), expected);
  EXPECT_EQ(Walk(Body(0, Zstd(kEvents, 19), kEvents.size())), expected);
  EXPECT_EQ(Walk(Body(255, kEvents, kEvents.size())), expected);
  // Without compression the server does not write the second length.
  EXPECT_EQ(Walk(Packed(2) + PackedText(Packed(255)) + Packed(1) + PackedText(Packed(kEvents.size())) +
                 Packed(0) + kEvents),
            expected);
  EXPECT_EQ(Walk(Body(0, Zstd(kEvents.substr(0, 50)) + Zstd(kEvents.substr(50)), kEvents.size())), expected);
}

TEST(TransactionPayload, WhatDoesNotFitItsHeaderIsRefused) {
  const std::string good = Zstd(kEvents);
  for (const std::string& body :
       {Body(0, good, kEvents.size() - 1), Body(0, good, kEvents.size() + 1), Body(0, good, 1ull << 40),
        Body(0, good.substr(0, good.size() - 5), kEvents.size()), Body(0, good + "x", kEvents.size()),
        Body(0, "not zstd at all", kEvents.size()), Body(255, kEvents + "x", kEvents.size()),
        Body(255, kEvents.substr(0, 60), 60), Body(255, test::Event(2, "") + std::string(19, '\0'), 38),
        Body(0, good, kEvents.size()).substr(0, 10)}) {
    const std::string result = Walk(body);
    EXPECT_NE(result.find("malformed TRANSACTION_PAYLOAD"), std::string::npos) << result;
  }
  EXPECT_NE(Walk(Body(7, good, kEvents.size())).find("compression type 7"), std::string::npos);
}

}  // namespace
}  // namespace srdf::engine_mysql
