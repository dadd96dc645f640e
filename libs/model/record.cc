#include "model/record.h"

#include <cassert>

#include "model/copy_state.h"

namespace srdf {

namespace {

Status Torn(std::string_view what) {
  return {StatusCode::kDataLoss, "change stream: torn or malformed " + std::string(what)};
}

bool KnownType(uint8_t type) { return type >= 1 && type <= 9; }

}  // namespace

std::string_view RowOpName(RowOp op) {
  switch (op) {
    case RowOp::kInsert:
      return "insert";
    case RowOp::kUpdate:
      return "update";
    case RowOp::kDelete:
      return "delete";
  }
  return "unknown";
}

void AppendRecord(RecordType type, ByteView body, std::string* out) {
  ByteWriter w(out);
  w.U8(static_cast<uint8_t>(type));
  w.U32(static_cast<uint32_t>(body.size()));
  w.Raw(body);
}

Result<bool> RecordCursor::Next(Record* record) {
  if (in_.empty()) return false;
  ByteReader r(in_);
  const uint8_t type = r.U8();
  const uint32_t length = r.U32();
  if (!r.ok()) return Torn("record header");
  if (!KnownType(type)) {
    return Status(StatusCode::kDataLoss, "change stream: unknown record type " + std::to_string(type));
  }
  if (length > kRecordBodyBytesMax) {
    return Status(StatusCode::kDataLoss, "change stream: record of " + std::to_string(length) +
                                             " bytes, the limit is " + std::to_string(kRecordBodyBytesMax));
  }
  record->body = r.Raw(length);
  if (!r.ok()) return Torn("record body");
  record->type = static_cast<RecordType>(type);
  record->whole = in_.substr(0, kRecordHeaderBytes + length);
  in_.remove_prefix(record->whole.size());
  return true;
}

void EncodeTransactionBegin(const TransactionBegin& v, std::string* out) {
  ByteWriter w(out);
  w.Blob(v.gtid);
  w.U64(static_cast<uint64_t>(v.commit_time_ms));
}

Result<TransactionBegin> DecodeTransactionBegin(ByteView in) {
  ByteReader r(in);
  TransactionBegin v;
  v.gtid = std::string(r.Blob());
  v.commit_time_ms = static_cast<int64_t>(r.U64());
  if (!r.ok() || !r.AtEnd()) return Torn("transaction begin");
  return v;
}

void EncodeTransactionEnd(const TransactionEnd& v, std::string* out) {
  ByteWriter w(out);
  w.Blob(v.position.gtid);
  w.Blob(v.position.file);
  w.U64(v.position.offset);
  w.U64(v.source_end_bytes);
  if (v.sets_copy) w.Blob(v.position.copy);
}

Result<TransactionEnd> DecodeTransactionEnd(ByteView in) {
  ByteReader r(in);
  TransactionEnd v;
  v.position.gtid = std::string(r.Blob());
  v.position.file = std::string(r.Blob());
  v.position.offset = r.U64();
  v.source_end_bytes = r.U64();
  v.sets_copy = r.ok() && !r.AtEnd();
  if (v.sets_copy) v.position.copy = std::string(r.Blob());
  if (v.position.copy.size() > kCopyStateBytesMax) return Torn("transaction end");
  if (!r.ok() || !r.AtEnd()) return Torn("transaction end");
  return v;
}

void RowRunWriter::Begin(const RowRunHeader& header) {
  assert(!open_);
  start_ = out_->size();
  open_ = true;
  rows_ = 0;
  ByteWriter w(out_);
  w.U8(static_cast<uint8_t>(RecordType::kRowRun));
  w.U32(0);  // patched by End
  w.U32(header.table_ref);
  w.U8(static_cast<uint8_t>(header.op));
  w.U8(header.flags);
  w.Blob(header.bitmap_before);
  w.Blob(header.bitmap_after);
  count_at_ = out_->size();
  w.U32(0);  // patched by End
}

void RowRunWriter::Add(const Row& row) {
  assert(open_);
  ByteWriter w(out_);
  w.U8(row.flags);
  w.Blob(row.key);
  w.Blob(row.new_key);
  w.Blob(row.before);
  w.Blob(row.after);
  ++rows_;
}

void RowRunWriter::End() {
  assert(open_);
  ByteWriter w(out_);
  w.PatchU32(count_at_, rows_);
  w.PatchU32(start_ + 1, static_cast<uint32_t>(out_->size() - start_ - kRecordHeaderBytes));
  open_ = false;
}

Result<RowRunReader> RowRunReader::Open(ByteView body) {
  RowRunReader reader(body);
  auto& r = reader.in_;
  auto& h = reader.header_;
  h.table_ref = r.U32();
  const uint8_t op = r.U8();
  h.flags = r.U8();
  h.bitmap_before = r.Blob();
  h.bitmap_after = r.Blob();
  reader.row_count_ = r.U32();
  if (!r.ok() || op < 1 || op > 3) return Torn("row run header");
  h.op = static_cast<RowOp>(op);
  return reader;
}

Result<bool> RowRunReader::Next(Row* row) {
  if (read_ == row_count_) {
    if (!in_.AtEnd()) return Torn("row run: bytes after its last row");
    return false;
  }
  row->flags = in_.U8();
  row->key = in_.Blob();
  row->new_key = in_.Blob();
  row->before = in_.Blob();
  row->after = in_.Blob();
  if (!in_.ok()) return Torn("row");
  ++read_;
  return true;
}

}  // namespace srdf
