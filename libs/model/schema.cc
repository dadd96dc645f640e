#include "model/schema.h"

namespace srdf {

std::string SnapshotColumns(const TableSchema& schema) {
  std::string bitmap((schema.columns.size() + 7) / 8, '\0');
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    if (!schema.columns[i].generated) bitmap[i / 8] = static_cast<char>(bitmap[i / 8] | 1 << (i % 8));
  }
  return bitmap;
}

void EncodeTableSchema(const TableSchema& s, std::string* out) {
  ByteWriter w(out);
  w.U32(s.table_ref);
  w.Blob(s.database);
  w.Blob(s.table);
  w.Varint(s.columns.size());
  for (const Column& c : s.columns) {
    w.Blob(c.name);
    w.U8(c.type);
    w.U16(c.type_meta);
    w.U8(static_cast<uint8_t>((c.is_unsigned ? 1 : 0) | (c.nullable ? 2 : 0) | (c.generated ? 4 : 0)));
    w.U16(c.collation);
    w.Varint(c.labels.size());
    for (const std::string& label : c.labels) w.Blob(label);
  }
  w.U8(static_cast<uint8_t>(s.key_kind));
  w.Varint(s.key_columns.size());
  for (const uint16_t k : s.key_columns) w.U16(k);
  w.U8(s.has_secondary_unique ? 1 : 0);
  w.U32(s.constraint_group);
  w.Blob(s.engine_meta);
  if (!s.acting_foreign_keys) return;
  w.Varint(s.acting_foreign_keys->size());
  for (const std::string& key : *s.acting_foreign_keys) w.Blob(key);
}

Result<TableSchema> DecodeTableSchema(ByteView in) {
  // Counts are bounded by what is left to read, so that a bad count cannot ask for memory.
  ByteReader r(in);
  TableSchema s;
  s.table_ref = r.U32();
  s.database = std::string(r.Blob());
  s.table = std::string(r.Blob());
  const uint64_t columns = r.Varint();
  for (uint64_t i = 0; i < columns && r.ok(); ++i) {
    Column c;
    c.name = std::string(r.Blob());
    c.type = r.U8();
    c.type_meta = r.U16();
    const uint8_t bits = r.U8();
    c.is_unsigned = (bits & 1) != 0;
    c.nullable = (bits & 2) != 0;
    c.generated = (bits & 4) != 0;
    c.collation = r.U16();
    const uint64_t labels = r.Varint();
    for (uint64_t l = 0; l < labels && r.ok(); ++l) c.labels.emplace_back(r.Blob());
    s.columns.push_back(std::move(c));
  }
  const uint8_t key_kind = r.U8();
  const uint64_t keys = r.Varint();
  bool keys_in_range = true;
  for (uint64_t i = 0; i < keys && r.ok(); ++i) {
    s.key_columns.push_back(r.U16());
    keys_in_range = keys_in_range && s.key_columns.back() < s.columns.size();
  }
  s.has_secondary_unique = r.U8() != 0;
  s.constraint_group = r.U32();
  s.engine_meta = std::string(r.Blob());
  if (r.ok() && !r.AtEnd()) {
    s.acting_foreign_keys.emplace();
    const uint64_t count = r.Varint();
    for (uint64_t i = 0; i < count && r.ok(); ++i) s.acting_foreign_keys->emplace_back(r.Blob());
  }
  if (!r.ok() || !r.AtEnd() || key_kind > 2 || !keys_in_range) {
    return Status(StatusCode::kDataLoss, "change stream: torn or malformed table schema");
  }
  s.key_kind = static_cast<KeyKind>(key_kind);
  return s;
}

}  // namespace srdf
