#include "engine_mariadb/table_map_writer.h"

#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "engine_mariadb/column_type.h"
#include "engine_mariadb/table_map.h"

namespace srdf::engine_mariadb {

namespace {

void PackedLength(uint64_t v, ByteWriter* w) {
  if (v < 251) {
    w->U8(static_cast<uint8_t>(v));
  } else if (v < 65536) {
    w->U8(252);
    w->U16(static_cast<uint16_t>(v));
  } else if (v < 16777216) {
    w->U8(253);
    w->U8(static_cast<uint8_t>(v));
    w->U16(static_cast<uint16_t>(v >> 8));
  } else {
    w->U8(254);
    w->U64(v);
  }
}

void PackedText(ByteView text, ByteWriter* w) {
  PackedLength(text.size(), w);
  w->Raw(text);
}

void Field(TableMapField field, ByteView value, ByteWriter* w) {
  if (value.empty()) return;
  w->U8(static_cast<uint8_t>(field));
  PackedText(value, w);
}

bool Is(const Column& column, FieldType type) { return column.type == static_cast<uint8_t>(type); }

std::string Signedness(const std::vector<Column>& columns) {
  std::string bits;
  size_t count = 0;
  for (const Column& column : columns) {
    if (!IsNumericType(column.type)) continue;
    if (count % 8 == 0) bits.push_back('\0');
    if (column.is_unsigned) bits.back() = static_cast<char>(bits.back() | 0x80 >> (count % 8));
    ++count;
  }
  return bits;
}

// Every collation, or the most frequent one and the exceptions, whichever the server thinks is shorter.
void Charsets(const std::vector<const Column*>& columns, TableMapField by_default, TableMapField by_column,
              ByteWriter* w) {
  if (columns.empty()) return;
  std::map<uint16_t, size_t> counts;
  for (const Column* column : columns) ++counts[column->collation];
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  std::string value;
  ByteWriter v(&value);
  if (columns.size() < 1 + 2 * (columns.size() - most->second)) {
    for (const Column* column : columns) PackedLength(column->collation, &v);
    return Field(by_column, value, w);
  }
  PackedLength(most->first, &v);
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i]->collation == most->first) continue;
    PackedLength(i, &v);
    PackedLength(columns[i]->collation, &v);
  }
  Field(by_default, value, w);
}

std::string Labels(const std::vector<Column>& columns, FieldType type) {
  std::string out;
  ByteWriter w(&out);
  for (const Column& column : columns) {
    if (!Is(column, type)) continue;
    PackedLength(column.labels.size(), &w);
    for (const std::string& label : column.labels) PackedText(label, &w);
  }
  return out;
}

void PrimaryKey(const std::vector<TableMapKeyPart>& key, ByteWriter* w) {
  const bool prefix =
      std::any_of(key.begin(), key.end(), [](const auto& p) { return p.prefix_characters != 0; });
  std::string value;
  ByteWriter v(&value);
  for (const TableMapKeyPart& part : key) {
    PackedLength(part.column, &v);
    if (prefix) PackedLength(part.prefix_characters, &v);
  }
  Field(prefix ? TableMapField::kPrimaryKeyWithPrefix : TableMapField::kSimplePrimaryKey, value, w);
}

void OptionalMetadata(const TableMapText& map, ByteWriter* w) {
  std::vector<const Column*> text, labelled;
  for (const Column& column : map.columns) {
    if (IsCharacterType(column.type)) text.push_back(&column);
    if (Is(column, FieldType::kEnum) || Is(column, FieldType::kSet)) labelled.push_back(&column);
  }
  Field(TableMapField::kSignedness, Signedness(map.columns), w);
  Charsets(text, TableMapField::kDefaultCharset, TableMapField::kColumnCharset, w);
  std::string value;
  ByteWriter v(&value);
  for (const uint32_t type : map.geometry_types) PackedLength(type, &v);
  Field(TableMapField::kGeometryType, value, w);
  value.clear();
  for (const Column& column : map.columns) PackedText(column.name, &v);
  Field(TableMapField::kColumnName, value, w);
  Charsets(labelled, TableMapField::kEnumAndSetDefaultCharset, TableMapField::kEnumAndSetColumnCharset, w);
  Field(TableMapField::kSetLabels, Labels(map.columns, FieldType::kSet), w);
  Field(TableMapField::kEnumLabels, Labels(map.columns, FieldType::kEnum), w);
  PrimaryKey(map.primary_key, w);
}

void NameWithZero(const std::string& name, ByteWriter* w) {
  w->U8(static_cast<uint8_t>(name.size()));
  w->Raw(name);
  w->U8(0);
}

}  // namespace

std::string WriteTableMap(const TableMapText& map) {
  std::string out;
  ByteWriter w(&out);
  NameWithZero(map.database, &w);
  NameWithZero(map.table, &w);
  PackedLength(map.columns.size(), &w);
  std::string meta;
  ByteWriter m(&meta);
  std::string nullable((map.columns.size() + 7) / 8, '\0');
  for (size_t i = 0; i < map.columns.size(); ++i) {
    const Column& column = map.columns[i];
    const bool labelled = Is(column, FieldType::kEnum) || Is(column, FieldType::kSet);
    const uint8_t map_type = labelled ? static_cast<uint8_t>(FieldType::kString) : column.type;
    w.U8(map_type);
    const size_t bytes = TypeMetaBytes(map_type);
    if (bytes == 1) m.U8(static_cast<uint8_t>(column.type_meta));
    if (bytes == 2) m.U16(column.type_meta);
    if (column.nullable) nullable[i / 8] = static_cast<char>(nullable[i / 8] | 1 << (i % 8));
  }
  PackedText(meta, &w);
  w.Raw(nullable);
  OptionalMetadata(map, &w);
  return out;
}

}  // namespace srdf::engine_mariadb
