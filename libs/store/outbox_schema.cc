#include "store/outbox_schema.h"

#include "store/wagon_rows.h"

namespace srdf::store {
namespace {

constexpr int64_t kApplicationId = 0x5352444f;  // "SRDO"
constexpr int64_t kVersion = 4;

const char* const kFlowDdl = R"sql(
CREATE TABLE flow (
  flow TEXT PRIMARY KEY,
  initialised INTEGER NOT NULL DEFAULT 0,
  paused INTEGER NOT NULL DEFAULT 0,
  tip_epoch INTEGER NOT NULL DEFAULT 1,
  tip_sequence INTEGER NOT NULL DEFAULT 0,
  tip_uid TEXT NOT NULL DEFAULT '',
  tip_hash TEXT NOT NULL DEFAULT '',
  tip_gtid TEXT NOT NULL DEFAULT '',
  tip_file TEXT NOT NULL DEFAULT '',
  tip_offset INTEGER NOT NULL DEFAULT 0,
  base_sequence INTEGER NOT NULL DEFAULT 0,
  base_hash TEXT NOT NULL DEFAULT '',
  base_gtid TEXT NOT NULL DEFAULT '',
  acked_sequence INTEGER NOT NULL DEFAULT 0,
  applied_sequence INTEGER NOT NULL DEFAULT 0,
  total_wagons INTEGER NOT NULL DEFAULT 0,
  total_transactions INTEGER NOT NULL DEFAULT 0,
  total_rows_before INTEGER NOT NULL DEFAULT 0,
  total_rows_after INTEGER NOT NULL DEFAULT 0,
  total_statements INTEGER NOT NULL DEFAULT 0,
  total_source_bytes INTEGER NOT NULL DEFAULT 0,
  total_bytes_before INTEGER NOT NULL DEFAULT 0,
  total_payload_raw_bytes INTEGER NOT NULL DEFAULT 0,
  total_payload_compressed_bytes INTEGER NOT NULL DEFAULT 0,
  max_bytes_per_second INTEGER,
  priority INTEGER,
  failing_since_ms INTEGER NOT NULL DEFAULT 0,
  suspended_at_ms INTEGER NOT NULL DEFAULT 0,
  suspended_class TEXT NOT NULL DEFAULT '',
  suspended_error TEXT NOT NULL DEFAULT '',
  suspended_remedy TEXT NOT NULL DEFAULT '',
  suspended_sequence INTEGER NOT NULL DEFAULT 0,
  sends_early INTEGER NOT NULL DEFAULT 0,
  tip_copy BLOB NOT NULL DEFAULT x'',
  base_copy BLOB NOT NULL DEFAULT x''
) WITHOUT ROWID;
)sql";

// `superseded` is 0 in a live wagon and its own id in one that has left the chain (superseded, or merged into
// another one), which frees its sequence number.
const char* const kWagonTailDdl = R"sql(,
  superseded INTEGER NOT NULL DEFAULT 0,
  superseded_at_ms INTEGER NOT NULL DEFAULT 0,
  merged_into TEXT NOT NULL DEFAULT '')sql";

const char* const kWagonIndexDdl = R"sql();
CREATE UNIQUE INDEX wagon_order ON wagon (flow, epoch, sequence, superseded);
CREATE INDEX wagon_uid ON wagon (uid);
CREATE INDEX wagon_superseded ON wagon (flow, superseded_at_ms) WHERE superseded <> 0;
)sql";

const char* const kDeliveryDdl = R"sql(
CREATE TABLE delivery (
  wagon_id INTEGER NOT NULL REFERENCES wagon ON DELETE CASCADE,
  destination TEXT NOT NULL DEFAULT 'default',
  flow TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  frame_bytes INTEGER NOT NULL,
  status TEXT NOT NULL DEFAULT 'sealed' CHECK (status IN ('sealed', 'pending', 'sending', 'sent', 'acked',
    'retry', 'failed', 'dead_letter', 'applied', 'superseded', 'skipped', 'merged')),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  acked_at_ms INTEGER NOT NULL DEFAULT 0,
  applied_at_ms INTEGER NOT NULL DEFAULT 0,
  error_class TEXT NOT NULL DEFAULT '',
  failed_attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (wagon_id, destination)
) WITHOUT ROWID;
CREATE INDEX delivery_unsettled ON delivery (flow, epoch, sequence)
  WHERE status NOT IN ('applied', 'superseded', 'skipped', 'merged');

CREATE TABLE delivery_attempt (
  wagon_id INTEGER NOT NULL,
  destination TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '',
  where_to TEXT NOT NULL DEFAULT '',
  first_chunk INTEGER NOT NULL DEFAULT 0,
  bytes_sent INTEGER NOT NULL DEFAULT 0,
  receipt TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  error_class TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (wagon_id, destination, attempt),
  FOREIGN KEY (wagon_id, destination) REFERENCES delivery ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE dead_letter (
  dead_letter_id INTEGER PRIMARY KEY,
  flow TEXT NOT NULL,
  destination TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  uid TEXT NOT NULL,
  error TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  resolved_at_ms INTEGER NOT NULL DEFAULT 0,
  resolution TEXT NOT NULL DEFAULT '',
  error_class TEXT NOT NULL DEFAULT '',
  resolved_by TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX dead_letter_open ON dead_letter (flow, epoch, sequence) WHERE resolved_at_ms = 0;
)sql";

// Counted by triggers, so that no statement, an operator's own included, can leave the counters behind.
const char* const kDeliveryCountDdl = R"sql(
CREATE TABLE delivery_count (
  flow TEXT NOT NULL,
  destination TEXT NOT NULL,
  status TEXT NOT NULL,
  wagons INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (flow, destination, status)
) WITHOUT ROWID;
CREATE TRIGGER delivery_added AFTER INSERT ON delivery BEGIN
  INSERT INTO delivery_count VALUES (NEW.flow, NEW.destination, NEW.status, 1, NEW.frame_bytes)
    ON CONFLICT DO UPDATE SET wagons = wagons + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER delivery_removed AFTER DELETE ON delivery BEGIN
  UPDATE delivery_count SET wagons = wagons - 1, bytes = bytes - OLD.frame_bytes
    WHERE flow = OLD.flow AND destination = OLD.destination AND status = OLD.status;
END;
CREATE TRIGGER delivery_moved AFTER UPDATE OF status ON delivery WHEN OLD.status <> NEW.status BEGIN
  UPDATE delivery_count SET wagons = wagons - 1, bytes = bytes - OLD.frame_bytes
    WHERE flow = OLD.flow AND destination = OLD.destination AND status = OLD.status;
  INSERT INTO delivery_count VALUES (NEW.flow, NEW.destination, NEW.status, 1, NEW.frame_bytes)
    ON CONFLICT DO UPDATE SET wagons = wagons + 1, bytes = bytes + excluded.bytes;
END;
)sql";

const char* const kAuditDdl = R"sql(
CREATE TABLE audit (
  audit_id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  flow TEXT NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 0,
  sequence INTEGER NOT NULL DEFAULT 0,
  uid TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_flow ON audit (flow, audit_id);
)sql";

}  // namespace

QueueFormat OutboxFormat() {
  return {"outbox",
          kApplicationId,
          kVersion,
          std::string(kFlowDdl) + "CREATE TABLE wagon (" + kWagonColumnsDdl + kWagonTailDdl +
              kWagonCopyColumnsDdl + kWagonIndexDdl + kWagonTableDdl + kWagonChunkDdl + kDeliveryDdl +
              kDeliveryCountDdl + kAuditDdl,
          {"flow", "wagon", "wagon_table", "delivery", "delivery_attempt", "dead_letter", "delivery_count",
           "audit"},
          {OutboxUpgradeFrom1(), OutboxUpgradeFrom2(), OutboxUpgradeFrom3()}};
}

}  // namespace srdf::store
