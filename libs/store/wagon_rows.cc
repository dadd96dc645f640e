#include "store/wagon_rows.h"

#include <chrono>

namespace srdf::store {
namespace {

// The order of the columns in every statement below.
const char* const kColumns[kWagonColumnCount] = {
    "wagon_id",
    "flow",
    "epoch",
    "sequence",
    "uid",
    "hash",
    "previous_hash",
    "frame_bytes",
    "chunk_count",
    "payload_present",
    "stored_at_ms",
    "first_position_gtid",
    "first_position_file",
    "first_position_offset",
    "last_position_gtid",
    "last_position_file",
    "last_position_offset",
    "first_gtid",
    "last_gtid",
    "commit_time_first_ms",
    "commit_time_last_ms",
    "opened_at_ms",
    "closed_at_ms",
    "transactions",
    "rows_before",
    "rows_after",
    "statements",
    "source_bytes",
    "bytes_before",
    "payload_raw_bytes",
    "payload_compressed_bytes",
    "seal_reason",
    "codec",
    "encryption",
    "key_id",
    "nonce",
    "schema_fingerprint",
    "first_position_copy",
    "last_position_copy",
};

std::string ColumnList(const std::string& prefix) {
  std::string list;
  for (const char* column : kColumns) list.append(list.empty() ? "" : ", ").append(prefix).append(column);
  return list;
}

// Stored words; unlike a name for the log, each must be found again by ParseWord.
const char* EncryptionWord(EncryptionMode mode) {
  return mode == EncryptionMode::kAes256Gcm ? "aes256_gcm" : "none";
}

template <typename Enum, typename NameOf>
Enum ParseWord(const std::string& word, Enum last, NameOf name_of) {
  for (int value = 0; value <= static_cast<int>(last); ++value) {
    if (word == name_of(static_cast<Enum>(value))) return static_cast<Enum>(value);
  }
  throw SQLite::Exception("unknown word in a wagon row: " + word);
}

}  // namespace

const char* const kWagonColumnsDdl = R"sql(
  wagon_id INTEGER PRIMARY KEY,
  flow TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  uid TEXT NOT NULL,
  hash TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  frame_bytes INTEGER NOT NULL,
  chunk_count INTEGER NOT NULL,
  payload_present INTEGER NOT NULL,
  stored_at_ms INTEGER NOT NULL,
  first_position_gtid TEXT NOT NULL,
  first_position_file TEXT NOT NULL,
  first_position_offset INTEGER NOT NULL,
  last_position_gtid TEXT NOT NULL,
  last_position_file TEXT NOT NULL,
  last_position_offset INTEGER NOT NULL,
  first_gtid TEXT NOT NULL,
  last_gtid TEXT NOT NULL,
  commit_time_first_ms INTEGER NOT NULL,
  commit_time_last_ms INTEGER NOT NULL,
  opened_at_ms INTEGER NOT NULL,
  closed_at_ms INTEGER NOT NULL,
  transactions INTEGER NOT NULL,
  rows_before INTEGER NOT NULL,
  rows_after INTEGER NOT NULL,
  statements INTEGER NOT NULL,
  source_bytes INTEGER NOT NULL,
  bytes_before INTEGER NOT NULL,
  payload_raw_bytes INTEGER NOT NULL,
  payload_compressed_bytes INTEGER NOT NULL,
  seal_reason TEXT NOT NULL,
  codec TEXT NOT NULL,
  encryption TEXT NOT NULL,
  key_id TEXT NOT NULL,
  nonce TEXT NOT NULL,
  schema_fingerprint TEXT NOT NULL
)sql";

// At the end of the table: rows are read without what lies behind the column that is asked for.
const char* const kWagonCopyColumnsDdl = R"sql(,
  first_position_copy BLOB NOT NULL DEFAULT x'',
  last_position_copy BLOB
)sql";

const char* const kWagonTableDdl = R"sql(
CREATE TABLE wagon_table (
  wagon_id INTEGER NOT NULL REFERENCES wagon ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  database_name TEXT NOT NULL,
  table_name TEXT NOT NULL,
  inserts_before INTEGER NOT NULL,
  updates_before INTEGER NOT NULL,
  deletes_before INTEGER NOT NULL,
  bytes_before INTEGER NOT NULL,
  inserts_after INTEGER NOT NULL,
  updates_after INTEGER NOT NULL,
  deletes_after INTEGER NOT NULL,
  bytes_after INTEGER NOT NULL,
  PRIMARY KEY (wagon_id, ordinal)
) WITHOUT ROWID;
)sql";

// No foreign key: the chunks of a wagon that is still being written come before its row.
const char* const kWagonChunkDdl = R"sql(
CREATE TABLE wagon_chunk (
  wagon_id INTEGER NOT NULL,
  chunk_no INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (wagon_id, chunk_no)
);
)sql";

std::string ToHex(std::string_view bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex.push_back(digits[byte >> 4]);
    hex.push_back(digits[byte & 15]);
  }
  return hex;
}

std::string FromHex(std::string_view hex) {
  const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>((nibble(hex[i]) << 4) | nibble(hex[i + 1])));
  }
  return bytes;
}

int64_t NowMs() {
  using std::chrono::system_clock;
  return std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch())
      .count();
}

const std::string& WagonSelectList() {
  static const std::string list = ColumnList("w.");
  return list;
}

SealReason ParseSealReason(const std::string& word) {
  return ParseWord(word, SealReason::kBarrier, SealReasonName);
}

WagonRow ReadWagonRow(const Query& q) {
  WagonRow row;
  WagonHeader& h = row.header;
  int c = 0;
  row.wagon_id = q.I64(c++);
  h.flow = q.Text(c++);
  h.epoch = q.U64(c++);
  h.sequence = q.U64(c++);
  h.uid = q.Text(c++);
  row.hash = FromHex(q.Text(c++));
  h.previous_hash = FromHex(q.Text(c++));
  row.frame_bytes = q.U64(c++);
  row.chunk_count = static_cast<uint32_t>(q.U64(c++));
  row.payload_present = q.Flag(c++);
  row.stored_at_ms = q.I64(c++);
  for (SourcePosition* position : {&h.first, &h.last}) {
    position->gtid = q.Text(c++);
    position->file = q.Text(c++);
    position->offset = q.U64(c++);
  }
  h.first_gtid = q.Text(c++);
  h.last_gtid = q.Text(c++);
  h.commit_time_first_ms = q.I64(c++);
  h.commit_time_last_ms = q.I64(c++);
  h.opened_at_ms = q.I64(c++);
  h.closed_at_ms = q.I64(c++);
  h.transactions = q.U64(c++);
  h.rows_before = q.U64(c++);
  h.rows_after = q.U64(c++);
  h.statements = q.U64(c++);
  h.source_bytes = q.U64(c++);
  h.bytes_before = q.U64(c++);
  h.payload_raw_bytes = q.U64(c++);
  h.payload_compressed_bytes = q.U64(c++);
  h.seal_reason = ParseSealReason(q.Text(c++));
  h.codec = ParseWord(q.Text(c++), Codec::kGzip, CodecName);
  h.encryption = ParseWord(q.Text(c++), EncryptionMode::kAes256Gcm, EncryptionWord);
  h.key_id = q.Text(c++);
  h.nonce = FromHex(q.Text(c++));
  h.schema_fingerprint = FromHex(q.Text(c++));
  h.first.copy = q.Text(c++);
  h.last.copy = q.IsNull(c) ? h.first.copy : q.Text(c);
  return row;
}

void InsertWagon(Connection& connection, const WagonRow& row) {
  static const std::string sql = [] {
    std::string values = "?";
    for (int i = 1; i < kWagonColumnCount; ++i) values += ", ?";
    return "INSERT INTO wagon (" + ColumnList("") + ") VALUES (" + values + ")";
  }();
  const WagonHeader& h = row.header;
  // A blob without bytes of its own is NULL: as in the first position.
  const Blob last_copy{h.last.copy == h.first.copy ? std::string_view() : std::string_view(h.last.copy)};
  Query(connection, sql, row.wagon_id, h.flow, h.epoch, h.sequence, h.uid, ToHex(row.hash),
        ToHex(h.previous_hash), row.frame_bytes, row.chunk_count, row.payload_present, row.stored_at_ms,
        h.first.gtid, h.first.file, h.first.offset, h.last.gtid, h.last.file, h.last.offset, h.first_gtid,
        h.last_gtid, h.commit_time_first_ms, h.commit_time_last_ms, h.opened_at_ms, h.closed_at_ms,
        h.transactions, h.rows_before, h.rows_after, h.statements, h.source_bytes, h.bytes_before,
        h.payload_raw_bytes, h.payload_compressed_bytes, SealReasonName(h.seal_reason), CodecName(h.codec),
        EncryptionWord(h.encryption), h.key_id, ToHex(h.nonce), ToHex(h.schema_fingerprint),
        Blob{h.first.copy}, last_copy)
      .Run();
  int ordinal = 0;
  for (const TableManifest& t : h.tables) {
    Query(connection, "INSERT INTO wagon_table VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row.wagon_id,
          ordinal++, t.database, t.table, t.inserts_before, t.updates_before, t.deletes_before,
          t.bytes_before, t.inserts_after, t.updates_after, t.deletes_after, t.bytes_after)
        .Run();
  }
}

void LoadTables(Connection& connection, int64_t wagon_id, WagonHeader* header) {
  Query q(connection,
          "SELECT database_name, table_name, inserts_before, updates_before, deletes_before, bytes_before,"
          " inserts_after, updates_after, deletes_after, bytes_after FROM wagon_table WHERE wagon_id = ?"
          " ORDER BY ordinal",
          wagon_id);
  while (q.Step()) {
    TableManifest t;
    t.database = q.Text(0);
    t.table = q.Text(1);
    t.inserts_before = q.U64(2);
    t.updates_before = q.U64(3);
    t.deletes_before = q.U64(4);
    t.bytes_before = q.U64(5);
    t.inserts_after = q.U64(6);
    t.updates_after = q.U64(7);
    t.deletes_after = q.U64(8);
    t.bytes_after = q.U64(9);
    header->tables.push_back(std::move(t));
  }
}

void InsertChunk(Connection& connection, int64_t wagon_id, uint32_t chunk_no, std::string_view bytes) {
  Query(connection, "INSERT INTO wagon_chunk (wagon_id, chunk_no, data) VALUES (?, ?, ?)", wagon_id, chunk_no,
        Blob{bytes})
      .Run();
}

bool DeleteChunks(Connection& connection, int64_t wagon_id, uint32_t chunks_max) {
  int64_t last = -1;
  {
    Query q(connection, "SELECT max(chunk_no) FROM wagon_chunk WHERE wagon_id = ?", wagon_id);
    // max() of nothing is NULL, which reads as 0: a chunk 0 that is not there makes the delete a no-op.
    if (q.Step()) last = q.I64(0);
  }
  const int64_t first = last - chunks_max + 1;
  Query(connection, "DELETE FROM wagon_chunk WHERE wagon_id = ? AND chunk_no >= ?", wagon_id, first).Run();
  return first <= 0;
}

int64_t NextWagonId(Connection& connection) {
  Query q(connection,
          "SELECT max(ifnull((SELECT max(wagon_id) FROM wagon), 0),"
          " ifnull((SELECT max(wagon_id) FROM wagon_chunk), 0)) + 1");
  q.Step();
  return q.I64(0);
}

}  // namespace srdf::store
