#include "engine_mariadb/rows_event.h"

#include <fmt/format.h>

#include "engine_mariadb/binlog_compression.h"

namespace srdf::engine_mariadb {

namespace {

struct Kind {
  RowOp op{};
  bool version2 = false;
  bool compressed = false;
  bool known = false;
};

Kind KindOf(EventType type) {
  switch (type) {
    case EventType::kWriteRowsV1:
      return {RowOp::kInsert, false, false, true};
    case EventType::kUpdateRowsV1:
      return {RowOp::kUpdate, false, false, true};
    case EventType::kDeleteRowsV1:
      return {RowOp::kDelete, false, false, true};
    case EventType::kWriteRows:
      return {RowOp::kInsert, true, false, true};
    case EventType::kUpdateRows:
      return {RowOp::kUpdate, true, false, true};
    case EventType::kDeleteRows:
      return {RowOp::kDelete, true, false, true};
    case EventType::kWriteRowsCompressedV1:
      return {RowOp::kInsert, false, true, true};
    case EventType::kUpdateRowsCompressedV1:
      return {RowOp::kUpdate, false, true, true};
    case EventType::kDeleteRowsCompressedV1:
      return {RowOp::kDelete, false, true, true};
    case EventType::kWriteRowsCompressed:
      return {RowOp::kInsert, true, true, true};
    case EventType::kUpdateRowsCompressed:
      return {RowOp::kUpdate, true, true, true};
    case EventType::kDeleteRowsCompressed:
      return {RowOp::kDelete, true, true, true};
    default:
      return {};
  }
}

Status Malformed(const EventView& event) {
  return {StatusCode::kDataLoss,
          fmt::format("malformed {} event in the binlog", EventTypeName(event.header.type))};
}

}  // namespace

bool IsRowsEvent(EventType type) { return KindOf(type).known; }

Result<RowsEvent> DecodeRowsEvent(const EventView& event, std::string* scratch) {
  const Kind kind = KindOf(event.header.event_type());
  if (!kind.known) return Malformed(event);
  ByteReader r(event.body);
  RowsEvent rows;
  rows.op = kind.op;
  rows.table_id = r.U48();
  rows.flags = r.U16();
  if (kind.version2) {
    const uint16_t extra_bytes = r.U16();  // counts itself
    if (extra_bytes < 2) return Malformed(event);
    r.Skip(extra_bytes - 2u);
  }
  rows.column_count = ReadPackedLength(&r);
  if (!r.ok() || rows.column_count > r.remaining() * 8) return Malformed(event);
  const size_t bitmap_bytes = (rows.column_count + 7) / 8;
  const ByteView bitmap = r.Raw(bitmap_bytes);
  if (rows.op != RowOp::kInsert) rows.bitmap_before = bitmap;
  if (rows.op == RowOp::kInsert) rows.bitmap_after = bitmap;
  if (rows.op == RowOp::kUpdate) rows.bitmap_after = r.Raw(bitmap_bytes);
  rows.rows = r.Rest();
  if (!r.ok()) return Malformed(event);
  if (kind.compressed && !rows.rows.empty()) {
    SRDF_RETURN_IF_ERROR(InflateEventPayload(rows.rows, scratch));
    rows.rows = *scratch;
  }
  return rows;
}

}  // namespace srdf::engine_mariadb
