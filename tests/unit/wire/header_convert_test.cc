#include "wire/header_convert.h"

#include <gtest/gtest.h>

#include <functional>

#include "model/copy_state.h"
#include "unit/wire/frame_fixture.h"
#include "wire/frame_format.h"

namespace srdf::wire {
namespace {

using test::SomeHeader;

std::string Bytes(const WagonHeader& h) {
  model::v1::WagonHeader proto;
  ToProto(h, &proto);
  return proto.SerializeAsString();
}

WagonHeader* Encrypted(WagonHeader* h) {
  h->encryption = EncryptionMode::kAes256Gcm;
  h->key_id = "key-1";
  h->nonce = std::string(24, 'n');
  h->payload_compressed_bytes = 32;
  return h;
}

TEST(HeaderConvert, EveryFieldOfAHeaderComesBack) {
  WagonHeader h = SomeHeader();
  h.payload_raw_bytes = 1111;
  h.payload_compressed_bytes = 222;
  h.codec = Codec::kGzip;
  h.encryption = EncryptionMode::kAes256Gcm;
  h.key_id = "key-1";
  h.nonce = std::string(24, '\x01');
  h.first.copy = h.last.copy = "state";
  model::v1::WagonHeader proto;
  ToProto(h, &proto);
  // Every field is set, so a field that a converter forgets is seen.
  std::vector<const google::protobuf::FieldDescriptor*> set;
  proto.GetReflection()->ListFields(proto, &set);
  EXPECT_EQ(static_cast<int>(set.size()), proto.GetDescriptor()->field_count());
  const WagonHeader back = FromProto(proto);
  EXPECT_EQ(Bytes(back), Bytes(h));
  EXPECT_EQ(back.flow, h.flow);
  EXPECT_EQ(back.first, h.first);
  EXPECT_EQ(back.last, h.last);
  EXPECT_EQ(back.codec, Codec::kGzip);
  EXPECT_EQ(back.seal_reason, SealReason::kManual);
  ASSERT_EQ(back.tables.size(), 1u);
  EXPECT_EQ(back.tables[0].bytes_after, 8u);
  EXPECT_TRUE(ValidateHeader(back).ok()) << ValidateHeader(back).ToString();
}

TEST(HeaderConvert, TheStateOfACopyTakesItsRoomOnceUnlessItChanges) {
  WagonHeader h = SomeHeader();
  const size_t without = Bytes(h).size();
  h.first.copy = h.last.copy = std::string(10'000, 's');
  EXPECT_LT(Bytes(h).size(), without + 10'050);
  const std::vector<std::pair<std::string, std::string>> states = {
      {"one", "one"}, {"one", "two"}, {"one", ""}, {"", "two"}, {"", ""}};
  for (const auto& [first, last] : states) {
    h.first.copy = first;
    h.last.copy = last;
    model::v1::WagonHeader proto;
    ToProto(h, &proto);
    EXPECT_EQ(FromProto(proto).first.copy, first);
    EXPECT_EQ(FromProto(proto).last.copy, last);
  }
  EXPECT_EQ(Bytes(h).size(), without) << "no copy is going on";
}

TEST(HeaderConvert, AFrameHoldsTheLargestStateOfACopyTwice) {
  WagonHeader h = SomeHeader();
  h.first.copy = std::string(kCopyStateBytesMax, '1');
  h.last.copy = std::string(kCopyStateBytesMax, '2');
  std::string front;
  ASSERT_TRUE(EncodeFrameFront(h, &front).ok());
  const auto back = DecodeFrameFront(front);
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(back->last, h.last);
  EXPECT_EQ(back->first, h.first);
}

TEST(HeaderConvert, EveryFieldOfATipComesBack) {
  const ChainTip tip{2, 9, "uid", std::string(32, 'h'), {"0-1-9", "bin.000001", 7, "state"}};
  model::v1::ChainTip proto;
  ToProto(tip, &proto);
  EXPECT_EQ(FromProto(proto), tip);
}

TEST(HeaderConvert, EnumerationsAreNumberedAlike) {
  for (int i = model::v1::SealReason_MIN + 1; i <= model::v1::SealReason_MAX; ++i) {
    std::string name = SealReasonName(static_cast<SealReason>(i));
    for (char& c : name) c = static_cast<char>(toupper(c));
    EXPECT_EQ(model::v1::SealReason_Name(i), "SEAL_REASON_" + name);
  }
  for (int i = model::v1::Codec_MIN; i <= model::v1::Codec_MAX; ++i) {
    std::string name = CodecName(static_cast<Codec>(i));
    for (char& c : name) c = static_cast<char>(toupper(c));
    EXPECT_EQ(model::v1::Codec_Name(i), "CODEC_" + name);
  }
}

TEST(HeaderConvert, AnEnumerationValueOfTheFutureDoesNotPassForAnotherOne) {
  model::v1::WagonHeader proto;
  ToProto(SomeHeader(), &proto);
  proto.set_codec(static_cast<model::v1::Codec>(257));  // 1 in its low byte
  EXPECT_EQ(ValidateHeader(FromProto(proto)).code(), StatusCode::kUnimplemented);
  ToProto(SomeHeader(), &proto);
  proto.set_encryption(static_cast<model::v1::EncryptionMode>(256));
  EXPECT_EQ(ValidateHeader(FromProto(proto)).code(), StatusCode::kUnimplemented);
  ToProto(SomeHeader(), &proto);
  proto.set_seal_reason(static_cast<model::v1::SealReason>(300));
  EXPECT_EQ(FromProto(proto).seal_reason, SealReason::kUnknown);
  EXPECT_TRUE(ValidateHeader(FromProto(proto)).ok());
}

TEST(ValidateHeader, NamesEachFieldThatIsNotRight) {
  ASSERT_TRUE(ValidateHeader(SomeHeader()).ok());
  const std::vector<std::pair<std::string, std::function<void(WagonHeader*)>>> cases = {
      {"uid", [](WagonHeader* h) { h->uid[3] = 'G'; }},
      {"uid", [](WagonHeader* h) { h->uid[3] = 'A'; }},
      {"uid", [](WagonHeader* h) { h->uid.pop_back(); }},
      {"flow", [](WagonHeader* h) { h->flow.clear(); }},
      {"epoch", [](WagonHeader* h) { h->epoch = 0; }},
      {"sequence", [](WagonHeader* h) { h->sequence = 0; }},
      {"last position", [](WagonHeader* h) { h->last.gtid.clear(); }},
      {"the state of a copy", [](WagonHeader* h) { h->last.copy.assign(kCopyStateBytesMax + 1, 'x'); }},
      {"previous_hash", [](WagonHeader* h) { h->previous_hash.clear(); }},
      {"schema_fingerprint", [](WagonHeader* h) { h->schema_fingerprint += 'x'; }},
      {"UTF-8", [](WagonHeader* h) { h->flow = "\xff"; }},
      {"UTF-8", [](WagonHeader* h) { h->last.gtid = "\xc0\xaf"; }},
      {"UTF-8", [](WagonHeader* h) { h->first.file = "\xed\xa0\x80"; }},
      {"UTF-8", [](WagonHeader* h) { h->tables[0].table = "caf\xe9"; }},
      {"UTF-8", [](WagonHeader* h) { h->tables[0].database = "\xe2\x82"; }},
      {"key id", [](WagonHeader* h) { h->key_id = "k"; }},
      {"key id", [](WagonHeader* h) { h->encryption = EncryptionMode::kAes256Gcm; }},
      {"key_id", [](WagonHeader* h) { Encrypted(h)->key_id = "../key"; }},
      {"nonce", [](WagonHeader* h) { Encrypted(h)->nonce.pop_back(); }},
      {"too short", [](WagonHeader* h) { Encrypted(h)->payload_compressed_bytes = 31; }},
      {"sizes",
       [](WagonHeader* h) {
         h->codec = Codec::kNone;
         h->payload_raw_bytes = 1;
       }},
  };
  for (const auto& [named, spoil] : cases) {
    WagonHeader h = SomeHeader();
    spoil(&h);
    const Status status = ValidateHeader(h);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << named;
    EXPECT_NE(status.message().find(named), std::string::npos) << status.message();
  }
}

TEST(ValidateHeader, TakesEveryUtf8ThatProtobufTakes) {
  for (const char* text :
       {"ascii", "é", "€", "\xf0\x9f\x9a\x82", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    WagonHeader h = SomeHeader();
    h.flow = text;
    EXPECT_TRUE(ValidateHeader(h).ok()) << text;
    model::v1::WagonHeader proto;
    EXPECT_TRUE(proto.ParseFromString(Bytes(h))) << text;
  }
}

}  // namespace
}  // namespace srdf::wire
