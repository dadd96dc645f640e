// Events as JSON, without rows: the pieces that both forms of the dump are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "binlog_file/event_role.h"
#include "binlog_file/event_walker.h"
#include "binlog_file/table_maps.h"

namespace srdf::binlog_file {

// "statement":"…","database":"…"[,"error":1064][,"ddl_xid":5]
void AppendStatement(const QueryText& query, std::string* out);
// What an event of role kNote says, without braces: "rows_query":"…", "incident":"…", "insert_id":5, …
Status AppendNote(const LogEvent& event, LogDialect dialect, std::string* out);
// The details of any other event for the list of events; each begins with a comma.
Status AppendDetails(const LogEvent& event, EventRole role, const FileFormat& format, std::string* out);
// ,"table":"db.t","table_id":…,"columns":[…]
void AppendTable(const KnownTable& table, uint64_t table_id, std::string* out);

// "2026-11-21T03:00:00Z", in JSON quotes; with six decimals from microseconds.
void AppendTime(int64_t seconds, std::string* out);
void AppendTimeMicros(uint64_t micros, std::string* out);
// Text of a client as a JSON string; "0x…" when it is not text in its character set.
void AppendText(std::string_view text, uint16_t collation, std::string* out);

}  // namespace srdf::binlog_file
