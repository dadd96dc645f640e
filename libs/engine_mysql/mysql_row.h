// What MySQL's rows have beyond MariaDB's: JSON and vector columns, and partial updates.
//
// In a PARTIAL_UPDATE_ROWS event (39) each after image begins with its options (a packed number, bit 0:
// partial JSON) and, with that bit, a bitmap with one bit per JSON column *of the table*, also of those that
// the image leaves out; then it goes on as any other image (Rows_log_event::print_verbose_one_row in
// sql/log_event.cc). The event's header is that of UPDATE_ROWS. Pure.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "model/schema.h"

namespace srdf::engine_mysql {

// Which JSON columns of one after image are changes rather than documents.
class PartialColumns {
 public:
  // Takes options and bitmap off the front of *image.
  static Result<PartialColumns> Take(const std::vector<Column>& columns, ByteView* image);
  // `json_ordinal` counts the JSON columns of the table.
  bool Has(size_t json_ordinal) const;

 private:
  ByteView bits_;
};

bool IsJsonColumn(const Column& column);

// Appends one value, `packed` with its length in front: a JSON column as a string that holds its text, or,
// when `partial`, as an array of changes (json_diff.h); a vector as "0x…"; everything else as engine_mariadb
// does.
Status AppendMysqlColumnJson(const Column& column, ByteView packed, bool partial, std::string* out);

}  // namespace srdf::engine_mysql
