// How files of older formats become files of today's. The text of an upgrade is never changed afterwards,
// also when a later format changes the same table again: files of every age take the same steps.
#include "store/outbox_schema.h"

namespace srdf::store {

// The table delivery is made anew, because SQLite cannot change a CHECK. Wagons that were never sent are
// `sealed` from now on. delivery_count has its rows from the old table's triggers; only the words change.
const char* OutboxUpgradeFrom1() {
  return R"sql(
ALTER TABLE flow ADD COLUMN max_bytes_per_second INTEGER;
ALTER TABLE flow ADD COLUMN priority INTEGER;
ALTER TABLE flow ADD COLUMN failing_since_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow ADD COLUMN suspended_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow ADD COLUMN suspended_class TEXT NOT NULL DEFAULT '';
ALTER TABLE flow ADD COLUMN suspended_error TEXT NOT NULL DEFAULT '';
ALTER TABLE flow ADD COLUMN suspended_remedy TEXT NOT NULL DEFAULT '';
ALTER TABLE flow ADD COLUMN suspended_sequence INTEGER NOT NULL DEFAULT 0;

ALTER TABLE wagon ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';

CREATE TABLE delivery_2 (
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
INSERT INTO delivery_2 (wagon_id, destination, flow, epoch, sequence, frame_bytes, status, attempts, last_error,
    acked_at_ms, applied_at_ms)
  SELECT wagon_id, destination, flow, epoch, sequence, frame_bytes,
    CASE WHEN status = 'pending' AND attempts = 0 THEN 'sealed' ELSE status END,
    attempts, last_error, acked_at_ms, applied_at_ms FROM delivery;
DROP TABLE delivery;
ALTER TABLE delivery_2 RENAME TO delivery;
CREATE INDEX delivery_unsettled ON delivery (flow, epoch, sequence)
  WHERE status NOT IN ('applied', 'superseded', 'skipped', 'merged');
DELETE FROM delivery_count;
INSERT INTO delivery_count SELECT flow, destination, status, count(*), sum(frame_bytes) FROM delivery
  GROUP BY flow, destination, status;
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

ALTER TABLE delivery_attempt ADD COLUMN where_to TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery_attempt ADD COLUMN first_chunk INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery_attempt ADD COLUMN bytes_sent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery_attempt ADD COLUMN receipt TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery_attempt ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery_attempt ADD COLUMN error_class TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery_attempt ADD COLUMN error TEXT NOT NULL DEFAULT '';

ALTER TABLE dead_letter ADD COLUMN error_class TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letter ADD COLUMN resolved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letter ADD COLUMN reason TEXT NOT NULL DEFAULT '';

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
}

const char* OutboxUpgradeFrom2() {
  return "ALTER TABLE flow ADD COLUMN sends_early INTEGER NOT NULL DEFAULT 0;";
}

const char* OutboxUpgradeFrom3() {
  return R"sql(
ALTER TABLE flow ADD COLUMN tip_copy BLOB NOT NULL DEFAULT x'';
ALTER TABLE flow ADD COLUMN base_copy BLOB NOT NULL DEFAULT x'';
ALTER TABLE wagon ADD COLUMN first_position_copy BLOB NOT NULL DEFAULT x'';
ALTER TABLE wagon ADD COLUMN last_position_copy BLOB;
)sql";
}

}  // namespace srdf::store
