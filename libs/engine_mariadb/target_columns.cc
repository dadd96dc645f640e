#include "engine_mariadb/target_columns.h"

#include <mysqld_error.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "engine_mariadb/character_text.h"
#include "engine_mariadb/column_type.h"

namespace srdf::engine_mariadb {

namespace {

uint32_t Number(const Value& value) {
  return value ? static_cast<uint32_t>(std::strtoull(value->c_str(), nullptr, 10)) : 0;
}

// The codes that mean the same to rows: which of them the log has depends on the age of the table.
Column Normal(Column column) {
  const auto become = [&](FieldType type) { column.type = static_cast<uint8_t>(type); };
  switch (static_cast<FieldType>(column.type)) {
    case FieldType::kTimestamp:
      become(FieldType::kTimestamp2);
      break;
    case FieldType::kDateTime:
      become(FieldType::kDateTime2);
      break;
    case FieldType::kTime:
      become(FieldType::kTime2);
      break;
    case FieldType::kNewDate:
      become(FieldType::kDate);
      break;
    case FieldType::kVarString:
      become(FieldType::kVarchar);
      break;
    case FieldType::kTinyBlob:
    case FieldType::kMediumBlob:
    case FieldType::kLongBlob:
      become(FieldType::kBlob);
      break;
    default:
      break;
  }
  return column;
}

bool IsLabelled(uint8_t type) {
  return type == static_cast<uint8_t>(FieldType::kEnum) || type == static_cast<uint8_t>(FieldType::kSet);
}

// STRING metadata of a length: two bits of it hide in the type byte, see StringBytesMax.
uint16_t StringMeta(uint32_t bytes) {
  const uint32_t type = static_cast<uint32_t>(FieldType::kString) ^ ((bytes & 0x300) >> 4);
  return static_cast<uint16_t>((bytes & 0xff) << 8 | type);
}

// The strings of "enum('a','it''s')", with the escapes that the server shows them with.
std::vector<std::string> Labels(const std::string& column_type) {
  std::vector<std::string> out;
  for (size_t at = column_type.find('\''); at < column_type.size(); ++at) {
    if (column_type[at] != '\'') continue;
    std::string label;
    for (++at; at < column_type.size(); ++at) {
      const char c = column_type[at];
      if (c == '\'') {
        if (at + 1 >= column_type.size() || column_type[at + 1] != '\'') break;
        ++at;
        label.push_back('\'');
      } else if (c == '\\' && at + 1 < column_type.size()) {
        const char next = column_type[++at];
        label.push_back(next == 'n' ? '\n' : next == 'r' ? '\r' : next == '0' ? '\0' : next);
      } else {
        label.push_back(c);
      }
    }
    out.push_back(std::move(label));
  }
  return out;
}

struct CatalogueRow {
  std::string data_type, column_type;
  uint32_t octets = 0, precision = 0, scale = 0, fraction = 0;
};

// Sets type and metadata; false for a data type that is not known.
bool SetType(const CatalogueRow& row, Column* column) {
  const std::string& type = row.data_type;
  const auto set = [&](FieldType code, uint32_t meta) {
    column->type = static_cast<uint8_t>(code);
    column->type_meta = static_cast<uint16_t>(meta);
    return true;
  };
  const bool compressed = row.column_type.find(" COMPRESSED") != std::string::npos;
  if (type == "tinyint") return set(FieldType::kTiny, 0);
  if (type == "smallint") return set(FieldType::kShort, 0);
  if (type == "mediumint") return set(FieldType::kInt24, 0);
  if (type == "int") return set(FieldType::kLong, 0);
  if (type == "bigint") return set(FieldType::kLongLong, 0);
  if (type == "float") return set(FieldType::kFloat, 4);
  if (type == "double") return set(FieldType::kDouble, 8);
  if (type == "decimal") return set(FieldType::kNewDecimal, row.scale << 8 | row.precision);
  if (type == "bit") return set(FieldType::kBit, row.precision / 8 << 8 | row.precision % 8);
  if (type == "year") return set(FieldType::kYear, 0);
  if (type == "date") return set(FieldType::kDate, 0);
  const bool old = row.column_type.find("/* mariadb-5.3 */") != std::string::npos;
  if (type == "time") return set(old ? FieldType::kTime : FieldType::kTime2, row.fraction);
  if (type == "datetime") return set(old ? FieldType::kDateTime : FieldType::kDateTime2, row.fraction);
  if (type == "timestamp") return set(old ? FieldType::kTimestamp : FieldType::kTimestamp2, row.fraction);
  if (type == "char" || type == "binary") return set(FieldType::kString, StringMeta(row.octets));
  if (type == "uuid" || type == "inet6") return set(FieldType::kString, StringMeta(16));
  if (type == "inet4") return set(FieldType::kString, StringMeta(4));
  if (type == "varchar" || type == "varbinary") {
    return compressed ? set(FieldType::kVarcharCompressed, row.octets + 1)
                      : set(FieldType::kVarchar, row.octets);
  }
  if (type == "enum" || type == "set") {
    column->labels = Labels(row.column_type);
    const size_t count = column->labels.size();
    if (type == "enum") return set(FieldType::kEnum, (count < 256 ? 1u : 2u) << 8 | 247);
    const auto bytes = static_cast<uint32_t>((count + 7) / 8);
    return set(FieldType::kSet, (bytes > 4 ? 8 : bytes) << 8 | 248);
  }
  static constexpr std::pair<const char*, uint32_t> kBlobs[] = {
      {"tinytext", 1},   {"tinyblob", 1}, {"text", 2},     {"blob", 2}, {"mediumtext", 3},
      {"mediumblob", 3}, {"longtext", 4}, {"longblob", 4}, {"json", 4}};
  for (const auto& [name, length_bytes] : kBlobs) {
    if (type == name) return set(compressed ? FieldType::kBlobCompressed : FieldType::kBlob, length_bytes);
  }
  static constexpr const char* kGeometries[] = {
      "geometry",   "point",           "linestring",   "polygon",
      "multipoint", "multilinestring", "multipolygon", "geometrycollection"};
  if (std::find(std::begin(kGeometries), std::end(kGeometries), type) != std::end(kGeometries)) {
    return set(FieldType::kGeometry, 4);
  }
  return false;
}

// Labels of the log are in the column's character set, those of the catalogue in ours. One that cannot be
// converted here is taken to be equal.
bool SameLabel(const std::string& source, uint16_t collation, const std::string& target) {
  if (source == target) return true;
  const auto text = TextAsUtf8(source, collation);
  return text ? *text == target : collation != kBinaryCollation;
}

std::string TypeName(const Column& column, uint32_t bytes_per_character, bool binary) {
  const auto length = [&](uint32_t bytes) { return "(" + std::to_string(bytes / bytes_per_character) + ")"; };
  const auto fraction = [&] {
    return column.type_meta == 0 ? "" : "(" + std::to_string(column.type_meta) + ")";
  };
  switch (static_cast<FieldType>(column.type)) {
    case FieldType::kTiny:
      return "tinyint";
    case FieldType::kShort:
      return "smallint";
    case FieldType::kInt24:
      return "mediumint";
    case FieldType::kLong:
      return "int";
    case FieldType::kLongLong:
      return "bigint";
    case FieldType::kFloat:
      return "float";
    case FieldType::kDouble:
      return "double";
    case FieldType::kNewDecimal:
      return "decimal(" + std::to_string(column.type_meta & 0xff) + "," +
             std::to_string(column.type_meta >> 8) + ")";
    case FieldType::kBit:
      return "bit(" + std::to_string((column.type_meta >> 8) * 8 + (column.type_meta & 0xff)) + ")";
    case FieldType::kYear:
      return "year";
    case FieldType::kDate:
      return "date";
    case FieldType::kTime2:
      return "time" + fraction();
    case FieldType::kDateTime2:
      return "datetime" + fraction();
    case FieldType::kTimestamp2:
      return "timestamp" + fraction();
    case FieldType::kString:
      return (binary ? "binary" : "char") + length(StringBytesMax(column.type_meta));
    case FieldType::kVarchar:
      return (binary ? "varbinary" : "varchar") + length(column.type_meta);
    case FieldType::kVarcharCompressed:
      return (binary ? "varbinary" : "varchar") + length(column.type_meta - 1u) + " COMPRESSED";
    case FieldType::kBlob:
    case FieldType::kBlobCompressed: {
      static constexpr const char* kSizes[] = {"", "tiny", "", "medium", "long"};
      return std::string(column.type_meta <= 4 ? kSizes[column.type_meta] : "") + (binary ? "blob" : "text") +
             (column.type == static_cast<uint8_t>(FieldType::kBlobCompressed) ? " COMPRESSED" : "");
    }
    case FieldType::kEnum:
      return "enum";
    case FieldType::kSet:
      return "set";
    case FieldType::kGeometry:
      return "geometry";
    default:
      return "type " + std::to_string(column.type);
  }
}

}  // namespace

Result<Collations> Collations::Load(Connection* connection) {
  // Since 10.10 one name may stand for collations of several character sets; those have their numbers here
  // alone.
  auto rows = connection->Query(
      "SELECT a.id, a.full_collation_name, a.character_set_name, c.maxlen FROM "
      "information_schema.collation_character_set_applicability a JOIN information_schema.character_sets c "
      "ON c.character_set_name=a.character_set_name WHERE a.id IS NOT NULL");
  if (!rows.ok() && connection->last_errno() == ER_BAD_FIELD_ERROR) {
    rows = connection->Query(
        "SELECT l.id, l.collation_name, l.character_set_name, c.maxlen FROM information_schema.collations l "
        "JOIN information_schema.character_sets c ON c.character_set_name=l.character_set_name");
  }
  if (!rows.ok()) return rows.status();
  Collations out;
  for (const ResultRow& row : *rows) {
    const auto id = static_cast<uint16_t>(Number(row[0]));
    out.by_id_[id] = {row[1].value_or(""), row[2].value_or(""), std::max(1u, Number(row[3]))};
    out.by_name_[row[1].value_or("")] = id;
  }
  return out;
}

const Collations::Collation* Collations::Find(uint16_t id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &it->second;
}

std::optional<uint16_t> Collations::IdOf(const std::string& name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? std::nullopt : std::optional(it->second);
}

Result<std::vector<TargetColumn>> LoadTargetColumns(Connection* connection, const Collations& collations,
                                                    const std::string& where) {
  SRDF_ASSIGN_OR_RETURN(
      auto rows, connection->Query("SELECT column_name, data_type, column_type, character_octet_length, "
                                   "numeric_precision, numeric_scale, datetime_precision, collation_name, "
                                   "is_nullable, column_key, is_generated, extra FROM "
                                   "information_schema.columns" +
                                   where + " ORDER BY ordinal_position"));
  std::vector<TargetColumn> out;
  for (const ResultRow& row : rows) {
    TargetColumn target;
    Column& column = target.column;
    column.name = row[0].value_or("");
    target.known = SetType({row[1].value_or(""), row[2].value_or(""), Number(row[3]), Number(row[4]),
                            Number(row[5]), Number(row[6])},
                           &column);
    const std::string column_type = row[2].value_or("");
    column.is_unsigned = IsNumericType(column.type) && column_type.find(" unsigned") != std::string::npos;
    // Years have no sign; the log calls them unsigned.
    if (column.type == static_cast<uint8_t>(FieldType::kYear)) column.is_unsigned = true;
    column.nullable = row[8] == "YES";
    if (IsCharacterType(column.type) || IsLabelled(column.type)) {
      column.collation = kBinaryCollation;
      if (row[7]) {
        const auto id = collations.IdOf(*row[7]);
        if (!id) target.known = false;
        column.collation = id.value_or(0);
      }
    }
    // PRI is also a unique key without NULLs, where there is no primary key: it finds rows as well.
    target.primary = row[9] == "PRI";
    target.generated = row[10] == "ALWAYS";
    target.stored = target.generated && row[11].value_or("").find("STORED") != std::string::npos;
    out.push_back(std::move(target));
  }
  return out;
}

bool SameColumn(const Column& source_column, const TargetColumn& target) {
  if (source_column.nullable != target.column.nullable) return false;
  if (!target.known) return true;  // the server compares the types itself
  const Column source = Normal(source_column);
  const Column found = Normal(target.column);
  if (source.type != found.type || source.type_meta != found.type_meta) return false;
  const bool signed_type =
      IsNumericType(source.type) && source.type != static_cast<uint8_t>(FieldType::kYear);
  if (signed_type && source.is_unsigned != found.is_unsigned) return false;
  if (source.collation != 0 && source.collation != found.collation) return false;
  if (source.labels.empty()) return true;
  return source.labels.size() == found.labels.size() &&
         std::equal(
             source.labels.begin(), source.labels.end(), found.labels.begin(),
             [&](const std::string& a, const std::string& b) { return SameLabel(a, found.collation, b); });
}

std::string ColumnDefinition(const Column& any, const Collations& collations) {
  const Column column = Normal(any);
  const Collations::Collation* collation = collations.Find(column.collation);
  const bool binary = column.collation == kBinaryCollation;
  std::string out = TypeName(column, collation == nullptr ? 1 : collation->bytes_per_character_max, binary);
  if (!column.labels.empty()) {
    out += "(";
    for (const std::string& label : column.labels) {
      out += (&label == &column.labels.front() ? "'" : ",'") +
             TextAsUtf8(label, column.collation).value_or("?") + "'";
    }
    out += ")";
  }
  const bool has_sign = IsNumericType(column.type) && column.type != static_cast<uint8_t>(FieldType::kYear);
  if (has_sign && column.is_unsigned) out += " unsigned";
  if (collation != nullptr && !binary) {
    out += " CHARACTER SET " + collation->charset + " COLLATE " + collation->name;
  } else if (collation == nullptr && column.collation != 0) {
    out += " COLLATE number " + std::to_string(column.collation);
  }
  if (!column.nullable) out += " NOT NULL";
  return out;
}

}  // namespace srdf::engine_mariadb
