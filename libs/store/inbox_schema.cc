#include "store/inbox_schema.h"

#include "store/wagon_rows.h"

namespace srdf::store {
namespace {

constexpr int64_t kApplicationId = 0x53524449;  // "SRDI"
constexpr int64_t kVersion = 4;

const char* const kFlowDdl = R"sql(
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
  failed_error TEXT NOT NULL DEFAULT '',
  tip_copy BLOB NOT NULL DEFAULT x'',
  start_copy BLOB NOT NULL DEFAULT x''
) WITHOUT ROWID;
)sql";

// A wagon that is being received has its row from the first chunk on: flow, sequence, uid and hash as the
// sender told, chunk_count and frame_bytes as far as it came, everything else empty until it is accepted.
const char* const kWagonTailDdl = R"sql(,
  status TEXT NOT NULL DEFAULT 'accepted'
    CHECK (status IN ('receiving', 'accepted', 'applied', 'failed', 'skipped')),
  applied_at_ms INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  skip_reason TEXT NOT NULL DEFAULT '',
  skip_actor TEXT NOT NULL DEFAULT '',
  skip_decided_at_ms INTEGER NOT NULL DEFAULT 0)sql";

const char* const kWagonIndexDdl = R"sql();
CREATE UNIQUE INDEX wagon_order ON wagon (flow, epoch, sequence);
CREATE INDEX wagon_uid ON wagon (uid);
CREATE UNIQUE INDEX wagon_receiving ON wagon (flow) WHERE status = 'receiving';
CREATE INDEX wagon_skip ON wagon (flow, epoch, sequence) WHERE skip_decided_at_ms <> 0;

CREATE TABLE ack (
  ack_id INTEGER PRIMARY KEY,
  wagon_id INTEGER NOT NULL REFERENCES wagon ON DELETE CASCADE,
  result TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX ack_wagon ON ack (wagon_id);
)sql";

// Counted by triggers, so that no statement, an operator's own included, can leave the counters behind.
const char* const kWagonCountDdl = R"sql(
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
)sql";

// No foreign key to wagon: most of what is refused never was one here.
const char* const kRefusalDdl = R"sql(
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

}  // namespace

QueueFormat InboxFormat() {
  return {"inbox",
          kApplicationId,
          kVersion,
          std::string(kFlowDdl) + "CREATE TABLE wagon (" + kWagonColumnsDdl + kWagonTailDdl +
              kWagonCopyColumnsDdl + kWagonIndexDdl + kWagonTableDdl + kWagonChunkDdl + kWagonCountDdl +
              kRefusalDdl,
          {"flow", "wagon", "wagon_table", "ack", "wagon_count", "refusal", "refusal_count"},
          {InboxUpgradeFrom1(), InboxUpgradeFrom2(), InboxUpgradeFrom3()}};
}

}  // namespace srdf::store
