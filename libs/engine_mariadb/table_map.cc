#include "engine_mariadb/table_map.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine_mariadb/binlog_event.h"
#include "engine_mariadb/column_type.h"

namespace srdf::engine_mariadb {

namespace {

// The server allows 4096 columns; a bit more for hidden ones.
constexpr uint64_t kColumnsMax = 8192;

Status Malformed(std::string_view what) {
  return {StatusCode::kDataLoss, fmt::format("malformed TABLE_MAP event in the binlog: {}", what)};
}

ByteView NameWithZero(ByteReader* r) {
  const uint8_t length = r->U8();
  const ByteView name = r->Raw(length);
  r->Skip(1);
  return name;
}

// The columns that a list of the optional metadata counts, in table order.
template <typename Predicate>
std::vector<Column*> Select(std::vector<Column>* columns, Predicate predicate) {
  std::vector<Column*> out;
  for (Column& column : *columns) {
    if (predicate(column.type)) out.push_back(&column);
  }
  return out;
}

bool IsEnumOrSet(uint8_t type) {
  return type == static_cast<uint8_t>(FieldType::kEnum) || type == static_cast<uint8_t>(FieldType::kSet);
}

// What DEFAULT_CHARSET and COLUMN_CHARSET count (is_character_type in each server's sql/log_event.cc).
std::vector<Column*> CharacterColumns(std::vector<Column>* columns, LogDialect dialect) {
  if (dialect == LogDialect::kMariaDb) return Select(columns, IsCharacterType);
  return Select(columns, [](uint8_t type) {
    return type == static_cast<uint8_t>(FieldType::kVectorMysql) ||
           (IsCharacterType(type) && type != static_cast<uint8_t>(FieldType::kGeometry));
  });
}

// Metadata of an array column: the type of its elements and their own metadata, of which nothing is needed.
void SkipArrayMeta(ByteReader* meta) {
  switch (static_cast<FieldType>(meta->U8())) {
    case FieldType::kVarchar:
      meta->Skip(3);
      break;
    case FieldType::kNewDecimal:
      meta->Skip(2);
      break;
    case FieldType::kTime2:
    case FieldType::kDateTime2:
    case FieldType::kTimestamp2:
      meta->Skip(1);
      break;
    default:
      break;
  }
}

bool ReadSignedness(ByteReader* r, std::vector<Column>* columns) {
  const auto numeric = Select(columns, IsNumericType);
  const ByteView bits = r->Rest();
  if (bits.size() < (numeric.size() + 7) / 8) return false;
  for (size_t i = 0; i < numeric.size(); ++i) {
    numeric[i]->is_unsigned = (static_cast<uint8_t>(bits[i / 8]) & (0x80 >> (i % 8))) != 0;
  }
  return true;
}

// A default and (ordinal, collation) pairs for the exceptions.
bool ReadDefaultCharset(ByteReader* r, const std::vector<Column*>& columns) {
  const auto fallback = static_cast<uint16_t>(ReadPackedLength(r));
  for (Column* column : columns) column->collation = fallback;
  while (r->ok() && !r->AtEnd()) {
    const uint64_t at = ReadPackedLength(r);
    const auto collation = static_cast<uint16_t>(ReadPackedLength(r));
    if (!r->ok() || at >= columns.size()) return false;
    columns[at]->collation = collation;
  }
  return r->ok();
}

bool ReadColumnCharset(ByteReader* r, const std::vector<Column*>& columns) {
  for (Column* column : columns) column->collation = static_cast<uint16_t>(ReadPackedLength(r));
  return r->ok();
}

bool ReadNames(ByteReader* r, std::vector<Column>* columns) {
  for (Column& column : *columns) {
    const uint64_t length = ReadPackedLength(r);
    column.name = std::string(r->Raw(length));
  }
  return r->ok() && r->AtEnd();
}

bool ReadLabels(ByteReader* r, const std::vector<Column*>& columns) {
  for (Column* column : columns) {
    const uint64_t count = ReadPackedLength(r);
    if (!r->ok() || count > r->remaining()) return false;
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t length = ReadPackedLength(r);
      column->labels.emplace_back(r->Raw(length));
    }
  }
  return r->ok();
}

bool ReadPrimaryKey(ByteReader* r, bool with_prefix, TableMap* map) {
  while (r->ok() && !r->AtEnd()) {
    const uint64_t ordinal = ReadPackedLength(r);
    if (with_prefix && ReadPackedLength(r) != 0) map->primary_key_has_prefix = true;
    if (!r->ok() || ordinal >= map->columns.size()) return false;
    map->primary_key.push_back(static_cast<uint16_t>(ordinal));
  }
  map->primary_key_order = map->primary_key;
  std::sort(map->primary_key.begin(), map->primary_key.end());
  return r->ok();
}

bool ReadNumbers(ByteReader* r, std::vector<uint32_t>* out) {
  while (r->ok() && !r->AtEnd()) out->push_back(static_cast<uint32_t>(ReadPackedLength(r)));
  return r->ok();
}

bool ReadVisibility(ByteReader* r, TableMap* map) {
  const ByteView bits = r->Rest();
  if (bits.size() < (map->columns.size() + 7) / 8) return false;
  for (size_t i = 0; i < map->columns.size(); ++i) {
    map->visible.push_back((static_cast<uint8_t>(bits[i / 8]) & (0x80 >> (i % 8))) != 0);
  }
  return true;
}

Status ReadOptional(ByteView optional, LogDialect dialect, TableMap* map) {
  ByteReader r(optional);
  while (r.ok() && !r.AtEnd()) {
    const uint8_t field = r.U8();
    const uint64_t length = ReadPackedLength(&r);
    ByteReader value(r.Raw(length));
    if (!r.ok()) return Malformed("optional metadata");
    bool good = true;
    switch (static_cast<TableMapField>(field)) {
      case TableMapField::kSignedness:
        good = ReadSignedness(&value, &map->columns);
        map->has_signedness = true;
        break;
      case TableMapField::kDefaultCharset:
        good = ReadDefaultCharset(&value, CharacterColumns(&map->columns, dialect));
        break;
      case TableMapField::kColumnCharset:
        good = ReadColumnCharset(&value, CharacterColumns(&map->columns, dialect));
        break;
      case TableMapField::kColumnName:
        good = ReadNames(&value, &map->columns);
        map->has_names = true;
        break;
      case TableMapField::kSetLabels:
        good = ReadLabels(&value, Select(&map->columns, [](uint8_t type) {
          return type == static_cast<uint8_t>(FieldType::kSet);
        }));
        break;
      case TableMapField::kEnumLabels:
        good = ReadLabels(&value, Select(&map->columns, [](uint8_t type) {
          return type == static_cast<uint8_t>(FieldType::kEnum);
        }));
        break;
      case TableMapField::kSimplePrimaryKey:
        good = ReadPrimaryKey(&value, false, map);
        break;
      case TableMapField::kPrimaryKeyWithPrefix:
        good = ReadPrimaryKey(&value, true, map);
        break;
      case TableMapField::kEnumAndSetDefaultCharset:
        good = ReadDefaultCharset(&value, Select(&map->columns, IsEnumOrSet));
        break;
      case TableMapField::kEnumAndSetColumnCharset:
        good = ReadColumnCharset(&value, Select(&map->columns, IsEnumOrSet));
        break;
      case TableMapField::kGeometryType:
        good = ReadNumbers(&value, &map->geometry_types);
        break;
      case TableMapField::kVectorDimensionality:
        good = ReadNumbers(&value, &map->vector_dimensions);
        break;
      case TableMapField::kColumnVisibility:
        good = ReadVisibility(&value, map);
        break;
      default:
        break;  // says nothing that is needed; every field carries its length
    }
    if (!good)
      return Malformed(fmt::format("optional metadata field {} of {}.{}", field, map->database, map->table));
  }
  return r.ok() ? Status() : Malformed("optional metadata");
}

}  // namespace

Result<TableMapParts> SplitTableMap(ByteView body) {
  ByteReader r(body);
  TableMapParts parts;
  parts.table_id = r.U48();
  r.U16();  // flags
  parts.description = r.Rest();
  if (!r.ok()) return Malformed("its header");
  return parts;
}

Result<TableMap> DecodeTableMap(ByteView description, LogDialect dialect) {
  ByteReader r(description);
  TableMap map;
  map.database = std::string(NameWithZero(&r));
  map.table = std::string(NameWithZero(&r));
  const uint64_t count = ReadPackedLength(&r);
  if (!r.ok() || count == 0 || count > kColumnsMax) return Malformed("its names or column count");
  const ByteView types = r.Raw(count);
  const uint64_t meta_bytes = ReadPackedLength(&r);
  ByteReader meta(r.Raw(meta_bytes));
  const ByteView nullable = r.Raw((count + 7) / 8);
  if (!r.ok()) return Malformed("its columns");
  map.columns.resize(count);
  for (size_t i = 0; i < count; ++i) {
    Column& column = map.columns[i];
    const auto map_type = static_cast<uint8_t>(types[i]);
    if (map_type == static_cast<uint8_t>(FieldType::kTypedArrayMysql)) SkipArrayMeta(&meta);
    const size_t bytes = TypeMetaBytes(map_type);
    column.type_meta = bytes == 2 ? meta.U16() : bytes == 1 ? meta.U8() : 0;
    column.type = RealType(map_type, column.type_meta);
    column.nullable = ((static_cast<uint8_t>(nullable[i / 8]) >> (i % 8)) & 1) != 0;
  }
  if (!meta.ok() || !meta.AtEnd()) return Malformed("its column metadata");
  SRDF_RETURN_IF_ERROR(ReadOptional(r.Rest(), dialect, &map));
  return map;
}

}  // namespace srdf::engine_mariadb
