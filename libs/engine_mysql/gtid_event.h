// GtidEvent: the start of a MySQL transaction: GTID, ANONYMOUS_GTID or GTID_TAGGED.
//
// The first two are fixed fields, of which newer servers append more (Gtid_event in
// libs/mysql/binlog/event/control_events.cpp): flags, UUID, number; since 5.7 a type byte and the logical
// clock; since 8.0 commit times (7 bytes each, the second only when it differs), the transaction's length,
// server versions, a group ticket. GTID_TAGGED (8.3) is a message of MySQL's serialization library with the
// same fields and the tag, numbered 0 to 11; a field with a higher number is skipped unless the message says
// that it must be understood. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/status.h"
#include "engine_mariadb/binlog_event.h"
#include "engine_mysql/gtid_set.h"

namespace srdf::engine_mysql {

struct GtidEvent {
  std::optional<Gtid> gtid;  // nothing: anonymous
  uint8_t flags = 0;         // 1: may hold changes logged as statements
  // The group commit clock; nothing before 5.7.
  std::optional<int64_t> last_committed;
  std::optional<int64_t> sequence_number;
  // Microseconds since the epoch; 0 before 8.0.
  uint64_t immediate_commit_us = 0;
  uint64_t original_commit_us = 0;
  uint64_t transaction_bytes = 0;         // 0 before 8.0
  uint32_t immediate_server_version = 0;  // 80030; 0 before 8.0.14
  uint32_t original_server_version = 0;
};

// `event` is one of the three types.
Result<GtidEvent> DecodeGtidEvent(const engine_mariadb::EventView& event);

}  // namespace srdf::engine_mysql
