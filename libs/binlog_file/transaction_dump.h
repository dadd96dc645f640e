// TransactionDump: the events of a file → one JSON object per transaction.
//
// Where a transaction begins and ends: with a GTID event, or in logs without GTIDs with BEGIN. A GTID that is
// not followed by BEGIN (MySQL), or is marked as standalone (MariaDB), covers the one statement that follows.
// COMMIT, ROLLBACK, XID and XA_PREPARE end the others. Driven by one thread.
#pragma once

#include <string>

#include "binlog_file/dump.h"
#include "binlog_file/dump_filter.h"
#include "binlog_file/event_role.h"
#include "binlog_file/rows_json.h"
#include "binlog_file/table_maps.h"

namespace srdf::binlog_file {

class TransactionDump {
 public:
  TransactionDump(const DumpFilter& filter, const Print& print, DumpSummary* summary)
      : filter_(filter), print_(print), summary_(summary) {}

  Status Handle(const LogEvent& event, EventRole role, const FileFormat& format);
  // The file, or the reading of it, has ended: a transaction that is open stays without its end.
  Status Finish();

 private:
  Status Begin(const LogEvent& event, LogDialect dialect);
  // A statement or row without a GTID event or BEGIN before it.
  void BeginWithoutStart(const LogEvent& event, bool continued);
  void Open(const LogEvent& event);
  Status HandleQuery(const LogEvent& event, LogDialect dialect);
  Status HandleRows(const LogEvent& event);
  Status HandleTableMap(const LogEvent& event, LogDialect dialect);
  Status AddNote(const LogEvent& event, LogDialect dialect);
  // Puts a change into the object, which begins with the first one.
  Status AddChange(std::string_view json);
  // `how` is in JSON, after "end":
  Status End(const LogEvent& event, const std::string& how);
  Status EndIncomplete();

  const DumpFilter& filter_;
  const Print& print_;
  DumpSummary* const summary_;
  TableMaps maps_;
  RowsJson rows_;

  bool open_ = false;
  bool wanted_ = false;        // by its GTID
  bool until_commit_ = false;  // BEGIN was seen: statements do not end it
  bool started_ = false;       // the object's beginning was printed
  bool any_change_ = false;
  uint64_t row_count_ = 0;
  std::string head_;
  std::string piece_;
};

}  // namespace srdf::binlog_file
