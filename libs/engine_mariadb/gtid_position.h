// GtidPosition: "everything up to and including here" of a MariaDB binlog, one GTID per replication domain.
//
// The text form is "domain-server-sequence" joined by commas, sorted by domain, as in @@gtid_binlog_pos and
// SourcePosition::gtid. Positions are compared per domain, never by server id: after a failover the same
// domain goes on with another server id. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace srdf::engine_mariadb {

struct Gtid {
  uint32_t domain = 0;
  uint32_t server = 0;
  uint64_t sequence = 0;

  std::string ToString() const;
  friend bool operator==(const Gtid&, const Gtid&) = default;
};

// Any number of GTIDs in any order, several per domain allowed, as in @@gtid_binlog_state. Strict: no empty
// parts, no signs, no numbers out of range; blanks around commas are allowed because servers print them.
Result<std::vector<Gtid>> ParseGtidList(std::string_view text);

class GtidPosition {
 public:
  // Two GTIDs of one domain are an error. The empty text is the position before everything.
  static Result<GtidPosition> Parse(std::string_view text);

  const std::vector<Gtid>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }
  // Nothing when the domain has no entry; valid until the next change.
  const Gtid* Find(uint32_t domain) const;
  // Makes `gtid` the last one of its domain.
  void Advance(const Gtid& gtid);
  std::string ToString() const;
  // True when for every domain of `other` this position has reached at least the same sequence.
  bool Contains(const GtidPosition& other) const;
  // One line per domain of `wanted` that this position has not reached, for people; empty when all are
  // contained.
  std::string Missing(const GtidPosition& wanted) const;

  friend bool operator==(const GtidPosition&, const GtidPosition&) = default;

 private:
  std::vector<Gtid> entries_;  // sorted by domain
};

}  // namespace srdf::engine_mariadb
