// The outbox's tables as format 1 had them, word for word: what an installation that is updated brings along.
#pragma once

namespace srdf::store {

inline const char* const kOutboxFormat1 = R"sql(
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
  total_payload_compressed_bytes INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE wagon (
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
  superseded INTEGER NOT NULL DEFAULT 0,
  superseded_at_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX wagon_order ON wagon (flow, epoch, sequence, superseded);
CREATE INDEX wagon_uid ON wagon (uid);
CREATE INDEX wagon_superseded ON wagon (flow, superseded_at_ms) WHERE superseded <> 0;

CREATE TABLE wagon_table (
  wagon_id INTEGER NOT NULL REFERENCES wagon ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  database_name TEXT NOT NULL,
  table_name TEXT NOT NULL,
  inserts_before INTEGER NOT NULL,
  updates_before INTEGER NOT NULL,
  deletes_before INTEGER NOT NULL,
  bytes_before INTEGER NOT NULL,
  inserts_after INTEGER NOT NULL,
  updates_after INTEGER NOT NULL,
  deletes_after INTEGER NOT NULL,
  bytes_after INTEGER NOT NULL,
  PRIMARY KEY (wagon_id, ordinal)
) WITHOUT ROWID;

CREATE TABLE wagon_chunk (
  wagon_id INTEGER NOT NULL,
  chunk_no INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (wagon_id, chunk_no)
);

CREATE TABLE delivery (
  wagon_id INTEGER NOT NULL REFERENCES wagon ON DELETE CASCADE,
  destination TEXT NOT NULL DEFAULT 'default',
  flow TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  frame_bytes INTEGER NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sending', 'sent', 'acked', 'retry',
    'failed', 'dead_letter', 'applied', 'superseded')),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  acked_at_ms INTEGER NOT NULL DEFAULT 0,
  applied_at_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (wagon_id, destination)
) WITHOUT ROWID;
CREATE INDEX delivery_unapplied ON delivery (flow, epoch, sequence) WHERE status NOT IN ('applied', 'superseded');

CREATE TABLE delivery_attempt (
  wagon_id INTEGER NOT NULL,
  destination TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '',
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
  resolution TEXT NOT NULL DEFAULT ''
);
CREATE INDEX dead_letter_open ON dead_letter (flow, epoch, sequence) WHERE resolved_at_ms = 0;

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
PRAGMA application_id = 1397900367;
PRAGMA user_version = 1;
)sql";

}  // namespace srdf::store
