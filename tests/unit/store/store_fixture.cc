#include "unit/store/store_fixture.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <random>

namespace srdf::store {

void Must(const Status& status) {
  if (status.ok()) return;
  fprintf(stderr, "set-up failed: %s\n", status.ToString().c_str());
  abort();
}

TemporaryDirectory::TemporaryDirectory() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr ? base : "/tmp") + "/srdf-store-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) abort();
}

TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path_); }

std::string FakeHash(uint64_t sequence, const std::string& branch) {
  std::mt19937_64 random(sequence * 1000003 + std::hash<std::string>()(branch));
  std::string hash;
  for (int i = 0; i < 32; ++i) hash.push_back(static_cast<char>(random()));
  return hash;
}

std::string FakeFrame(uint64_t sequence, size_t bytes) {
  std::mt19937_64 random(sequence);
  std::string frame(bytes, '\0');
  for (size_t i = 0; i < bytes; i += 8) {
    const uint64_t word = random();
    memcpy(frame.data() + i, &word, std::min<size_t>(8, bytes - i));
  }
  return frame;
}

WagonHeader FakeHeader(uint64_t sequence, const std::string& previous_hash, const std::string& branch) {
  WagonHeader h;
  char uid[40];
  snprintf(uid, sizeof(uid), "%016llx%016llx",
           static_cast<unsigned long long>(std::hash<std::string>()(branch)),
           static_cast<unsigned long long>(sequence));
  h.uid = uid;
  h.flow = kFlow;
  h.sequence = sequence;
  h.first = {"0-1-" + std::to_string(99 + sequence), "bin.000001", 1000 * sequence};
  h.last = {"0-1-" + std::to_string(100 + sequence) + branch, "bin.000001", 1000 * (sequence + 1)};
  h.commit_time_first_ms = 1700000000000 + static_cast<int64_t>(sequence);
  h.commit_time_last_ms = h.commit_time_first_ms + 5;
  h.opened_at_ms = h.commit_time_first_ms + 1;
  h.closed_at_ms = h.commit_time_first_ms + 9;
  h.transactions = 2;
  h.rows_before = 10;
  h.rows_after = 7;
  h.statements = sequence % 2;
  h.source_bytes = 1000;
  h.bytes_before = 900;
  h.payload_raw_bytes = 500;
  h.payload_compressed_bytes = 200;
  h.seal_reason = SealReason::kAdaptive;
  h.codec = Codec::kZstd;
  h.nonce = std::string("\0\x01\xff", 3);
  h.schema_fingerprint = FakeHash(sequence, "schema");
  h.previous_hash = previous_hash;
  h.first_gtid = "0-1-" + std::to_string(100 + sequence);
  h.last_gtid = h.first_gtid;
  h.tables.push_back({"shop", "orders", 1, 2, 3, 400, 1, 1, 1, 300});
  h.tables.push_back({"shop", "it's \"quoted\"", 4, 0, 0, 500, 4, 0, 0, 500});
  return h;
}

ChainTip TipOf(const WagonHeader& header, const std::string& hash) {
  return {header.epoch, header.sequence, header.uid, hash, header.last};
}

ChainTip Start(const std::string& gtid) { return {1, 0, "", ZeroHash(), {gtid, "bin.000001", 4}}; }

Status Store(Outbox* outbox, const std::string& frame, const std::string& branch, const std::string& flow) {
  SRDF_ASSIGN_OR_RETURN(const OutboxFlow state, outbox->GetFlow(flow));
  SRDF_ASSIGN_OR_RETURN(auto writer, outbox->NewWagon(flow));
  constexpr size_t kPiece = 300'000;
  for (size_t at = 0; at < frame.size(); at += kPiece) {
    SRDF_RETURN_IF_ERROR(writer->Append(std::string_view(frame).substr(at, kPiece)));
  }
  WagonHeader header = FakeHeader(state.tip.sequence + 1, state.tip.hash, branch);
  header.flow = flow;
  return writer->Commit(header, FakeHash(header.sequence, branch));
}

void StoreWagons(Outbox* outbox, int count, const std::string& branch) {
  for (int i = 0; i < count; ++i) {
    const uint64_t sequence = Must(outbox->GetFlow(kFlow)).tip.sequence + 1;
    Must(Store(outbox, FakeFrame(sequence, 100 + sequence), branch));
  }
}

void Deliver(Outbox* outbox, uint64_t sequence) {
  Must(outbox->BeginAttempt(kFlow, sequence));
  Must(outbox->MarkSent(kFlow, sequence));
  Must(outbox->MarkAcked(kFlow, sequence, "accepted"));
}

std::string ReadFrame(Outbox* outbox, uint64_t sequence, uint32_t chunk_count, const std::string& flow) {
  std::string frame;
  for (uint32_t i = 0; i < chunk_count; ++i) frame += Must(outbox->ReadChunk(flow, sequence, i));
  return frame;
}

std::string StatusOf(Outbox* outbox, uint64_t sequence) {
  for (const OutboxWagon& wagon : Must(outbox->List(kFlow, sequence + 1, 100))) {
    if (wagon.header.sequence == sequence && wagon.status != DeliveryStatus::kSuperseded &&
        wagon.status != DeliveryStatus::kMerged) {
      return DeliveryStatusName(wagon.status);
    }
  }
  return "absent";
}

Status Receive(Inbox* inbox, const std::string& frame, const std::string& branch, const std::string& flow) {
  SRDF_ASSIGN_OR_RETURN(const InboxFlow state, inbox->GetFlow(flow));
  WagonHeader header = FakeHeader(state.tip.sequence + 1, state.tip.hash, branch);
  header.flow = flow;
  const std::string hash = FakeHash(header.sequence, branch);
  SRDF_RETURN_IF_ERROR(inbox->BeginWagon(flow, header.sequence, header.uid, hash));
  uint32_t chunk_no = 0;
  for (size_t at = 0; at < frame.size(); at += kChunkBytes) {
    SRDF_RETURN_IF_ERROR(inbox->AppendChunk(flow, header.sequence, chunk_no++,
                                            std::string_view(frame).substr(at, kChunkBytes)));
  }
  return inbox->Accept(header, hash);
}

void ReceiveWagons(Inbox* inbox, int count, const std::string& branch) {
  for (int i = 0; i < count; ++i) {
    const uint64_t sequence = Must(inbox->GetFlow(kFlow)).tip.sequence + 1;
    Must(Receive(inbox, FakeFrame(sequence, 100 + sequence), branch));
  }
}

std::string ReadFrame(Inbox* inbox, uint64_t sequence, uint32_t chunk_count) {
  std::string frame;
  for (uint32_t i = 0; i < chunk_count; ++i) frame += Must(inbox->ReadChunk(kFlow, sequence, i));
  return frame;
}

size_t SizeOfFile(const std::string& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 ? static_cast<size_t>(st.st_size) : 0;
}

}  // namespace srdf::store
