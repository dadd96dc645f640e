// How files of older formats become files of today's. The text of an upgrade is never changed afterwards,
// also when a later format changes the same table again: files of every age take the same steps.
#include "store/inbox_schema.h"

namespace srdf::store {

// The table wagon is made anew, because SQLite cannot change a CHECK. Its triggers go with the old table;
// what wagon_count says stays right.
const char* InboxUpgradeFrom1() {
  return R"sql(
CREATE TABLE wagon_2 (
  wagon_id INTEGER PRIMARY KEY,
  flow TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  uid TEXT NOT NULL,
  hash TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  frame_bytes INTEGER NOT NULL,
  chunk_count INTEGER NOT NULL,
  payload_present INTEGER NOT NULL,
  stored_at_ms INTEGER NOT NULL,
  first_position_gtid TEXT NOT NULL,
  first_position_file TEXT NOT NULL,
  first_position_offset INTEGER NOT NULL,
  last_position_gtid TEXT NOT NULL,
  last_position_file TEXT NOT NULL,
  last_position_offset INTEGER NOT NULL,
  first_gtid TEXT NOT NULL,
  last_gtid TEXT NOT NULL,
  commit_time_first_ms INTEGER NOT NULL,
  commit_time_last_ms INTEGER NOT NULL,
  opened_at_ms INTEGER NOT NULL,
  closed_at_ms INTEGER NOT NULL,
  transactions INTEGER NOT NULL,
  rows_before INTEGER NOT NULL,
  rows_after INTEGER NOT NULL,
  statements INTEGER NOT NULL,
  source_bytes INTEGER NOT NULL,
  bytes_before INTEGER NOT NULL,
  payload_raw_bytes INTEGER NOT NULL,
  payload_compressed_bytes INTEGER NOT NULL,
  seal_reason TEXT NOT NULL,
  codec TEXT NOT NULL,
  encryption TEXT NOT NULL,
  key_id TEXT NOT NULL,
  nonce TEXT NOT NULL,
  schema_fingerprint TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'accepted'
    CHECK (status IN ('receiving', 'accepted', 'applied', 'failed', 'skipped')),
  applied_at_ms INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  skip_reason TEXT NOT NULL DEFAULT '',
  skip_actor TEXT NOT NULL DEFAULT '',
  skip_decided_at_ms INTEGER NOT NULL DEFAULT 0
);
INSERT INTO wagon_2 SELECT wagon.*, '', '', 0 FROM wagon;
DROP TABLE wagon;
ALTER TABLE wagon_2 RENAME TO wagon;
CREATE UNIQUE INDEX wagon_order ON wagon (flow, epoch, sequence);
CREATE INDEX wagon_uid ON wagon (uid);
CREATE UNIQUE INDEX wagon_receiving ON wagon (flow) WHERE status = 'receiving';
CREATE INDEX wagon_skip ON wagon (flow, epoch, sequence) WHERE skip_decided_at_ms <> 0;
CREATE TRIGGER wagon_added AFTER INSERT ON wagon BEGIN
  INSERT INTO wagon_count VALUES (NEW.flow, NEW.status, 1, NEW.frame_bytes)
    ON CONFLICT DO UPDATE SET wagons = wagons + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER wagon_removed AFTER DELETE ON wagon BEGIN
  UPDATE wagon_count SET wagons = wagons - 1, bytes = bytes - OLD.frame_bytes
    WHERE flow = OLD.flow AND status = OLD.status;
END;
CREATE TRIGGER wagon_moved AFTER UPDATE OF status, frame_bytes ON wagon
  WHEN OLD.status <> NEW.status OR OLD.frame_bytes <> NEW.frame_bytes BEGIN
  UPDATE wagon_count SET wagons = wagons - 1, bytes = bytes - OLD.frame_bytes
    WHERE flow = OLD.flow AND status = OLD.status;
  INSERT INTO wagon_count VALUES (NEW.flow, NEW.status, 1, NEW.frame_bytes)
    ON CONFLICT DO UPDATE SET wagons = wagons + 1, bytes = bytes + excluded.bytes;
END;
)sql";
}

const char* InboxUpgradeFrom2() {
  return R"sql(
CREATE TABLE refusal (
  refusal_id INTEGER PRIMARY KEY,
  flow TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  uid TEXT NOT NULL,
  receipt TEXT NOT NULL,
  reason TEXT NOT NULL,
  error TEXT NOT NULL,
  peer TEXT NOT NULL
);
CREATE INDEX refusal_flow ON refusal (flow, refusal_id);
CREATE TABLE refusal_count (
  flow TEXT NOT NULL,
  receipt TEXT NOT NULL,
  reason TEXT NOT NULL,
  refusals INTEGER NOT NULL,
  first_at_ms INTEGER NOT NULL,
  last_at_ms INTEGER NOT NULL,
  PRIMARY KEY (flow, receipt, reason)
) WITHOUT ROWID;
)sql";
}

const char* InboxUpgradeFrom3() {
  return R"sql(
ALTER TABLE flow ADD COLUMN tip_copy BLOB NOT NULL DEFAULT x'';
ALTER TABLE flow ADD COLUMN start_copy BLOB NOT NULL DEFAULT x'';
ALTER TABLE wagon ADD COLUMN first_position_copy BLOB NOT NULL DEFAULT x'';
ALTER TABLE wagon ADD COLUMN last_position_copy BLOB;
)sql";
}

}  // namespace srdf::store
