// TransactionAssembler: event groups in, change stream records out.
//
// A group begins with a GTID event and ends with XID, COMMIT, XA_PREPARE, or, when it is standalone, with its
// one statement. What a group prepares (XA) becomes parts (model/prepared.h), its outcome a record of a later
// group. Records are gathered in a buffer; the reader decides when to hand it on. A group whose end never
// comes leaves records behind that no TransactionEnd follows. What a group rolled back is cut out of the
// buffer again; of a group that was rolled back whole, Begin and End remain. Driven by the reader's thread;
// talks to the server only through the catalogue.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/binlog_event.h"
#include "engine_mariadb/catalogue.h"
#include "engine_mariadb/gtid_position.h"
#include "engine_mariadb/run_builder.h"
#include "engine_mariadb/table_registry.h"
#include "model/position.h"

namespace srdf::engine_mariadb {

class TransactionAssembler {
 public:
  struct Counters {
    uint64_t transactions = 0;
    uint64_t rows = 0;
    uint64_t statements = 0;
    uint64_t statements_skipped = 0;
    uint64_t log_bytes = 0;
  };

  TransactionAssembler(const SourcePosition& from, GtidPosition from_gtids, Catalogue* catalogue,
                       bool full_before, bool whole_after = false);
  TransactionAssembler(const TransactionAssembler&) = delete;
  TransactionAssembler& operator=(const TransactionAssembler&) = delete;

  // Takes the next event. An error stops the flow unless it is kUnavailable; it names file and offset.
  Status Handle(const EventView& event);

  // What is gathered. The first whole_bytes() end with a TransactionEnd.
  const std::string& buffer() const { return buffer_; }
  size_t whole_bytes() const { return whole_bytes_; }
  // Ends the run in progress, so that the first whole_bytes() can be handed on.
  void CloseRun() { runs_.Close(); }
  // The same for all of the buffer: what is gathered of a prepared transaction becomes a part.
  void ClosePart();
  // Removes what was handed on. Call CloseRun or ClosePart before.
  void Drop(size_t bytes);

  // After the last whole transaction.
  const SourcePosition& position() const { return position_; }
  const GtidPosition& gtids() const { return gtids_; }
  Counters counters() const;

 private:
  // A place in a group that a rollback goes back to.
  struct Mark {
    std::string savepoint;   // empty: the group's beginning
    size_t at = 0;           // in the buffer
    uint64_t rows = 0;       // counted up to here
    bool handed_on = false;  // something behind it was
  };
  struct Group {
    bool open = false;
    GtidEvent gtid;
    bool two_phase_alter = false;  // START or ROLLBACK ALTER: its statement has no effect
    bool has_statement = false;
    bool has_random_seed = false;  // before its statement
    std::vector<Mark> marks;       // the beginning, then the savepoints in their order
    size_t start = 0;              // in the buffer, if nothing of the group was handed on
    bool handed_on = false;
    uint64_t bytes = 0;
    // Of a group that prepares an XA transaction: where the part being gathered begins, and its rows.
    size_t part_start = 0;
    uint64_t part_rows_before = 0;
    uint32_t parts = 0;  // closed ones

    bool prepares() const { return (gtid.flags & kGtidPreparedXa) != 0; }
    bool has_outcome() const { return (gtid.flags & kGtidCompletedXa) != 0; }
  };

  Status HandleInside(const EventView& event);
  Status BeginGroup(const EventView& event);
  Status HandleQuery(const EventView& event);
  Status HandleStatement(const EventView& event);
  Status HandleXaStatement(const std::string& sql);
  Status HandleXaPrepare(const EventView& event);
  void AppendPart(bool last);
  Status HandleCommit();
  void SetSavepoint(const std::string& name);
  void ReleaseSavepoint(const std::string& name);
  Status RollBackTo(const std::string& name);
  Status CutBack(const Mark& mark);
  Status HandleTableMap(const EventView& event);
  Status HandleRows(const EventView& event);
  Status AbandonGroup();
  void EndGroup();
  void EndGroupIfStandalone();
  std::string Where(const EventView& event) const;

  Catalogue* const catalogue_;
  TableRegistry tables_;
  std::string buffer_;
  RunBuilder runs_;
  GtidPosition gtids_;       // after the last whole transaction
  SourcePosition position_;  // the same
  std::string file_;         // being read
  uint64_t offset_ = 0;      // end of the last event
  Group group_;
  std::unordered_map<uint64_t, TableUse*> table_ids_;  // of the group
  size_t whole_bytes_ = 0;
  Counters counters_;
  std::string scratch_;
};

}  // namespace srdf::engine_mariadb
