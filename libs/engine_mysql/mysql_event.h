// Events that only MySQL writes, and the small ones of them decoded.
//
// Codes and layouts: libs/mysql/binlog/event/binlog_event.h, control_events.{h,cpp} and rows_event.h of the
// MySQL server. Rubbish is kDataLoss. Views live as long as the event's bytes. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace srdf::engine_mysql {

enum class MysqlEventType : uint8_t {
  kRowsQuery = 29,
  kGtid = 33,
  kAnonymousGtid = 34,
  kPreviousGtids = 35,
  kTransactionContext = 36,
  kViewChange = 37,
  kXaPrepare = 38,
  kPartialUpdateRows = 39,
  kTransactionPayload = 40,
  kHeartbeatV2 = 41,
  kGtidTagged = 42,
};

// As the server's documentation names them; for the codes that both servers use, engine_mariadb's name.
std::string MysqlEventTypeName(uint8_t type);

struct XaPrepare {
  bool one_phase = false;  // XA COMMIT … ONE PHASE: committed at once
  int32_t format_id = 0;
  std::string_view global, branch;

  std::string Xid() const;  // X'…',X'…',1 as in the statements
};
Result<XaPrepare> DecodeXaPrepare(ByteView body);

// The statement behind the rows that follow (binlog_rows_query_log_events). Its length byte is useless:
// longer statements overflow it.
Result<std::string_view> DecodeRowsQuery(ByteView body);

// A member joined or left a replication group.
Result<std::string_view> DecodeViewChangeId(ByteView body);

struct HeartbeatV2 {
  std::string_view file;
  uint64_t position = 0;
};
Result<HeartbeatV2> DecodeHeartbeatV2(ByteView body);

}  // namespace srdf::engine_mysql
