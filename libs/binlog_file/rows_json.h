// RowsJson: the rows of an event as JSON, one by one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "binlog_file/event_walker.h"
#include "binlog_file/table_maps.h"
#include "model/record.h"

namespace srdf::binlog_file {

bool IsRows(const LogEvent& event, LogDialect dialect);

class RowsJson {
 public:
  // `json` is an object without its braces: "before":{…},"after":{…}
  using OnRow = std::function<Status(const KnownTable& table, RowOp op, std::string_view json)>;

  // Calls on_row for each row; `maps` has what the table ids mean and forgets it when the statement ends.
  // kDataLoss when the rows do not fit the table, kFailedPrecondition for a table id that was not announced.
  // `wanted` may leave out tables.
  Status Read(const LogEvent& event, TableMaps* maps, const std::function<bool(const KnownTable&)>& wanted,
              const OnRow& on_row);

 private:
  Status AppendImage(const KnownTable& table, ByteView bitmap, bool partial, ByteView* rows,
                     std::string* out);

  engine_mariadb::PresentColumns present_;
  engine_mariadb::RowSlices slices_;
  std::string inflated_;
};

}  // namespace srdf::binlog_file
