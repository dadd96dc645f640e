// Binlog events: the common header and the small events, decoded from raw bytes.
//
// Decoders here never trust a length: everything goes through ByteReader, and rubbish is kDataLoss. Views in
// decoded structs live as long as the event's bytes. Larger events have their own files: query_event.h,
// table_map.h, rows_event.h. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/gtid_position.h"

namespace srdf::engine_mariadb {

// Type codes of the log; names as in the server's documentation.
enum class EventType : uint8_t {
  kUnknown = 0,
  kStartV3 = 1,
  kQuery = 2,
  kStop = 3,
  kRotate = 4,
  kIntvar = 5,
  kLoad = 6,
  kSlave = 7,
  kCreateFile = 8,
  kAppendBlock = 9,
  kExecLoad = 10,
  kDeleteFile = 11,
  kNewLoad = 12,
  kRand = 13,
  kUserVar = 14,
  kFormatDescription = 15,
  kXid = 16,
  kBeginLoadQuery = 17,
  kExecuteLoadQuery = 18,
  kTableMap = 19,
  kWriteRowsV1 = 23,
  kUpdateRowsV1 = 24,
  kDeleteRowsV1 = 25,
  kIncident = 26,
  kHeartbeat = 27,
  kIgnorable = 28,
  kRowsQuery = 29,
  kWriteRows = 30,
  kUpdateRows = 31,
  kDeleteRows = 32,
  kMysqlGtid = 33,
  kMysqlAnonymousGtid = 34,
  kMysqlPreviousGtids = 35,
  kXaPrepare = 38,
  kAnnotateRows = 160,
  kBinlogCheckpoint = 161,
  kGtid = 162,
  kGtidList = 163,
  kStartEncryption = 164,
  kQueryCompressed = 165,
  kWriteRowsCompressedV1 = 166,
  kUpdateRowsCompressedV1 = 167,
  kDeleteRowsCompressedV1 = 168,
  kWriteRowsCompressed = 169,
  kUpdateRowsCompressed = 170,
  kDeleteRowsCompressed = 171,
};
// "WRITE_ROWS_V1"; "type 172" for codes without a name.
std::string EventTypeName(uint8_t type);

constexpr size_t kEventHeaderBytes = 19;
constexpr size_t kChecksumBytes = 4;

// Flags of the header.
constexpr uint16_t kEventArtificial =
    0x0020;  // made by the server for this connection; never moves a position
constexpr uint16_t kEventIgnorable = 0x0080;

struct EventHeader {
  uint32_t timestamp = 0;  // seconds since the epoch, 0 in artificial events
  uint8_t type = 0;
  uint32_t server_id = 0;
  uint32_t length = 0;        // of the whole event with its checksum
  uint32_t end_position = 0;  // offset of the next event in its file, modulo 2^32; 0 in artificial events
  uint16_t flags = 0;

  EventType event_type() const { return static_cast<EventType>(type); }
  bool artificial() const { return (flags & kEventArtificial) != 0; }
};

// A whole event: the header, and what follows it without the checksum.
struct EventView {
  EventHeader header;
  ByteView body;
};

// Checks that the header's length is the length of `event` (checksum included). The body still has its
// checksum; the stream cuts it.
Result<EventView> DecodeEvent(ByteView event);

enum class ChecksumAlgorithm : uint8_t { kNone = 0, kCrc32 = 1 };

struct FormatDescription {
  uint16_t binlog_version = 0;
  std::string server_version;
  ChecksumAlgorithm checksum = ChecksumAlgorithm::kNone;
};
// `body` includes the four bytes that every format description has in the checksum's place.
Result<FormatDescription> DecodeFormatDescription(ByteView body);

struct RotateEvent {
  uint64_t position = 0;
  std::string_view file;
};
Result<RotateEvent> DecodeRotate(ByteView body);

// Flags of a GTID event.
constexpr uint8_t kGtidStandalone = 0x01;  // the group ends with its one event, no commit follows
constexpr uint8_t kGtidGroupCommitId = 0x02;
constexpr uint8_t kGtidTransactional = 0x04;  // can be rolled back as a whole
constexpr uint8_t kGtidDdl = 0x20;
constexpr uint8_t kGtidPreparedXa = 0x40;
constexpr uint8_t kGtidCompletedXa = 0x80;
constexpr uint8_t kGtidExtraStartAlter = 0x02;  // binlog_alter_two_phase: the announcement
constexpr uint8_t kGtidExtraRollbackAlter = 0x08;

struct GtidEvent {
  Gtid gtid;
  uint8_t flags = 0;
  uint8_t extra_flags = 0;
  std::string xid;  // with one of the XA flags: as the server writes it in statements, "X'6731',X'71',1"
};
Result<GtidEvent> DecodeGtidEvent(const EventView& event);

Result<std::vector<Gtid>> DecodeGtidList(ByteView body);

// The file whose end the server waits at; the offset is the header's end_position.
Result<std::string_view> DecodeHeartbeat(ByteView body);

// The end of a prepared group. The body of XA_PREPARE: one_phase u8, format id u32, length of both parts of
// the xid u32 each, the parts (MariaDB: XA_prepare_log_event). Returns the xid as in GtidEvent;
// kUnimplemented when it says that the transaction is committed with it, which MariaDB writes as an ordinary
// transaction.
Result<std::string> DecodeXaPrepare(ByteView body);

// What the server says was lost.
Result<std::string> DecodeIncident(ByteView body);

// A length as MariaDB packs it in events: 1, 3, 4 or 9 bytes.
uint64_t ReadPackedLength(ByteReader* reader);

}  // namespace srdf::engine_mariadb
