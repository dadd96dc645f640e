// RowsEvent: the header of a rows event and its row images, whatever its version or compression.
//
// Pure. Views live as long as the event's bytes and, for compressed events, the scratch string.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/binlog_event.h"
#include "model/record.h"

namespace srdf::engine_mariadb {

// Flags of a rows event.
constexpr uint16_t kRowsStatementEnd = 0x01;
constexpr uint16_t kRowsNoForeignKeyChecks = 0x02;
constexpr uint16_t kRowsNoCheckConstraints = 0x80;

struct RowsEvent {
  RowOp op{};
  uint64_t table_id = 0;
  uint16_t flags = 0;
  uint64_t column_count = 0;
  ByteView bitmap_before;  // updates and deletes
  ByteView bitmap_after;   // inserts and updates
  ByteView rows;
};

bool IsRowsEvent(EventType type);
Result<RowsEvent> DecodeRowsEvent(const EventView& event, std::string* scratch);

}  // namespace srdf::engine_mariadb
