// GtidSet: a set of MySQL GTIDs, as intervals per origin; and the GTID itself.
//
// An origin is the server's UUID and, since 8.3, an optional tag. The text form is the server's:
// "uuid:1-5:7,uuid2:3", with tags "uuid:1-5:tag:1-3"; the binary form is that of PREVIOUS_GTIDS events
// (Gtid_set::encode in sql/rpl_gtid_set.cc): a count of origins, whose top byte is the format (0 plain, 1
// tagged: then the count stands in bytes 1 to 6), and per origin the UUID, [tag], a count of intervals, and
// per interval its first number and the one after its last. Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace srdf::engine_mysql {

struct GtidOrigin {
  std::array<uint8_t, 16> uuid{};
  std::string tag;  // lower case, at most 32 characters; empty for none

  std::string UuidText() const;
  friend auto operator<=>(const GtidOrigin&, const GtidOrigin&) = default;
};

struct Gtid {
  GtidOrigin origin;
  uint64_t sequence = 0;

  std::string ToString() const;  // "uuid:7", "uuid:tag:7"
};

class GtidSet {
 public:
  static Result<GtidSet> Parse(std::string_view text);
  // kDataLoss for what no server writes: empty, overlapping or unsorted intervals, trailing bytes.
  static Result<GtidSet> Decode(ByteView binary);

  bool empty() const { return origins_.empty(); }
  bool Contains(const Gtid& gtid) const;
  // first..last inclusive, first > 0. Joins what touches.
  void Add(const GtidOrigin& origin, uint64_t first, uint64_t last);
  std::string ToString() const;

 private:
  struct Interval {
    uint64_t first = 0;
    uint64_t last = 0;
  };
  std::map<GtidOrigin, std::vector<Interval>> origins_;  // sorted, disjoint, not adjacent
};

// Sequence numbers are positive signed 64 bit numbers.
constexpr uint64_t kGtidSequenceMax = INT64_MAX - 1;
constexpr size_t kGtidTagBytesMax = 32;

// [a-z_][a-z0-9_]{0,31}
bool IsGtidTag(std::string_view text);

}  // namespace srdf::engine_mysql
