// Encrypted wagons: what was sealed comes back for who has the key, and for nobody else; whatever is changed
// on the way is refused, also by somebody who can make the frame's SHA-256 right again.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <set>

#include "codec/codec.h"
#include "unit/wire/frame_fixture.h"
#include "wire/frame_format.h"
#include "wire/header_convert.h"
#include "wire/payload_cipher.h"
#include "wire/sha256.h"

namespace srdf::wire {
namespace {

using test::Frame;
using test::MakeFrame;
using test::PiecesOf;
using test::ReadBack;
using test::RunRecord;
using test::SchemaRecord;
using test::Verify;
using ::testing::HasSubstr;

constexpr std::string_view kPlanted = "PLANTED-SECRET-4711";

class Keys : public crypto::KeyProvider {
 public:
  void Add(crypto::WagonKeyPtr key) { keys_[key->id] = std::move(key); }
  Result<crypto::WagonKeyPtr> Find(const std::string& key_id) override {
    const auto it = keys_.find(key_id);
    if (it != keys_.end()) return it->second;
    return Status(StatusCode::kFailedPrecondition, "no key " + key_id, "bring it");
  }

 private:
  std::map<std::string, crypto::WagonKeyPtr> keys_;
};

crypto::WagonKeyPtr NewKey(const std::string& id) {
  return std::make_shared<crypto::WagonKey>(crypto::WagonKey{id, crypto::SecretKey::Random()});
}

class EncryptedWagon : public ::testing::Test {
 protected:
  EncryptedWagon() { keys_.Add(key_); }

  WagonBuilderOptions Options(Codec codec = Codec::kZstd, int level = 3) const {
    WagonBuilderOptions options;
    options.codec = codec;
    options.level = level;
    options.key = key_;
    options.spill_dir = ::testing::TempDir();
    return options;
  }
  Frame Make(const std::vector<std::string>& records, Codec codec = Codec::kZstd) const {
    return MakeFrame(records, Options(codec));
  }
  Result<std::string> Read(const std::string& bytes, size_t piece_bytes = 100'000) {
    SRDF_ASSIGN_OR_RETURN(const auto reader, WagonReader::Open(PiecesOf(bytes, piece_bytes)));
    SRDF_RETURN_IF_ERROR(reader->Unlock(&keys_));
    std::string all;
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const std::string_view records, reader->Next());
      if (records.empty()) return all;
      all.append(records);
    }
  }

  crypto::WagonKeyPtr key_ = NewKey("blue");
  Keys keys_;
};

std::string Planted() {
  std::string record;
  RowRunWriter writer(&record);
  writer.Begin({1, RowOp::kInsert, 0, {}, "\x03"});
  for (int i = 0; i < 50; ++i) writer.Add({0, kPlanted, {}, {}, kPlanted});
  writer.End();
  return SchemaRecord(1) + record;
}

// The frame with another header or payload, and the SHA-256 that goes with it: what somebody in between, who
// has no key, can make.
std::string Rehashed(std::string bytes) {
  bytes.resize(bytes.size() - kSha256Bytes);
  Sha256 sha;
  sha.Append(bytes);
  return bytes + sha.Finish();
}
std::string WithHeader(const Frame& frame, const WagonHeader& header) {
  const size_t front_bytes = *FrameFrontBytes(std::string_view(frame.bytes).substr(0, kFramePrefixBytes));
  std::string bytes;
  EXPECT_TRUE(EncodeFrameFront(header, &bytes).ok());
  return Rehashed(bytes + frame.bytes.substr(front_bytes));
}
std::string WithPayload(const Frame& frame, const std::string& payload, bool right_length = true) {
  WagonHeader header = frame.header;
  if (right_length) header.payload_compressed_bytes = payload.size();
  std::string bytes;
  EXPECT_TRUE(EncodeFrameFront(header, &bytes).ok());
  return Rehashed(bytes + payload + std::string(kSha256Bytes, '\0'));
}
std::string PayloadOf(const Frame& frame) {
  const size_t front_bytes = *FrameFrontBytes(std::string_view(frame.bytes).substr(0, kFramePrefixBytes));
  return frame.bytes.substr(front_bytes, frame.header.payload_compressed_bytes);
}

TEST_F(EncryptedWagon, ComesBackWithEveryCodecAndLevel) {
  const std::string records = SchemaRecord(1) + RunRecord(1, 300'000, 7) + RunRecord(1, 200'000, 0);
  struct Case {
    Codec codec;
    int level;
  };
  for (const Case& c : {Case{Codec::kNone, 1}, Case{Codec::kGzip, 1}, Case{Codec::kGzip, 9},
                        Case{Codec::kZstd, 1}, Case{Codec::kZstd, 3}, Case{Codec::kZstd, 19}}) {
    const Frame frame = MakeFrame({records}, Options(c.codec, c.level));
    EXPECT_EQ(frame.header.encryption, EncryptionMode::kAes256Gcm);
    EXPECT_EQ(frame.header.key_id, "blue");
    EXPECT_EQ(frame.header.codec, c.codec);
    // Checked as the shipper and the receiver check it: without a key.
    WagonHeader header;
    std::string hash;
    EXPECT_TRUE(Verify(frame.bytes, 777, &header, &hash).ok());
    EXPECT_EQ(hash, frame.hash);
    for (const size_t piece_bytes : {size_t{1000}, size_t{65'552}, size_t{1} << 20}) {
      const auto read = Read(frame.bytes, piece_bytes);
      ASSERT_TRUE(read.ok()) << CodecName(c.codec) << c.level << ": " << read.status().ToString();
      EXPECT_EQ(*read, records);
    }
  }
}

TEST_F(EncryptedWagon, OfEverySizeAroundASegmentComesBack) {
  const size_t overhead = RunRecord(1, 0, 0).size();
  for (const size_t segments : {0u, 1u, 2u}) {
    for (const int delta : {-2, -1, 0, 1, 2}) {
      const int64_t wanted = static_cast<int64_t>(segments * kSegmentPlainBytes) + delta;
      std::string records;
      if (wanted > static_cast<int64_t>(overhead) + 8) {
        records = RunRecord(1, static_cast<size_t>(wanted) - overhead, 3);
        // Lengths of varying width: the last bytes are found by trying.
        for (size_t n = 0; records.size() != static_cast<size_t>(wanted) && n < 16; ++n)
          records = RunRecord(1, static_cast<size_t>(wanted) - overhead - n, 3);
        ASSERT_EQ(records.size(), static_cast<size_t>(wanted));
      }
      const Frame frame = Make(
          records.empty() ? std::vector<std::string>{} : std::vector<std::string>{records}, Codec::kNone);
      const size_t count =
          std::max<size_t>(1, (records.size() + kSegmentPlainBytes - 1) / kSegmentPlainBytes);
      EXPECT_EQ(frame.header.payload_compressed_bytes, kHeaderTagBytes + records.size() + 16 * count);
      const auto read = Read(frame.bytes);
      ASSERT_TRUE(read.ok()) << records.size() << ": " << read.status().ToString();
      EXPECT_EQ(*read, records);
    }
  }
}

TEST_F(EncryptedWagon, ShowsNothingOfItsRowsAndNothingOfItsKey) {
  for (const Codec codec : {Codec::kNone, Codec::kGzip, Codec::kZstd}) {
    const Frame frame = Make({Planted()}, codec);
    EXPECT_EQ(frame.bytes.find(kPlanted), std::string::npos);
    EXPECT_EQ(frame.bytes.find(std::string(key_->secret.bytes())), std::string::npos);
    EXPECT_THAT(*Read(frame.bytes), HasSubstr(std::string(kPlanted)));
  }
  WagonBuilderOptions clear = Options(Codec::kNone);
  clear.key = nullptr;
  EXPECT_NE(MakeFrame({Planted()}, clear).bytes.find(kPlanted), std::string::npos) << "the test can fail";
}

TEST_F(EncryptedWagon, SpillsCiphertextOnly) {
  // The spill file has no name; it is seen through the descriptors of this process.
  WagonBuilderOptions options = Options(Codec::kNone);
  options.memory_bytes_max = 100'000;
  auto builder = NewWagonBuilder(options);
  ASSERT_TRUE(builder.ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE((*builder)->Append(Planted() + RunRecord(1, 1'500'000, 5)).ok());
  size_t spilled = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (target.find("/wagon-") == std::string::npos) continue;
    const int fd = open(entry.path().c_str(), O_RDONLY);
    std::string bytes(8u << 20, '\0');
    const ssize_t n = pread(fd, bytes.data(), bytes.size(), 0);
    close(fd);
    ASSERT_GT(n, 0);
    bytes.resize(static_cast<size_t>(n));
    spilled += bytes.size();
    EXPECT_EQ(bytes.find(kPlanted), std::string::npos);
  }
  EXPECT_GT(spilled, 1'000'000u) << "nothing was spilled";
}

TEST_F(EncryptedWagon, WithoutItsKeyGivesItsHeaderAndNoRow) {
  const Frame frame = Make({Planted()});
  Keys none;
  const auto reader = WagonReader::Open(PiecesOf(frame.bytes));
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  EXPECT_EQ((*reader)->header().uid, frame.header.uid);
  EXPECT_EQ((*reader)->Next().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT((*reader)->Next().status().message(), HasSubstr("blue"));
  EXPECT_EQ((*reader)->Unlock(&none).code(), StatusCode::kFailedPrecondition);
  // The key may come later.
  EXPECT_TRUE((*reader)->Unlock(&keys_).ok());
  EXPECT_TRUE((*reader)->Next().ok());
}

TEST_F(EncryptedWagon, WithAnotherKeyOfItsNameIsRefusedWithBothNamed) {
  const Frame frame = Make({Planted()});
  keys_.Add(NewKey("blue"));
  const Status refused = Read(frame.bytes).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("blue"));
  EXPECT_THAT(refused.message(), HasSubstr(frame.header.uid));
  EXPECT_THAT(refused.remedy(), HasSubstr("srdfctl key list"));
}

TEST_F(EncryptedWagon, AFrameWithoutEncryptionNeedsNoKey) {
  const std::string records = Planted();
  const Frame frame = MakeFrame({records});
  EXPECT_EQ(frame.header.encryption, EncryptionMode::kNone);
  EXPECT_EQ(*Read(frame.bytes), records);
}

TEST_F(EncryptedWagon, EveryChangedHeaderFieldIsRefusedAlsoWithARightHash) {
  const Frame frame = Make({Planted()});
  ASSERT_TRUE(Read(WithHeader(frame, frame.header)).ok()) << "the forger's tools work";
  const auto other_hash = [](std::string* hash) { (*hash)[0] = static_cast<char>((*hash)[0] ^ 1); };
  const std::vector<std::pair<std::string, std::function<void(WagonHeader*)>>> changes = {
      {"uid", [](WagonHeader* h) { h->uid[0] = h->uid[0] == 'a' ? 'b' : 'a'; }},
      {"flow", [](WagonHeader* h) { h->flow = "other"; }},
      {"epoch", [](WagonHeader* h) { ++h->epoch; }},
      {"sequence", [](WagonHeader* h) { ++h->sequence; }},
      {"first", [](WagonHeader* h) { h->first.gtid = "0-1-99"; }},
      {"last", [](WagonHeader* h) { h->last.gtid = "0-1-999"; }},
      {"last file", [](WagonHeader* h) { ++h->last.offset; }},
      {"first and last copy", [](WagonHeader* h) { h->first.copy = h->last.copy = "state"; }},
      {"commit_time_first_ms", [](WagonHeader* h) { ++h->commit_time_first_ms; }},
      {"commit_time_last_ms", [](WagonHeader* h) { ++h->commit_time_last_ms; }},
      {"opened_at_ms", [](WagonHeader* h) { ++h->opened_at_ms; }},
      {"closed_at_ms", [](WagonHeader* h) { ++h->closed_at_ms; }},
      {"transactions", [](WagonHeader* h) { ++h->transactions; }},
      {"rows_before", [](WagonHeader* h) { ++h->rows_before; }},
      {"rows_after", [](WagonHeader* h) { ++h->rows_after; }},
      {"statements", [](WagonHeader* h) { ++h->statements; }},
      {"source_bytes", [](WagonHeader* h) { ++h->source_bytes; }},
      {"bytes_before", [](WagonHeader* h) { ++h->bytes_before; }},
      {"payload_raw_bytes", [](WagonHeader* h) { ++h->payload_raw_bytes; }},
      {"seal_reason", [](WagonHeader* h) { h->seal_reason = SealReason::kDrain; }},
      {"codec", [](WagonHeader* h) { h->codec = Codec::kNone; }},
      {"key_id", [](WagonHeader* h) { h->key_id = "green"; }},
      {"nonce", [](WagonHeader* h) { h->nonce[20] = static_cast<char>(h->nonce[20] ^ 1); }},
      {"schema_fingerprint", [&](WagonHeader* h) { other_hash(&h->schema_fingerprint); }},
      {"previous_hash", [&](WagonHeader* h) { other_hash(&h->previous_hash); }},
      {"first_gtid", [](WagonHeader* h) { h->first_gtid += "1"; }},
      {"last_gtid", [](WagonHeader* h) { h->last_gtid += "1"; }},
      {"table name", [](WagonHeader* h) { h->tables[0].table = "t"; }},
      {"tables", [](WagonHeader* h) { h->tables.clear(); }},
  };
  // A key of the other name that is the same key: the name is authenticated all the same.
  keys_.Add(std::make_shared<crypto::WagonKey>(crypto::WagonKey{"green", key_->secret.Clone()}));
  std::set<int> changed_fields;
  model::v1::WagonHeader as_sealed;
  ToProto(frame.header, &as_sealed);
  for (const auto& [name, change] : changes) {
    WagonHeader header = frame.header;
    change(&header);
    EXPECT_EQ(Read(WithHeader(frame, header)).status().code(), StatusCode::kFailedPrecondition) << name;
    model::v1::WagonHeader proto;
    ToProto(header, &proto);
    for (int i = 0; i < proto.GetDescriptor()->field_count(); ++i) {
      const auto* field = proto.GetDescriptor()->field(i);
      model::v1::WagonHeader a, b;
      const auto only = [&](const model::v1::WagonHeader& from, model::v1::WagonHeader* to) {
        to->CopyFrom(from);
        for (int j = 0; j < proto.GetDescriptor()->field_count(); ++j) {
          if (j != i) to->GetReflection()->ClearField(to, proto.GetDescriptor()->field(j));
        }
      };
      only(as_sealed, &a);
      only(proto, &b);
      if (a.SerializeAsString() != b.SerializeAsString()) changed_fields.insert(field->number());
    }
  }
  // Besides the two that the reader refuses before it asks for a key.
  EXPECT_EQ(static_cast<int>(changed_fields.size()), as_sealed.GetDescriptor()->field_count() - 2)
      << "a header field is not tested: add it";
  EXPECT_FALSE(Read(WithPayload(frame, PayloadOf(frame) + "x")).ok()) << "payload_compressed_bytes";
  WagonHeader in_clear = frame.header;
  in_clear.encryption = EncryptionMode::kNone;
  in_clear.key_id.clear();
  in_clear.nonce.clear();
  EXPECT_FALSE(Read(WithHeader(frame, in_clear)).ok()) << "encryption";
}

TEST_F(EncryptedWagon, EveryFlippedByteIsRefusedAlsoWithARightHash) {
  test::Quiet quiet;
  const Frame frame = Make({SchemaRecord(1) + RunRecord(1, 200'000, 9)}, Codec::kNone);
  const size_t payload_at = frame.bytes.size() - kSha256Bytes - frame.header.payload_compressed_bytes;
  std::vector<size_t> places;
  for (size_t at = 0; at < payload_at + 100; ++at) places.push_back(at);  // front, header tag, first segment
  for (size_t segment = 1; segment <= 3; ++segment) {
    const size_t border = payload_at + kHeaderTagBytes + segment * kSegmentSealedBytes;
    for (size_t at = border - 20; at < border + 20; ++at)
      places.push_back(at);  // tags, and what follows them
  }
  for (size_t at = frame.bytes.size() - kSha256Bytes - 20; at < frame.bytes.size() - kSha256Bytes; ++at)
    places.push_back(at);
  for (const size_t at : places) {
    std::string changed = frame.bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    EXPECT_FALSE(Read(Rehashed(changed)).ok()) << "byte " << at;
    WagonHeader header;
    std::string hash;
    EXPECT_FALSE(Verify(changed, 100'000, &header, &hash).ok()) << "byte " << at << ", without a key";
  }
}

TEST_F(EncryptedWagon, SegmentsThatAreSwappedRepeatedDroppedOrCutOffAreRefused) {
  const Frame frame = Make({SchemaRecord(1) + RunRecord(1, 250'000, 9)}, Codec::kNone);
  const std::string payload = PayloadOf(frame);
  const std::string tag = payload.substr(0, kHeaderTagBytes);
  std::vector<std::string> segments;
  for (size_t at = kHeaderTagBytes; at < payload.size(); at += kSegmentSealedBytes)
    segments.push_back(payload.substr(at, kSegmentSealedBytes));
  ASSERT_EQ(segments.size(), 4u);
  const auto joined = [&](const std::vector<size_t>& order) {
    std::string out = tag;
    for (const size_t i : order) out += segments[i];
    return out;
  };
  ASSERT_TRUE(Read(WithPayload(frame, joined({0, 1, 2, 3}))).ok()) << "the forger's tools work";
  EXPECT_EQ(Read(WithPayload(frame, joined({1, 0, 2, 3}))).status().code(), StatusCode::kDataLoss)
      << "swapped";
  EXPECT_EQ(Read(WithPayload(frame, joined({0, 0, 2, 3}))).status().code(), StatusCode::kDataLoss)
      << "repeated";
  // With another length the header is another one. With the old length the frame is torn.
  for (const std::vector<size_t>& order :
       std::vector<std::vector<size_t>>{{0, 1, 2}, {0, 1}, {0}, {0, 1, 3}, {1, 2, 3}, {0, 1, 2, 3, 3}, {3}}) {
    EXPECT_FALSE(Read(WithPayload(frame, joined(order))).ok());
    WagonHeader header;
    std::string hash;
    EXPECT_FALSE(Verify(WithPayload(frame, joined(order), false), 100'000, &header, &hash).ok());
  }
  for (const size_t bytes : {0, 1, 15, 16, 17, 31, 32}) {
    std::string torn = frame.bytes.substr(0, frame.bytes.size() - kSha256Bytes - payload.size() + bytes);
    EXPECT_EQ(Read(torn).status().code(), StatusCode::kDataLoss) << bytes;
  }
}

// Somebody who had the key once, and could forge a header tag, would still be stopped by the last flag.
TEST_F(EncryptedWagon, ASealedStreamThatIsCutAtASegmentIsRefusedByItsLastFlag) {
  const std::string nonce(24, 'n');
  PayloadSealer sealer(*key_, nonce);
  std::string plain(kSegmentPlainBytes * 2 + 5, 'x'), sealed;
  sealer.Finish(&plain, &sealed);
  ASSERT_EQ(sealed.size(), 2 * kSegmentSealedBytes + 5 + crypto::kAeadTagBytes);
  PayloadOpener opener(*key_, nonce);
  std::string out;
  EXPECT_TRUE(opener.Open(sealed.substr(0, kSegmentSealedBytes), false, &out).ok());
  EXPECT_FALSE(opener.Open(sealed.substr(kSegmentSealedBytes, kSegmentSealedBytes), true, &out).ok());
  EXPECT_EQ(out.size(), kSegmentPlainBytes);
}

TEST_F(EncryptedWagon, EveryWagonHasANonceOfItsOwn) {
  std::set<std::string> nonces, payloads;
  for (int i = 0; i < 200; ++i) {
    const Frame frame = Make({Planted()});
    nonces.insert(frame.header.nonce);
    payloads.insert(PayloadOf(frame));
  }
  EXPECT_EQ(nonces.size(), 200u);
  EXPECT_EQ(payloads.size(), 200u) << "equal rows must not look equal";
}

// Not a test of speed: it prints what encryption costs here.
TEST_F(EncryptedWagon, SealsAtTheRateItPrints) {
  const std::string records = RunRecord(1, 60u << 20, 11);
  for (const Codec codec : {Codec::kNone, Codec::kZstd}) {
    for (const bool encrypted : {false, true}) {
      WagonBuilderOptions options = Options(codec);
      options.memory_bytes_max = 128u << 20;
      if (!encrypted) options.key = nullptr;
      const auto begin = std::chrono::steady_clock::now();
      auto builder = NewWagonBuilder(options);
      ASSERT_TRUE((*builder)->Append(records).ok());
      WagonHeader header = test::SomeHeader();
      std::string hash;
      ASSERT_TRUE((*builder)
                      ->Finish(
                          &header, 1u << 20, [](std::string_view) { return Status(); }, &hash)
                      .ok());
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      std::cout << CodecName(codec) << (encrypted ? ", encrypted: " : ", in clear: ")
                << static_cast<int>(static_cast<double>(records.size()) / 1e6 / seconds.count()) << " MB/s\n";
    }
  }
}

}  // namespace
}  // namespace srdf::wire
