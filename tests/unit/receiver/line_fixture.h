// A line from an honest sender to a real inbox, for tests that damage what is on it: wagons with true frames,
// their chunks as messages that own their bytes, and the receiver's intake behind it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "receiver/deliver_intake.h"
#include "unit/store/store_fixture.h"

namespace srdf::receiver::test {

struct Wagon {
  WagonHeader header;
  std::string hash;
  std::string frame;
};

// The wagon as its header has it; payload sizes and hash are filled in.
Wagon MakeWagon(WagonHeader header, const std::string& payload);
// The wagon after `previous`, of flow store::kFlow and epoch kEpoch; `seed` varies it.
constexpr uint64_t kEpoch = 2;
constexpr uint64_t kFirstSequence = 11;  // of the first wagon of a line
WagonHeader HeaderAfter(uint64_t sequence, const std::string& previous_hash, const std::string& branch = "");

// A chunk that owns what it says.
struct Message {
  uint64_t sequence = 0;
  std::string uid;
  std::string hash;
  uint32_t chunk_no = 0;
  uint32_t chunk_count = 0;
  std::string data;
  std::optional<uint32_t> crc32;

  Chunk chunk() const { return {sequence, uid, hash, chunk_no, chunk_count, data, crc32}; }
};
using Messages = std::vector<Message>;
Messages Cut(const Wagon& wagon, size_t chunk_bytes, bool with_checksums = true);

class Line {
 public:
  // An inbox whose target stands before wagon kFirstSequence.
  Line();

  // `count` true wagons, each chained to the one before.
  std::vector<Wagon> MakeWagons(int count, size_t payload_bytes) const;
  // A new stream.
  void Reconnect();
  // Brings the messages over the present stream. The receipts said; *ended: why the stream ended, if it did.
  std::vector<WagonReceipt> Send(const Messages& messages, Status* ended);
  // What a shipper does: asks on a new stream what is there, and sends the rest; up to kTriesMax times, since
  // what is there of a wagon may turn out to be damaged.
  static constexpr int kTriesMax = 2;
  void SendHonestly(const std::vector<Wagon>& wagons, size_t chunk_bytes);
  // The inbox holds exactly these bytes.
  void ExpectHolds(const Wagon& wagon);

  store::Inbox* inbox() { return inbox_.get(); }
  ReceiverFlow* flow() { return flow_.get(); }
  ChainTip Tip() { return store::Must(inbox_->GetFlow(store::kFlow)).tip; }

 private:
  void SendOnce(const std::vector<Wagon>& wagons, size_t chunk_bytes);

  store::TemporaryDirectory directory_;
  std::unique_ptr<store::Inbox> inbox_;
  std::unique_ptr<ReceiverFlow> flow_;
  std::unique_ptr<DeliverIntake> intake_;
};

}  // namespace srdf::receiver::test
