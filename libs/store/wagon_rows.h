// The tables that outbox and inbox have in common: wagon (a WagonHeader as columns), wagon_table (its
// manifest) and wagon_chunk (its frame in pieces). Enumerations are stored as the words of their names,
// hashes as hexadecimal text, so that the sqlite3 shell shows what an operator can read.
//
// For use inside QueueDatabase bodies; everything here may throw SQLite::Exception.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/wagon.h"
#include "store/sqlite_connection.h"

namespace srdf::store {

std::string ToHex(std::string_view bytes);
std::string FromHex(std::string_view hex);
int64_t NowMs();

// The column definitions every wagon table starts with and those it ends with, and the tables beside it.
extern const char* const kWagonColumnsDdl;
extern const char* const kWagonCopyColumnsDdl;
extern const char* const kWagonTableDdl;
extern const char* const kWagonChunkDdl;

// What a wagon row says besides its header.
struct WagonRow {
  int64_t wagon_id = 0;
  WagonHeader header;  // without tables until LoadTables
  std::string hash;
  uint64_t frame_bytes = 0;
  uint32_t chunk_count = 0;
  bool payload_present = true;
  int64_t stored_at_ms = 0;
};

// "w.wagon_id, w.epoch, …": kWagonColumnCount columns of table alias w, in the order ReadWagonRow expects.
const std::string& WagonSelectList();
constexpr int kWagonColumnCount = 39;
WagonRow ReadWagonRow(const Query& query);
// Throws for a word that there is not.
SealReason ParseSealReason(const std::string& word);

void InsertWagon(Connection& connection, const WagonRow& row);
void LoadTables(Connection& connection, int64_t wagon_id, WagonHeader* header);

void InsertChunk(Connection& connection, int64_t wagon_id, uint32_t chunk_no, std::string_view bytes);
// Removes up to `chunks_max` chunks, the last ones first. True when none is left.
bool DeleteChunks(Connection& connection, int64_t wagon_id, uint32_t chunks_max);
// A wagon id that neither a wagon nor a chunk has.
int64_t NextWagonId(Connection& connection);

}  // namespace srdf::store
