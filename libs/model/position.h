// SourcePosition: a place in a source's log, between two transactions.
//
// `gtid` is the engine's own text for "everything up to and including here": for MariaDB the last GTID of
// every replication domain, "0-1-100,5-2-7", sorted by domain; only the engine adapter parses or compares
// it. `file` and `offset` (byte offset of the next event) are for people and for lag in bytes; a stream
// is resumed by `gtid` alone, and by the place an adapter may prove that the log is still the same one. The
// default value means "not known".
#pragma once

#include <cstdint>
#include <string>

namespace srdf {

struct SourcePosition {
  std::string gtid;
  std::string file;
  uint64_t offset = 0;

  bool known() const { return !gtid.empty(); }
  friend bool operator==(const SourcePosition&, const SourcePosition&) = default;
};

}  // namespace srdf
