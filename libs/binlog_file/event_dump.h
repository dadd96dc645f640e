// EventDump: the events of a file → one JSON object per event. Driven by one thread.
#pragma once

#include <string>

#include "binlog_file/dump.h"
#include "binlog_file/dump_filter.h"
#include "binlog_file/event_role.h"
#include "binlog_file/rows_json.h"
#include "binlog_file/table_maps.h"

namespace srdf::binlog_file {

class EventDump {
 public:
  EventDump(const DumpFilter& filter, const Print& print, DumpSummary* summary)
      : filter_(filter), print_(print), summary_(summary) {}

  Status Handle(const LogEvent& event, EventRole role, const FileFormat& format);

 private:
  // Whether the event belongs to what is asked for; keeps track of the transaction.
  Result<bool> Wanted(const LogEvent& event, EventRole role, LogDialect dialect);
  Status PrintTableMap(const LogEvent& event, LogDialect dialect);
  Status PrintRows(const LogEvent& event);
  Status PrintLine();

  const DumpFilter& filter_;
  const Print& print_;
  DumpSummary* const summary_;
  TableMaps maps_;
  RowsJson rows_;
  bool transaction_wanted_ = true;
  std::string line_;
};

}  // namespace srdf::binlog_file
