// Events of a MariaDB binlog: every decoder on a body, whatever its type says.
#include "engine_mariadb/binlog_compression.h"
#include "engine_mariadb/binlog_event.h"
#include "engine_mariadb/event_classifier.h"
#include "engine_mariadb/query_event.h"
#include "engine_mariadb/rows_event.h"
#include "engine_mariadb/table_map.h"
#include "fuzz/fuzz_target.h"
#include "unit/engine_mariadb_source/sample_events.h"

namespace srdf::fuzz {

namespace mariadb = engine_mariadb;

void FuzzOne(std::string_view input) {
  const auto event = mariadb::DecodeEvent(input);
  if (!event.ok()) return;
  const ByteView body = event->body;
  std::string scratch;
  (void)mariadb::ClassifyEvent(event->header);
  (void)mariadb::EventRefusal(*event, "bin.000001:4");
  (void)mariadb::DecodeFormatDescription(body);
  (void)mariadb::DecodeRotate(body);
  (void)mariadb::DecodeGtidEvent(*event);
  (void)mariadb::DecodeGtidList(body);
  (void)mariadb::DecodeHeartbeat(body);
  (void)mariadb::DecodeXaPrepare(body);
  (void)mariadb::DecodeIncident(body);
  (void)mariadb::DecodeQueryEvent(*event);
  (void)mariadb::DecodeQueryText(*event, &scratch);
  if (mariadb::IsRowsEvent(event->header.event_type())) {
    const auto rows = mariadb::DecodeRowsEvent(*event, &scratch);
    if (rows.ok()) {
      Require(rows->bitmap_after.size() <= input.size() + scratch.size(),
              "a bitmap is larger than its event");
    }
  }
  if (const auto map = mariadb::SplitTableMap(body); map.ok()) {
    (void)mariadb::DecodeTableMap(map->description);
    (void)mariadb::DecodeTableMap(map->description, mariadb::LogDialect::kMySql);
  }
  if (body.size() < 4096) (void)mariadb::InflateColumnValue(body, &scratch);
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const std::string_view hex :
       {test::kFormatEvent, test::kGtidListEvent, test::kGtidEvent, test::kQueryEvent,
        test::kQueryCompressedEvent, test::kTableMapEvent, test::kWriteRowsEvent, test::kUpdateRowsEvent,
        test::kUpdateRowsCompressedEvent}) {
    seeds.push_back(test::FromHex(hex));
  }
  return seeds;
}

}  // namespace srdf::fuzz
