// The rows of a wagon as lines of JSON.
//
// The frame is read piece by piece, so a wagon of any size needs little memory.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "model/schema.h"
#include "wire/wagon_frame.h"

namespace srdf::ctl {

// The image of a row as a JSON object, column → value.
using RowJson =
    std::function<Status(const TableSchema& schema, ByteView bitmap, ByteView image, std::string* out)>;

// Every row and statement of a payload as one line of JSON, in the order in which they are applied:
//   {"table":"shop.orders","op":"update","before":{"id":7},"after":{"id":7,"total":"12.50"}}
//   {"statement":"ALTER TABLE …","database":"shop"}
//   {"xa_prepare":"X'6731',X'71',1","part":1,"last":true,"rows":1}, then the rows it holds, beginning with
//   its xid
//   {"xa_commit":"X'6731',X'71',1"}, {"xa_rollback":…}
Status PrintRows(wire::WagonReader* reader, const RowJson& row_json,
                 const std::function<void(const std::string& line)>& print);

}  // namespace srdf::ctl
