// WagonHeader: everything known of a sealed consistency group besides its rows.
//
// Written once by the batcher, immutable afterwards; stored at the front of the frame (docs/formats/wagon.md)
// and as columns of the outbox and inbox. Hashes are 32 raw bytes of SHA-256.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/position.h"

namespace srdf {

enum class SealReason : uint8_t {
  kUnknown = 0,
  kAdaptive = 1,  // the destination can take the next wagon
  kMaxEvents = 2,
  kMaxBytes = 3,
  kMaxAge = 4,
  kOnCommit = 5,
  kManual = 6,
  kStatement = 7,  // DDL closes the window, and is a wagon of its own
  kHugeTransaction = 8,
  kDrain = 9,     // the batcher stops
  kMerged = 10,   // holds what several wagons held that could not be sent
  kCopy = 11,     // rows of a copy, which are a wagon of their own
  kMark = 12,     // a mark, the same
  kBarrier = 13,  // what comes next is one of these two
};
const char* SealReasonName(SealReason reason);
// What capture has put between transactions of the source: applied where it stands, and merged with nothing.
constexpr bool StandsAlone(SealReason reason) {
  return reason == SealReason::kCopy || reason == SealReason::kMark;
}

enum class Codec : uint8_t { kNone = 0, kZstd = 1, kGzip = 2 };
const char* CodecName(Codec codec);

enum class EncryptionMode : uint8_t { kNone = 0, kAes256Gcm = 1 };

// Changes of one table in a wagon, before and after compaction. Bytes are row bytes (images and keys).
struct TableManifest {
  std::string database;
  std::string table;
  uint64_t inserts_before = 0, updates_before = 0, deletes_before = 0, bytes_before = 0;
  uint64_t inserts_after = 0, updates_after = 0, deletes_after = 0, bytes_after = 0;
};

struct WagonHeader {
  std::string uid;  // 32 lower-case hex digits, random
  std::string flow;
  uint64_t epoch = 1;
  uint64_t sequence = 0;  // 1, 2, 3 … per flow and epoch
  SourcePosition first;   // position before the first transaction
  SourcePosition last;    // position after the last transaction: where capture resumes
  int64_t commit_time_first_ms = 0;
  int64_t commit_time_last_ms = 0;
  int64_t opened_at_ms = 0;
  int64_t closed_at_ms = 0;
  uint64_t transactions = 0;
  uint64_t rows_before = 0;
  uint64_t rows_after = 0;
  uint64_t statements = 0;
  uint64_t source_bytes = 0;              // bytes of these transactions in the source's log
  uint64_t bytes_before = 0;              // row bytes before compaction
  uint64_t payload_raw_bytes = 0;         // payload before compression
  uint64_t payload_compressed_bytes = 0;  // payload as stored
  SealReason seal_reason = SealReason::kUnknown;
  Codec codec = Codec::kZstd;
  EncryptionMode encryption = EncryptionMode::kNone;
  std::string key_id;
  std::string nonce;
  std::string schema_fingerprint;  // SHA-256 over the encoded schemas, in payload order
  std::string previous_hash;       // frame hash of the wagon before; 32 zero bytes for the first
  std::string first_gtid;          // of the first and last transaction, for people
  std::string last_gtid;
  std::vector<TableManifest> tables;
};

// What the next wagon of a flow must fit to.
struct ChainTip {
  uint64_t epoch = 1;
  uint64_t sequence = 0;    // of the last wagon; 0: none yet
  std::string uid;          // of the last wagon; empty: none yet
  std::string hash;         // its frame hash; 32 zero bytes when there is none
  SourcePosition position;  // its last position

  friend bool operator==(const ChainTip&, const ChainTip&) = default;
};

inline std::string ZeroHash() { return std::string(32, '\0'); }

}  // namespace srdf
