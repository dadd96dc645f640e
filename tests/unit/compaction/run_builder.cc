#include "unit/compaction/run_builder.h"

namespace srdf::compaction::test {

TableSchema MakeSchema(uint32_t ref, const std::string& table, size_t columns, std::vector<uint16_t> key,
                       bool has_secondary_unique) {
  TableSchema schema;
  schema.table_ref = ref;
  schema.database = "shop";
  schema.table = table;
  for (size_t i = 0; i < columns; ++i) {
    Column column;
    column.name = "c" + std::to_string(i);
    schema.columns.push_back(column);
  }
  schema.key_kind = key.empty() ? KeyKind::kNone : KeyKind::kPrimary;
  schema.key_columns = std::move(key);
  schema.has_secondary_unique = has_secondary_unique;
  schema.engine_meta = "meta of " + table;
  return schema;
}

std::string Bitmap(size_t columns, const std::vector<uint16_t>& present) {
  std::string bitmap((columns + 7) / 8, '\0');
  for (const uint16_t c : present) bitmap[c / 8] = static_cast<char>(bitmap[c / 8] | 1 << (c % 8));
  return bitmap;
}

std::string FullBitmap(size_t columns) {
  std::vector<uint16_t> all;
  for (size_t i = 0; i < columns; ++i) all.push_back(static_cast<uint16_t>(i));
  return Bitmap(columns, all);
}

bool Present(ByteView bitmap, size_t column) {
  return (static_cast<uint8_t>(bitmap[column / 8]) >> (column % 8) & 1) != 0;
}

std::string Image(const Values& row, ByteView bitmap) {
  std::string image;
  ByteWriter w(&image);
  for (size_t i = 0; i < row.size(); ++i) {
    if (!Present(bitmap, i)) continue;
    w.U8(row[i].has_value() ? 1 : 0);
    if (row[i].has_value()) w.Blob(*row[i]);
  }
  return image;
}

bool DecodeImage(ByteView image, ByteView bitmap, Values* row) {
  ByteReader r(image);
  for (size_t i = 0; i < row->size(); ++i) {
    if (!Present(bitmap, i)) continue;
    (*row)[i] = r.U8() == 1 ? Value(std::string(r.Blob())) : Value();
  }
  return r.ok() && r.AtEnd();
}

std::string Key(const TableSchema& schema, const Values& row) {
  std::string key;
  ByteWriter w(&key);
  for (const uint16_t c : schema.key_columns) w.Blob(row[c].value());
  return key;
}

std::string MakeRun(const TableSchema& schema, const RunSpec& spec, const std::vector<Change>& changes) {
  const std::string full = FullBitmap(schema.columns.size());
  RowRunHeader header;
  header.table_ref = schema.table_ref;
  header.op = spec.op;
  header.flags = spec.flags;
  if (spec.op != RowOp::kInsert)
    header.bitmap_before = spec.bitmap_before.empty() ? full : spec.bitmap_before;
  if (spec.op != RowOp::kDelete) header.bitmap_after = spec.bitmap_after.empty() ? full : spec.bitmap_after;
  const bool keyed = schema.key_kind != KeyKind::kNone;
  std::string out;
  RowRunWriter writer(&out);
  writer.Begin(header);
  for (const Change& c : changes) {
    const std::string before = spec.op == RowOp::kInsert ? "" : Image(c.before, header.bitmap_before);
    const std::string after = spec.op == RowOp::kDelete ? "" : Image(c.after, header.bitmap_after);
    const std::string key = keyed ? Key(schema, spec.op == RowOp::kInsert ? c.after : c.before) : "";
    std::string new_key = keyed && spec.op == RowOp::kUpdate ? Key(schema, c.after) : "";
    if (new_key == key) new_key.clear();
    writer.Add({c.unique_changed ? kRowUniqueChanged : uint8_t{0}, key, new_key, before, after});
  }
  writer.End();
  return out;
}

namespace {

class TestMerger : public ImageMerger {
 public:
  explicit TestMerger(size_t columns) : columns_(columns) {}
  bool Merge(ByteView base, ByteView base_bitmap, ByteView over, ByteView over_bitmap,
             std::string* out) override {
    Values row(columns_);
    if (!DecodeImage(base, base_bitmap, &row) || !DecodeImage(over, over_bitmap, &row)) return false;
    std::string both(base_bitmap);
    for (size_t i = 0; i < both.size(); ++i) both[i] = static_cast<char>(both[i] | over_bitmap[i]);
    *out = Image(row, both);
    return true;
  }

 private:
  const size_t columns_;
};

class TestKeyReader : public KeyReader {
 public:
  explicit TestKeyReader(const TableSchema& schema) : schema_(schema) {}
  bool Read(const RowRunHeader& header, Row* row) override {
    Values values(schema_.columns.size());
    if (header.op != RowOp::kInsert) {
      if (!DecodeImage(row->before, header.bitmap_before, &values)) return false;
      key_ = KeyIfKnown(values);
    }
    if (header.op != RowOp::kDelete && !DecodeImage(row->after, header.bitmap_after, &values)) return false;
    new_key_ = KeyIfKnown(values);
    row->key = header.op == RowOp::kInsert ? new_key_ : key_;
    if (row->key.empty()) return true;
    if (header.op == RowOp::kUpdate && new_key_ != key_) row->new_key = new_key_;
    return true;
  }

 private:
  std::string KeyIfKnown(const Values& values) const {
    for (const uint16_t c : schema_.key_columns) {
      if (!values[c].has_value()) return {};
    }
    return Key(schema_, values);
  }

  const TableSchema schema_;
  std::string key_, new_key_;
};

}  // namespace

std::unique_ptr<KeyReader> NewTestKeyReader(const TableSchema& schema) {
  return std::make_unique<TestKeyReader>(schema);
}

std::unique_ptr<ImageMerger> NewTestMerger(const TableSchema& schema) {
  return std::make_unique<TestMerger>(schema.columns.size());
}

ByteView BodyOf(ByteView record) { return record.substr(kRecordHeaderBytes); }

std::unique_ptr<KeyPlacer> NewScatteringPlacer(const TableSchema&) {
  class Scattering : public KeyPlacer {
   public:
    uint64_t Place(ByteView key) const override { return std::hash<ByteView>()(key); }
  };
  return std::make_unique<Scattering>();
}

}  // namespace srdf::compaction::test
