// Group: the whole transactions of one consistency group on their way to the sealer.
//
// Records are views into the feed's buffers, which the group shares; nothing is copied between the network
// and the compactor. A transaction larger than the window is handed over in parts while it still arrives
// (huge): the sealer then reads parts until the end mark, and memory holds only a few of them.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bounded_queue.h"
#include "model/position.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/wagon.h"

namespace srdf::batcher {

using Buffer = std::shared_ptr<const std::string>;
using SchemaPtr = std::shared_ptr<const TableSchema>;

// A row run, a part or outcome of a prepared (XA) transaction, a mark or the begin of a range of a copy: what
// keeps its place among the others.
// Small, because a window of short transactions has one for each row.
class GroupChange {
 public:
  GroupChange(RecordType type, std::string_view body)
      : data_(body.data()), bytes_(static_cast<uint32_t>(body.size())), type_(type) {}
  RecordType type() const { return type_; }
  std::string_view body() const { return {data_, bytes_}; }

 private:
  const char* data_;
  uint32_t bytes_;  // at most kRecordBodyBytesMax
  RecordType type_;
};

// Some records (schemas resolved, changes, statements) and what keeps them alive.
struct GroupPart {
  std::vector<Buffer> buffers;
  std::vector<SchemaPtr> schemas;            // of every table the runs refer to
  std::vector<std::string_view> statements;  // Statement record bodies
  std::deque<GroupChange> changes;           // in order; never moved as it grows
};

struct GroupCounts {
  uint64_t ends = 0;          // of transactions and of what capture has put between them
  uint64_t transactions = 0;  // of the source
  uint64_t rows = 0;
  uint64_t statements = 0;
  uint64_t bytes = 0;  // record bytes held
  uint64_t source_bytes = 0;
};

// What the end of the last transaction tells.
struct GroupEnd {
  SourcePosition last;
  std::string last_gtid;
  int64_t commit_time_last_ms = 0;
  uint64_t transactions = 0;  // huge: these are counted as they passed
  uint64_t rows = 0;
  uint64_t statements = 0;
  uint64_t source_bytes = 0;
};

// A piece of a huge transaction; `end` is set on the last one.
struct HugePart {
  GroupPart part;
  std::shared_ptr<GroupEnd> end;
};

struct Group {
  GroupPart part;
  GroupCounts counts;
  GroupEnd end;
  std::string first_gtid;
  int64_t commit_time_first_ms = 0;
  int64_t opened_at_ms = 0;
  SealReason reason = SealReason::kUnknown;
  std::shared_ptr<BoundedQueue<HugePart>> huge;  // not null: parts follow
};

}  // namespace srdf::batcher
