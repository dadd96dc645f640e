#include "engine_mysql/mysql_row.h"

#include <algorithm>

#include "engine_mariadb/binlog_event.h"
#include "engine_mariadb/character_text.h"
#include "engine_mariadb/column_type.h"
#include "engine_mariadb/row_json.h"
#include "engine_mariadb/row_layout.h"
#include "engine_mysql/json_diff.h"
#include "engine_mysql/json_value.h"

namespace srdf::engine_mysql {

namespace {

using engine_mariadb::FieldType;

constexpr uint64_t kPartialJson = 1;

}  // namespace

bool IsJsonColumn(const Column& column) { return column.type == static_cast<uint8_t>(FieldType::kJsonMysql); }

Result<PartialColumns> PartialColumns::Take(const std::vector<Column>& columns, ByteView* image) {
  ByteReader r(*image);
  PartialColumns partial;
  const uint64_t options = engine_mariadb::ReadPackedLength(&r);
  if (r.ok() && (options & ~kPartialJson) != 0) {
    return Status(StatusCode::kUnimplemented, "a partial update with options " + std::to_string(options),
                  "upgrade SRDF to a version that knows the server's events");
  }
  if ((options & kPartialJson) != 0) {
    const auto json_columns =
        static_cast<size_t>(std::count_if(columns.begin(), columns.end(), IsJsonColumn));
    partial.bits_ = r.Raw((json_columns + 7) / 8);
  }
  if (!r.ok()) return Status(StatusCode::kDataLoss, "malformed PARTIAL_UPDATE_ROWS event in the binlog");
  image->remove_prefix(r.offset());
  return partial;
}

bool PartialColumns::Has(size_t json_ordinal) const { return engine_mariadb::BitmapHas(bits_, json_ordinal); }

Status AppendMysqlColumnJson(const Column& column, ByteView packed, bool partial, std::string* out) {
  const auto type = static_cast<FieldType>(column.type);
  if (type != FieldType::kJsonMysql && type != FieldType::kVectorMysql &&
      type != FieldType::kTypedArrayMysql) {
    return engine_mariadb::AppendColumnJson(column, packed, out);
  }
  SRDF_ASSIGN_OR_RETURN(const auto layout, engine_mariadb::LayoutOf(column.type, column.type_meta));
  const ByteView value = packed.substr(layout.length_bytes);
  if (type == FieldType::kVectorMysql) {
    Column bytes = column;  // a vector is a blob of floats
    bytes.type = static_cast<uint8_t>(FieldType::kBlob);
    bytes.collation = engine_mariadb::kBinaryCollation;
    return engine_mariadb::AppendColumnJson(bytes, packed, out);
  }
  if (partial) return AppendJsonDiffs(value, out);
  std::string text;
  SRDF_RETURN_IF_ERROR(AppendJsonText(value, &text));
  if (!engine_mariadb::IsUtf8(text))
    return {StatusCode::kDataLoss, "malformed binary JSON: its text is not UTF-8"};
  engine_mariadb::AppendJsonString(text, out);
  return {};
}

}  // namespace srdf::engine_mysql
