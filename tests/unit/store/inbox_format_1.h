// The inbox's tables as format 1 had them, word for word: what an installation that is updated brings along.
#pragma once

namespace srdf::store {

inline const char* const kInboxFormat1 = R"sql(
CREATE TABLE flow (
  flow TEXT PRIMARY KEY,
  tip_known INTEGER NOT NULL DEFAULT 0,
  tip_epoch INTEGER NOT NULL DEFAULT 1,
  tip_sequence INTEGER NOT NULL DEFAULT 0,
  tip_uid TEXT NOT NULL DEFAULT '',
  tip_hash TEXT NOT NULL DEFAULT '',
  tip_gtid TEXT NOT NULL DEFAULT '',
  tip_file TEXT NOT NULL DEFAULT '',
  tip_offset INTEGER NOT NULL DEFAULT 0,
  start_gtid TEXT NOT NULL DEFAULT '',
  applied_epoch INTEGER NOT NULL DEFAULT 0,
  applied_sequence INTEGER NOT NULL DEFAULT 0,
  failed_sequence INTEGER NOT NULL DEFAULT 0,
  failed_error TEXT NOT NULL DEFAULT ''
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
  status TEXT NOT NULL DEFAULT 'accepted' CHECK (status IN ('receiving', 'accepted', 'applied', 'failed')),
  applied_at_ms INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX wagon_order ON wagon (flow, epoch, sequence);
CREATE INDEX wagon_uid ON wagon (uid);
CREATE UNIQUE INDEX wagon_receiving ON wagon (flow) WHERE status = 'receiving';

CREATE TABLE ack (
  ack_id INTEGER PRIMARY KEY,
  wagon_id INTEGER NOT NULL REFERENCES wagon ON DELETE CASCADE,
  result TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX ack_wagon ON ack (wagon_id);
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
CREATE TABLE wagon_count (
  flow TEXT NOT NULL,
  status TEXT NOT NULL,
  wagons INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (flow, status)
) WITHOUT ROWID;
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
PRAGMA application_id = 1397900361;
PRAGMA user_version = 1;
)sql";

}  // namespace srdf::store
