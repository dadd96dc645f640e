// The dump of a binlog file as JSON lines: one object per transaction, or per event.
//
// docs/operations/binlog-dump.md is the manual of the form. Output goes out piece by piece, row by row:
// memory does not grow with a transaction. An object that was begun is ended also when the file ends or an
// error comes in its middle (it then says so), so that every line is sound JSON. Nothing is written to the
// file. Driven by one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace srdf::binlog_file {

struct DumpOptions {
  std::string path{};
  uint64_t from = 0;    // offset of the first event, 0 for the file's beginning
  std::string gtids{};  // these transactions only; MariaDB GTIDs or a MySQL GTID set
  std::string table{};  // rows of this table only: "db.table"
  uint64_t limit = 0;   // transactions or events, 0 for all
  bool events = false;
};

struct DumpSummary {
  std::string server;  // "MySQL 8.0.30"
  bool checksums = false;
  uint64_t begin_offset = 0, end_offset = 0;
  // What was printed.
  uint64_t events = 0;
  uint64_t transactions = 0;
  uint64_t incomplete = 0;  // of them, without their end in this file
  uint64_t inserts = 0, updates = 0, deletes = 0;
  uint64_t statements = 0;
  uint64_t ignored_events = 0;      // not known, marked as ones that may be skipped
  bool signedness_missing = false;  // some table's integers may be unsigned without the log saying so
  std::string previous_gtids;       // MySQL: PREVIOUS_GTIDS
  std::string end;                  // how the reading ended, a sentence without its full stop

  std::string ToText(bool events_form) const;
};

// Gets pieces of text, in order. An error of it ends the dump.
using Print = std::function<Status(std::string_view)>;

// *summary is filled also when the result is an error.
Status Dump(const DumpOptions& options, const Print& print, DumpSummary* summary);

}  // namespace srdf::binlog_file
