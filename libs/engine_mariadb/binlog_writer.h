// BinlogWriter: puts row events together again, and wraps them as a BINLOG '<base64>' statement.
//
// A wagon holds rows as the source logged them: a table description (the TABLE_MAP body) and images. The
// target executes them as row events, which need a format description event once per connection, and for
// each statement a table map followed by row events. The server's rules, tried on 10.11:
//   - one BINLOG statement may hold any number of events; it closes its tables at its end, so each statement
//     carries the table maps of its own rows;
//   - the flags of a row event (foreign keys, check constraints) take effect with the first row event after a
//     table map: every group of rows therefore has a table map and ends with STMT_END;
//   - it stays inside an open transaction; an error takes back the group that failed, and leaves the groups
//     before it in the same statement;
//   - a format description event resets the transaction state: it is sent outside any transaction.
//
// One event group is open at a time: Begin, AddRow…, End. Buffers are kept from statement to statement. Not
// thread safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "model/record.h"

namespace srdf::engine_mariadb {

class BinlogWriter {
 public:
  // The events carry this server id and time stamp (seconds). The id is for people only: what the target
  // logs comes from @@server_id of the session.
  void SetOrigin(uint32_t server_id, uint32_t when_seconds) {
    server_id_ = server_id;
    when_seconds_ = when_seconds;
  }

  void AddFormatDescription();

  // Opens a group: the table map, then a rows event for rows of this operation and these bitmaps.
  // `columns` is the table's column count, `table_map` the TABLE_MAP body after table id and flags.
  void Begin(const RowRunHeader& header, size_t columns, ByteView table_map);
  void AddRow(const Row& row);
  void End();

  // Bytes of the events so far, the open group included.
  size_t event_bytes() const { return events_.size(); }
  bool empty() const { return events_.empty(); }
  void Clear() { events_.clear(); }

  // BINLOG '<base64>' of all events, with `before` (statements that end in a semicolon, or nothing) in front
  // of it; valid until the next call of a non-const method.
  std::string_view Statement(std::string_view before = {});
  // The base64 text alone, for the form with fragments in user variables.
  std::string_view Base64();

  // Length of the statement for so many event bytes.
  static uint64_t StatementBytes(uint64_t event_bytes) { return (event_bytes + 2) / 3 * 4 + 16; }
  // Bytes of events around the rows of one group.
  static uint64_t GroupOverheadBytes(size_t columns, ByteView table_map) {
    return 2 * kHeaderBytes + 2 * kPostHeaderBytes + table_map.size() + 9 + 2 * ((columns + 7) / 8);
  }

 private:
  static constexpr size_t kHeaderBytes = 19;
  static constexpr size_t kPostHeaderBytes = 8;

  void BeginEvent(uint8_t type);
  void EndEvent();
  std::string_view Encode(std::string_view prefix, std::string_view suffix);

  uint32_t server_id_ = 0;
  uint32_t when_seconds_ = 0;
  RowOp op_{};
  size_t event_at_ = 0;
  std::string events_;
  std::string statement_;
};

}  // namespace srdf::engine_mariadb
