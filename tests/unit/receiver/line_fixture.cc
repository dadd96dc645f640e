#include "unit/receiver/line_fixture.h"

#include <algorithm>
#include <random>

#include "codec/crc32.h"
#include "wire/frame_format.h"
#include "wire/sha256.h"

namespace srdf::receiver::test {

Wagon MakeWagon(WagonHeader header, const std::string& payload) {
  Wagon wagon;
  header.codec = Codec::kNone;
  header.encryption = EncryptionMode::kNone;
  header.key_id.clear();
  header.nonce.clear();
  header.payload_raw_bytes = header.payload_compressed_bytes = payload.size();
  store::Must(wire::EncodeFrameFront(header, &wagon.frame));
  wagon.frame += payload;
  wire::Sha256 sha;
  sha.Append(wagon.frame);
  wagon.hash = sha.Finish();
  wagon.frame += wagon.hash;
  wagon.header = std::move(header);
  return wagon;
}

WagonHeader HeaderAfter(uint64_t sequence, const std::string& previous_hash, const std::string& branch) {
  WagonHeader header = store::FakeHeader(sequence, previous_hash, branch);
  header.epoch = kEpoch;
  return header;
}

Messages Cut(const Wagon& wagon, size_t chunk_bytes, bool with_checksums) {
  Messages messages;
  const size_t count = (wagon.frame.size() + chunk_bytes - 1) / chunk_bytes;
  for (size_t i = 0; i < count; ++i) {
    Message message{wagon.header.sequence,
                    wagon.header.uid,
                    wagon.hash,
                    static_cast<uint32_t>(i),
                    static_cast<uint32_t>(count),
                    wagon.frame.substr(i * chunk_bytes, chunk_bytes),
                    std::nullopt};
    if (with_checksums) message.crc32 = codec::Crc32(message.data);
    messages.push_back(std::move(message));
  }
  return messages;
}

Line::Line() {
  inbox_ = store::Must(store::Inbox::Open(directory_ / "inbox.db"));
  ChainTip start = store::Start();
  start.epoch = kEpoch;
  start.sequence = kFirstSequence - 1;
  start.uid = std::string(32, 'a');
  start.hash = std::string(32, 'h');
  store::Must(inbox_->AdoptCheckpoint(store::kFlow, start));
  config::FlowConfig config;
  config.name = store::kFlow;
  flow_ = std::make_unique<ReceiverFlow>(config, inbox_.get());
  Reconnect();
}

std::vector<Wagon> Line::MakeWagons(int count, size_t payload_bytes) const {
  std::vector<Wagon> wagons;
  std::string previous(32, 'h');
  for (int i = 0; i < count; ++i) {
    const uint64_t sequence = kFirstSequence + static_cast<uint64_t>(i);
    std::string payload(payload_bytes, '\0');
    std::mt19937_64 random(sequence);
    for (char& c : payload) c = static_cast<char>(random());
    wagons.push_back(MakeWagon(HeaderAfter(sequence, previous), payload));
    previous = wagons.back().hash;
  }
  return wagons;
}

void Line::Reconnect() { intake_ = std::make_unique<DeliverIntake>(flow_.get(), "test"); }

std::vector<WagonReceipt> Line::Send(const Messages& messages, Status* ended) {
  std::vector<WagonReceipt> receipts;
  for (const Message& message : messages) {
    *ended = intake_->Append(message.chunk(), &receipts);
    if (!ended->ok()) break;
  }
  return receipts;
}

void Line::SendHonestly(const std::vector<Wagon>& wagons, size_t chunk_bytes) {
  for (int tries = 0; tries < kTriesMax && Tip().sequence < wagons.back().header.sequence; ++tries) {
    SendOnce(wagons, chunk_bytes);
  }
  ASSERT_EQ(Tip().sequence, wagons.back().header.sequence);
  ASSERT_EQ(Tip().hash, wagons.back().hash);
}

void Line::SendOnce(const std::vector<Wagon>& wagons, size_t chunk_bytes) {
  Reconnect();
  const ChainTip tip = Tip();
  const store::PartialWagon partial = store::Must(inbox_->GetPartial(store::kFlow));
  for (const Wagon& wagon : wagons) {
    if (wagon.header.sequence <= tip.sequence) continue;
    Messages messages = Cut(wagon, chunk_bytes);
    if (partial.uid == wagon.header.uid && partial.hash == wagon.hash) {
      const auto first = std::min<size_t>(partial.chunks, messages.size() - 1);
      messages.erase(messages.begin(), messages.begin() + static_cast<long>(first));
    }
    Status ended;
    const auto receipts = Send(messages, &ended);
    ASSERT_OK(ended);
    ASSERT_EQ(receipts.size(), 1u) << wagon.header.sequence;
    if (receipts[0].kind != ReceiptKind::kAccepted) return;
  }
}

void Line::ExpectHolds(const Wagon& wagon) {
  const auto stored = store::Must(inbox_->List(store::kFlow, wagon.header.sequence + 1, 1));
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].header.sequence, wagon.header.sequence);
  EXPECT_EQ(stored[0].hash, wagon.hash);
  EXPECT_TRUE(store::ReadFrame(inbox_.get(), wagon.header.sequence, stored[0].chunk_count) == wagon.frame);
}

}  // namespace srdf::receiver::test
