// An encrypted frame that somebody without the key has changed, hash put right: whatever the reader gives out
// is what was sealed, from its beginning.
#include <algorithm>

#include "crypto/key_ring.h"
#include "fuzz/fuzz_target.h"
#include "unit/wire/frame_fixture.h"
#include "wire/sha256.h"

namespace srdf::fuzz {

namespace {

// The same in every process: seeds that one writes, another reads.
class TheKey : public crypto::KeyProvider {
 public:
  TheKey()
      : key_(std::make_shared<crypto::WagonKey>(
            crypto::WagonKey{"fuzz", *crypto::SecretKey::FromBytes(std::string(crypto::kKeyBytes, 'k'))})) {}
  Result<crypto::WagonKeyPtr> Find(const std::string& key_id) override {
    if (key_id == key_->id) return key_;
    return Status(StatusCode::kFailedPrecondition, "no key " + key_id, "bring it");
  }
  const crypto::WagonKeyPtr& key() const { return key_; }

 private:
  const crypto::WagonKeyPtr key_;
};

TheKey& Key() {
  static TheKey key;
  return key;
}

// More than two segments, so that they can be exchanged.
std::vector<std::string> Records() {
  std::vector<std::string> records = {wire::test::SchemaRecord(1)};
  for (uint64_t i = 1; i <= 5; ++i) records.push_back(wire::test::RunRecord(1, 30'000, i));
  return records;
}

const std::string& Sealed() {
  static const std::string all = [] {
    std::string text;
    for (const std::string& record : Records()) text += record;
    return text;
  }();
  return all;
}

void Take(std::string_view frame) {
  auto reader = wire::WagonReader::Open(wire::test::PiecesOf(std::string(frame), 10'000));
  if (!reader.ok() || !(*reader)->Unlock(&Key()).ok()) return;
  if ((*reader)->header().encryption == EncryptionMode::kNone) return;  // frame_fuzz looks at these
  std::string given;
  for (;;) {
    const auto records = (*reader)->Next();
    if (!records.ok() || records->empty()) break;
    given.append(*records);
    Require(given.size() <= Sealed().size() && Sealed().compare(0, given.size(), given) == 0,
            "an encrypted wagon gives what nobody has sealed");
  }
}

}  // namespace

void FuzzOne(std::string_view input) {
  const wire::test::Quiet quiet;
  Take(input);
  if (input.size() < wire::kSha256Bytes) return;
  std::string righted(input.substr(0, input.size() - wire::kSha256Bytes));
  wire::Sha256 sha;
  sha.Append(righted);
  Take(righted + sha.Finish());
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const Codec codec : {Codec::kNone, Codec::kZstd}) {
    wire::WagonBuilderOptions options;
    options.codec = codec;
    options.key = Key().key();
    seeds.push_back(wire::test::MakeFrame(Records(), options).bytes);
  }
  return seeds;
}

}  // namespace srdf::fuzz
