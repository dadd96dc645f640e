#include "capture/copy_work.h"

#include <algorithm>
#include <map>

#include "failpoint/failpoint.h"
#include "model/statement.h"

namespace srdf::capture {

namespace {

// What a cursor means: names, types and order of the key's columns. `order` as Snapshot::KeyOrder.
std::string KeyOf(const TableSchema& schema, const std::vector<uint16_t>& order) {
  std::string out;
  ByteWriter w(&out);
  w.U8(static_cast<uint8_t>(schema.key_kind));
  for (const uint16_t ordinal : order) {
    const Column& column = schema.columns[ordinal];
    w.Blob(column.name);
    w.U8(column.type);
    w.U16(column.type_meta);
    w.U8(column.is_unsigned ? 1 : 0);
    w.U16(column.collation);
    for (const std::string& label : column.labels) w.Blob(label);
  }
  return out;
}

Status Changed(const TableCopy& table) {
  return {StatusCode::kAborted,
          "the copy of " + table.database + "." + table.table + " was changed while its rows were read"};
}

TableCopy* FindIn(CopyState* copy, const TableCopy& table) {
  return const_cast<TableCopy*>(copy->Find(table.database, table.table));
}

void Erase(CopyState* copy, const TableCopy& table) {
  std::erase_if(copy->tables,
                [&](const TableCopy& t) { return t.database == table.database && t.table == table.table; });
}

// The last table's end is the copy's.
void EndIfDone(std::optional<CopyState>* copy) {
  if ((*copy)->schema_done && (*copy)->tables.empty()) copy->reset();
}

// Ends the read soon when nobody wants the rows any more.
class LimitedRows : public engine::RowSink {
 public:
  LimitedRows(const CallLimits& limits, engine::RowSink* to) : limits_(limits), to_(to) {}
  Status Row(ByteView key, ByteView image) override {
    if (++rows_ % 256 == 0 && limits_.cancelled != nullptr && limits_.cancelled())
      return {StatusCode::kCancelled, "the copy's session has ended"};
    return to_->Row(key, image);
  }

 private:
  const CallLimits& limits_;
  engine::RowSink* const to_;
  uint64_t rows_ = 0;
};

// The table is not there, and the log has the statement that took it away. Behind it the stream knows.
Status GoneFrom(const CopyContext& context, const TableCopy& table) {
  SRDF_ASSIGN_OR_RETURN(auto opened, context.gate->OpenSnapshot(context.limits));
  return opened.place->Send(
      {},
      [&](std::optional<CopyState>* copy) -> Status {
        if (!*copy || FindIn(&**copy, table) == nullptr) return Changed(table);
        return {StatusCode::kNotFound,
                table.database + "." + table.table +
                    " is not at the source, and no statement of its log dropped or renamed it",
                "cancel the copy (`srdfctl establish FLOW --cancel`) and begin it again"};
      },
      true, context.limits);
}

// Sends what is gathered whenever it is enough for a wagon, as long as it is wanted.
class Pieces : public engine::RowSink {
 public:
  Pieces(const CopyContext& context, StreamGate::Place* place, CopyRecords* records, CopyChange wanted)
      : context_(context), place_(place), records_(records), wanted_(std::move(wanted)) {}
  Status Row(ByteView key, ByteView image) override {
    SRDF_RETURN_IF_ERROR(records_->Row(key, image));
    bytes_ += image.size();
    return keyless_ ? SendEnough() : Status();
  }
  // Of a table with a key a range is read to its end first: sending may take long, and what is being read has
  // a lock.
  Status Read(engine::Snapshot* snapshot, const TableSchema& schema, engine::RowSink* rows) {
    keyless_ = schema.key_kind == KeyKind::kNone;
    for (std::string after;;) {
      SRDF_ASSIGN_OR_RETURN(
          engine::ReadEnd end,
          snapshot->ReadRange(schema, {after, {}}, {0, keyless_ ? 0 : context_.chunk_bytes}, rows));
      if (end.complete) return {};
      SRDF_RETURN_IF_ERROR(SendEnough());
      after = std::move(end.last_key);
    }
  }
  uint64_t bytes() const { return bytes_; }

 private:
  Status SendEnough() {
    if (records_->bytes() < context_.chunk_bytes) return {};
    SRDF_RETURN_IF_ERROR(place_->Send(records_->Take(), wanted_, false, context_.limits));
    SRDF_FAILPOINT("capture.copy_after_send");
    RangeCopy more;
    more.kind = RangeCopyKind::kMore;
    records_->Range(std::move(more));
    return {};
  }

  const CopyContext& context_;
  StreamGate::Place* const place_;
  CopyRecords* const records_;
  const CopyChange wanted_;
  bool keyless_ = false;
  uint64_t bytes_ = 0;
};

// How many rows there are of some images.
class Counts : public engine::RowSink {
 public:
  Status Row(ByteView, ByteView image) override {
    const auto it = counts.find(image);
    if (it != counts.end()) ++it->second;
    return {};
  }
  std::map<std::string, uint64_t, std::less<>> counts;
};

class Found : public engine::RowSink {
 public:
  Status Row(ByteView key, ByteView image) override {
    rows.emplace(key, image);
    return {};
  }
  std::map<std::string, std::string> rows;
};

}  // namespace

Result<uint64_t> CopyNextRange(const CopyContext& context, const TableCopy& table) {
  SRDF_ASSIGN_OR_RETURN(auto opened, context.gate->OpenSnapshot(context.limits));
  auto schema = opened.snapshot->Describe(table.database, table.table);
  if (schema.status().code() == StatusCode::kNotFound) {
    opened.place.reset();
    return GoneFrom(context, table);
  }
  if (!schema.ok()) return schema.status();
  if (schema->key_kind == KeyKind::kNone) {
    opened.place.reset();
    return CopyWhole(context, {table});
  }
  const std::string key = KeyOf(*schema, opened.snapshot->KeyOrder(*schema));
  // With another key the cursor says nothing: from the beginning.
  const std::string after = table.key == key ? table.cursor : std::string();
  CopyRecords records(context.refs);
  records.Table(*schema);
  LimitedRows rows(context.limits, &records);
  SRDF_FAILPOINT("capture.copy_before_read");
  SRDF_ASSIGN_OR_RETURN(const engine::ReadEnd end,
                        opened.snapshot->ReadRange(*schema, {after, {}}, {0, context.chunk_bytes}, &rows));
  opened.snapshot.reset();  // its read view costs the server while the stream is waited for
  RangeCopy range;
  range.kind = RangeCopyKind::kRange;
  range.after = after;
  range.until = end.complete ? std::string() : end.last_key;
  records.RangeOfRowsBefore(std::move(range));
  SRDF_RETURN_IF_ERROR(opened.place->Send(
      records.Take(),
      [&](std::optional<CopyState>* copy) -> Status {
        TableCopy* const now = *copy ? FindIn(&**copy, table) : nullptr;
        if (now == nullptr || now->cursor != table.cursor || now->key != table.key) return Changed(table);
        now->phase = CopyPhase::kCopying;
        now->key = key;
        now->cursor = end.last_key;
        now->rows = (after.empty() ? 0 : now->rows) + end.rows;
        (*copy)->rows += end.rows;
        (*copy)->bytes += end.bytes;
        if (end.complete) Erase(&**copy, table);
        EndIfDone(copy);
        return {};
      },
      true, context.limits));
  SRDF_FAILPOINT("capture.copy_after_send");
  return end.rows;
}

Result<uint64_t> CopyWhole(const CopyContext& context, const std::vector<TableCopy>& tables) {
  SRDF_ASSIGN_OR_RETURN(auto opened, context.gate->OpenSnapshot(context.limits));
  const CopyChange wanted = [&](std::optional<CopyState>* copy) -> Status {
    for (const TableCopy& table : tables) {
      if (!*copy || FindIn(&**copy, table) == nullptr) return Changed(table);
    }
    // The stream stands at the place, and a pause may be long: all of it is read again afterwards.
    if ((*copy)->paused) return Changed(tables.front());
    return {};
  };
  // A read that has begun must not wait for the stream: its table is locked, and its server loses patience.
  SRDF_RETURN_IF_ERROR(opened.place->Send({}, wanted, false, context.limits));
  CopyRecords records(context.refs);
  Pieces pieces(context, opened.place.get(), &records, wanted);
  LimitedRows rows(context.limits, &pieces);
  SRDF_FAILPOINT("capture.copy_before_read");
  for (const TableCopy& table : tables) {
    auto schema = opened.snapshot->Describe(table.database, table.table);
    if (schema.status().code() == StatusCode::kNotFound) {
      opened.place.reset();
      return GoneFrom(context, table);
    }
    if (!schema.ok()) return schema.status();
    records.Table(*schema);
    RangeCopy all;
    all.kind = RangeCopyKind::kRange;
    records.Range(std::move(all));
    SRDF_RETURN_IF_ERROR(pieces.Read(opened.snapshot.get(), *schema, &rows));
  }
  SRDF_RETURN_IF_ERROR(opened.place->Send(
      records.Take(),
      [&](std::optional<CopyState>* copy) -> Status {
        if (Status still = wanted(copy); !still.ok()) return still;
        for (const TableCopy& table : tables) Erase(&**copy, table);
        (*copy)->rows += records.rows();
        (*copy)->bytes += pieces.bytes();
        EndIfDone(copy);
        return {};
      },
      true, context.limits));
  SRDF_FAILPOINT("capture.copy_after_send");
  return records.rows();
}

Result<CopiedRows> CopyRows(const CopyContext& context, const engine::TableId& table,
                            const std::vector<std::string>& keys, const std::vector<std::string>& images) {
  SRDF_ASSIGN_OR_RETURN(auto opened, context.gate->OpenSnapshot(context.limits));
  if (const auto copy = context.gate->copy(); copy && copy->Find(table.database, table.table) != nullptr) {
    return Status(StatusCode::kFailedPrecondition,
                  table.database + "." + table.table + " is being copied whole",
                  "wait for the end of the copy (`srdfctl establish FLOW --watch`), then verify again");
  }
  SRDF_ASSIGN_OR_RETURN(const TableSchema schema, opened.snapshot->Describe(table.database, table.table));
  const bool keyless = schema.key_kind == KeyKind::kNone;
  if (keyless ? !keys.empty() : !images.empty()) {
    return Status(StatusCode::kInvalidArgument,
                  table.database + "." + table.table +
                      (keyless ? " has no key: its rows are named by their images"
                               : " has a key: its rows are named by it"));
  }
  CopyRecords records(context.refs);
  records.Table(schema);
  CopiedRows result;
  if (keyless) {
    Counts counts;
    for (const std::string& image : images) counts.counts[image] = 0;
    LimitedRows rows(context.limits, &counts);
    SRDF_ASSIGN_OR_RETURN(const engine::ReadEnd end, opened.snapshot->ReadRange(schema, {}, {}, &rows));
    if (!end.complete) return Status(StatusCode::kInternal, "the table was not read whole");
    // Those that are not there come first: where the table has a unique key all the same (over NULLs, or over
    // prefixes), one of them may have the values of one that is.
    for (const bool gone : {true, false}) {
      for (const auto& [image, count] : counts.counts) {
        if ((count == 0) != gone) continue;
        RangeCopy copies;
        copies.kind = RangeCopyKind::kCopies;
        copies.until = image;
        copies.copies = count;
        records.Range(std::move(copies));
        result.found += count;
      }
    }
  } else {
    Found found;
    SRDF_ASSIGN_OR_RETURN([[maybe_unused]] const engine::ReadEnd end,
                          opened.snapshot->ReadKeys(schema, keys, &found));
    // Those that are not there come first: a key that is equal under its collation, but not as bytes, is
    // found as the source has it, and must not be deleted after that row came.
    for (const std::string& key : keys) {
      if (found.rows.count(key) != 0) continue;
      RangeCopy gone;
      gone.kind = RangeCopyKind::kKey;
      gone.until = key;
      records.Range(std::move(gone));
    }
    for (const auto& [key, image] : found.rows) {
      RangeCopy row;
      row.kind = RangeCopyKind::kKey;
      row.until = key;
      records.Range(std::move(row));
      SRDF_RETURN_IF_ERROR(records.Row(key, image));
    }
    result.found = found.rows.size();
  }
  result.position = opened.snapshot->position();
  opened.snapshot.reset();
  SRDF_RETURN_IF_ERROR(opened.place->Send(
      records.Take(),
      [&](std::optional<CopyState>* copy) -> Status {
        if (*copy && (*copy)->Find(table.database, table.table) != nullptr) {
          return {StatusCode::kAborted, "a copy of the table began meanwhile"};
        }
        return {};
      },
      true, context.limits));
  SRDF_FAILPOINT("capture.copy_after_send");
  return result;
}

}  // namespace srdf::capture
