// Records of two-phase (XA) transactions: what a transaction changed is known when it is prepared, whether it
// counts when its outcome comes, in another transaction of the log, minutes or restarts later.
//
// The rows of a prepared transaction travel as soon as they are prepared, in parts, and are held at the
// target under the transaction's xid; its outcome is a record of its own, at whose place the target applies
// or drops what it holds. So nobody on the way keeps state. A part is self-contained: it brings the schemas
// of its own rows, with table_refs that mean nothing outside of it. Bytes: docs/formats/change-stream.md.
// Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace srdf {

// No xid is longer: two parts of 64 bytes in hexadecimal digits, and a number.
constexpr size_t kXidBytesMax = 512;

struct PreparedPart {
  std::string xid;      // the engine's text for it, exact: "X'6731',X'71',1"
  std::string gtid;     // of the transaction that prepared it
  uint32_t number = 1;  // 1, 2, 3 … within the prepared transaction
  bool last = false;    // no part follows
  uint64_t rows = 0;    // in `records`
  ByteView records;     // schemas and row runs; lives as long as the bytes it was read from
};
// What stands before `records` in the body. `records` itself is not looked at.
void EncodePreparedPartFront(const PreparedPart& part, std::string* out);
Result<PreparedPart> DecodePreparedPart(ByteView in);

struct PreparedOutcome {
  std::string xid;
  bool commit = false;  // false: rolled back
};
void EncodePreparedOutcome(const PreparedOutcome& outcome, std::string* out);
Result<PreparedOutcome> DecodePreparedOutcome(ByteView in);

}  // namespace srdf
