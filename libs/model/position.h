// SourcePosition: a place in a source's log, between two transactions.
//
// `gtid` is the engine's own text for "everything up to and including here": for MariaDB the last GTID of
// every replication domain, "0-1-100,5-2-7", sorted by domain; only the engine adapter parses or compares
// it. `file` and `offset` (byte offset of the next event) are for people and for lag in bytes; a stream
// is resumed by `gtid` alone, and by the place an adapter may prove that the log is still the same one. The
// default value means "not known".
//
// `copy` is how far the initial copy of the tables has come at this place (model/copy_state.h); empty: none
// is going on. It is part of the position because rows that are copied go into the stream: so whoever resumes
// a flow resumes its copy, and outbox, inbox and target agree on both or on neither.
#pragma once

#include <cstdint>
#include <string>

namespace srdf {

struct SourcePosition {
  std::string gtid;
  std::string file;
  uint64_t offset = 0;
  std::string copy = {};

  bool known() const { return !gtid.empty(); }
  friend bool operator==(const SourcePosition&, const SourcePosition&) = default;
};

}  // namespace srdf
