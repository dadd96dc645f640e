// The pieces of work of a copy: each takes a snapshot at the gate, reads rows in it, and puts them into the
// stream at the snapshot's place, together with what that changes in the copy's state. So a piece is in the
// stream whole or not at all, and what a crash leaves is a state to go on from.
//
// All block; any thread, with limits that end their waits. kAborted: what was read does not fit the stream
// any more (a table was altered, the copy cancelled): look again what is to be done. kUnavailable: the
// session with the batcher has ended, or the source cannot be reached.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "capture/copy_records.h"
#include "capture/stream_gate.h"
#include "model/copy_state.h"

namespace srdf::capture {

struct CopyContext {
  engine::SourceEngine* source = nullptr;
  std::shared_ptr<StreamGate> gate;
  CopyTableRefs* refs = nullptr;
  uint64_t chunk_bytes = 4u << 20;
  CallLimits limits;
};

// The next range of a table with a key, from the cursor on. With the last one the table leaves the list; with
// the last table the copy ends. Returns how many rows were sent.
Result<uint64_t> CopyNextRange(const CopyContext& context, const TableCopy& table);
// All rows of the tables in one snapshot, in pieces of about chunk_bytes; the stream waits meanwhile. Given
// up when the copy is paused.
Result<uint64_t> CopyWhole(const CopyContext& context, const std::vector<TableCopy>& tables);
// What the tables' rows need, created at the target (again), and what does not come with rows.
// `remarks` gets what is not certain, in words.
Status CopySchema(const CopyContext& context, const CopyState& copy, std::vector<std::string>* remarks);

struct CopiedRows {
  uint64_t found = 0;  // at the source
  SourcePosition position;
};
// Rows of one table as they are at the source; `keys` of one with a key, `images` of one without.
Result<CopiedRows> CopyRows(const CopyContext& context, const engine::TableId& table,
                            const std::vector<std::string>& keys, const std::vector<std::string>& images);

}  // namespace srdf::capture
