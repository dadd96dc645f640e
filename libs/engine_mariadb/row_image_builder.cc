#include "engine_mariadb/row_image_builder.h"

#include <zlib.h>

#include <algorithm>

#include "engine_mariadb/column_packing.h"
#include "engine_mariadb/column_type.h"
#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

namespace {

// The length in front of a text of the protocol.
bool TakeLength(const uint8_t** in, const uint8_t* end, uint64_t* length) {
  if (*in >= end) return false;
  const uint8_t first = *(*in)++;
  if (first < 251) {
    *length = first;
    return *length <= static_cast<uint64_t>(end - *in);
  }
  const unsigned bytes = first == 252 ? 2 : first == 253 ? 3 : first == 254 ? 8 : 0;
  if (bytes == 0 || static_cast<size_t>(end - *in) < bytes) return false;
  *length = 0;
  for (unsigned i = 0; i < bytes; ++i) *length |= uint64_t{(*in)[i]} << (8 * i);
  *in += bytes;
  return *length <= static_cast<uint64_t>(end - *in);
}

uint32_t U32(const uint8_t* p) { return p[0] | p[1] << 8 | p[2] << 16 | uint32_t{p[3]} << 24; }

bool IsText(unsigned type) { return type == 15 || (type >= 249 && type <= 255); }

}  // namespace

Status RowImageBuilder::KindOf(const Column& column, const SqlColumn& sql, Value* value) {
  SRDF_ASSIGN_OR_RETURN(const ColumnLayout layout, LayoutOf(column.type, column.type_meta));
  value->size = layout.length_bytes != 0 ? layout.length_bytes : layout.size;
  value->protocol_type = column.type;
  const auto is = [&](Kind kind, FieldType protocol) {
    value->kind = kind;
    value->protocol_type = static_cast<uint8_t>(protocol);
    return Status();
  };
  value->scale = static_cast<uint8_t>(column.type_meta);
  switch (static_cast<FieldType>(column.type)) {
    case FieldType::kTiny:
    case FieldType::kShort:
    case FieldType::kLong:
    case FieldType::kLongLong:
    case FieldType::kFloat:
    case FieldType::kDouble:
      value->kind = Kind::kCopy;
      return {};
    case FieldType::kInt24:
      value->kind = Kind::kInt24;
      return {};
    case FieldType::kYear:
      value->kind = Kind::kYear;
      return {};
    case FieldType::kBit:
      value->kind = Kind::kBit;
      return {};
    case FieldType::kEnum:
    case FieldType::kSet:
      return is(Kind::kLabel, FieldType::kLongLong);
    case FieldType::kNewDecimal:
      value->kind = Kind::kDecimal;
      value->precision = column.type_meta & 0xff;
      value->scale = static_cast<uint8_t>(column.type_meta >> 8);
      return {};
    case FieldType::kDate:
    case FieldType::kNewDate:
      return is(Kind::kDate, FieldType::kDate);
    case FieldType::kTime:
      return is(Kind::kOldTime, FieldType::kTime);
    case FieldType::kDateTime:
      return is(Kind::kOldDateTime, FieldType::kDateTime);
    case FieldType::kTimestamp:
      return is(Kind::kOldTimestamp, FieldType::kTimestamp);
    case FieldType::kTime2:
      return is(Kind::kTime2, FieldType::kTime);
    case FieldType::kDateTime2:
      return is(Kind::kDateTime2, FieldType::kDateTime);
    case FieldType::kTimestamp2:
      return is(Kind::kTimestamp2, FieldType::kTimestamp);
    case FieldType::kString: {
      const bool binary = sql.data_type == "binary" || sql.data_type == "uuid" || sql.data_type == "inet4" ||
                          sql.data_type == "inet6";
      return is(binary ? Kind::kBinary : Kind::kString, FieldType::kString);
    }
    case FieldType::kVarchar:
    case FieldType::kVarString:
    case FieldType::kTinyBlob:
    case FieldType::kMediumBlob:
    case FieldType::kLongBlob:
    case FieldType::kBlob:
    case FieldType::kGeometry:
      return is(Kind::kString, FieldType::kString);
    case FieldType::kVarcharCompressed:
      value->bytes_max = column.type_meta;
      return is(Kind::kCompressed, FieldType::kString);
    case FieldType::kBlobCompressed:
      value->bytes_max = (uint64_t{1} << (8 * value->size)) - 1;
      return is(Kind::kCompressed, FieldType::kString);
    default:
      return {StatusCode::kFailedPrecondition,
              "its type (code " + std::to_string(column.type) + ") cannot be read", "leave the table out"};
  }
}

Result<RowImageBuilder> RowImageBuilder::Build(const TableSchema& schema,
                                               const std::vector<SqlColumn>& columns) {
  if (columns.size() != schema.columns.size()) {
    return Status(StatusCode::kInternal, "the columns of table " + schema.table + " are not those described");
  }
  RowImageBuilder out;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const Column& column = schema.columns[i];
    if (column.generated) continue;
    Value value;
    value.name = column.name;
    const Status status = KindOf(column, columns[i], &value);
    if (!status.ok()) {
      return status.WithContext("column " + column.name + " of table " + schema.database + "." +
                                schema.table);
    }
    const auto key = std::find(schema.key_columns.begin(), schema.key_columns.end(), i);
    if (key != schema.key_columns.end()) {
      value.key_place = static_cast<int>(key - schema.key_columns.begin());
    }
    const std::string name = Connection::QuoteIdentifier(column.name);
    const std::string& type = columns[i].data_type;
    out.select_list_ += out.values_.empty() ? "" : ",";
    if (value.kind == Kind::kLabel) {
      out.select_list_ += "CAST(" + name + " AS UNSIGNED)";
    } else if (value.kind == Kind::kBinary && type != "binary") {
      out.select_list_ += "CAST(" + name + " AS BINARY(" + (type == "inet4" ? "4" : "16") + "))";
    } else {
      out.select_list_ += name;
    }
    out.values_.push_back(std::move(value));
  }
  out.key_.resize(schema.key_columns.size());
  return out;
}

bool RowImageBuilder::SetProtocolType(size_t i, unsigned protocol_type) {
  Value& value = values_[i];
  if (value.kind == Kind::kLabel) {
    const bool is_int = protocol_type == static_cast<unsigned>(FieldType::kLong);
    value.label_bytes = is_int ? 4 : 8;
    return is_int || protocol_type == static_cast<unsigned>(FieldType::kLongLong);
  }
  if (value.protocol_type == static_cast<unsigned>(FieldType::kString)) return IsText(protocol_type);
  return value.protocol_type == protocol_type;
}

void RowImageBuilder::Begin() {
  image_.assign((values_.size() + 7) / 8, '\0');
  for (Piece& piece : key_) piece = {};
}

void RowImageBuilder::Null(size_t i) { image_[i / 8] = static_cast<char>(image_[i / 8] | 1 << (i % 8)); }

const uint8_t* RowImageBuilder::Take(size_t i, const uint8_t* in, const uint8_t* end) {
  const Value& value = values_[i];
  const size_t at = image_.size();
  switch (value.kind) {
    case Kind::kCopy:
      if (static_cast<size_t>(end - in) < value.size) return nullptr;
      image_.append(reinterpret_cast<const char*>(in), value.size);
      in += value.size;
      break;
    case Kind::kInt24:
      if (end - in < 4) return nullptr;
      image_.append(reinterpret_cast<const char*>(in), 3);
      in += 4;
      break;
    case Kind::kYear: {
      if (end - in < 2) return nullptr;
      const unsigned year = in[0] | in[1] << 8;
      if (year != 0 && (year <= 1900 || year > 2155)) return nullptr;
      image_.push_back(static_cast<char>(year == 0 ? 0 : year - 1900));
      in += 2;
      break;
    }
    case Kind::kLabel:
      if (end - in < value.label_bytes) return nullptr;
      image_.append(reinterpret_cast<const char*>(in), std::min<size_t>(value.size, value.label_bytes));
      image_.resize(at + value.size, '\0');
      in += value.label_bytes;
      break;
    case Kind::kDecimal:
    case Kind::kBit:
    case Kind::kString:
    case Kind::kBinary:
    case Kind::kCompressed:
      if (!AppendText(value, &in, end)) return nullptr;
      break;
    default:
      if (!AppendTemporal(value, &in, end)) return nullptr;
      break;
  }
  if (value.key_place >= 0) key_[static_cast<size_t>(value.key_place)] = {at, image_.size() - at};
  return in;
}

bool RowImageBuilder::AppendText(const Value& value, const uint8_t** in, const uint8_t* end) {
  uint64_t length = 0;
  if (!TakeLength(in, end, &length)) return false;
  const ByteView text(reinterpret_cast<const char*>(*in), length);
  *in += length;
  switch (value.kind) {
    case Kind::kDecimal:
      return PackDecimal(text, value.precision, value.scale, &image_);
    case Kind::kBit:
      if (length != value.size) return false;
      image_.append(text);
      return true;
    case Kind::kCompressed:
      return AppendCompressed(value, text);
    case Kind::kBinary:
      while (length > 0 && text[length - 1] == '\0') --length;
      break;
    default:
      break;
  }
  if (value.size < 8 && length >> (8 * value.size) != 0) return false;
  PackLittleEndian(length, value.size, &image_);
  image_.append(text.substr(0, length));
  return true;
}

// A value that fills its column has no room for the byte in front of it: it is there only because it could be
// deflated.
bool RowImageBuilder::AppendCompressed(const Value& value, ByteView text) {
  constexpr uint8_t kDeflated = 0x80;
  std::string packed;
  if (!text.empty() && text.size() < value.bytes_max) {
    PackLittleEndian(text.size() + 1, value.size, &image_);
    image_.push_back('\0');
    image_.append(text);
    return true;
  }
  if (!text.empty()) {
    unsigned length_bytes = 1;
    while (text.size() >> (8 * length_bytes) != 0) ++length_bytes;
    packed.push_back(static_cast<char>(kDeflated | length_bytes));
    PackBigEndian(text.size(), length_bytes, &packed);
    const size_t header = packed.size();
    z_stream z{};
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      return false;
    }
    packed.resize(header + deflateBound(&z, text.size()));
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(packed.data() + header);
    z.avail_out = static_cast<uInt>(packed.size() - header);
    const bool done = deflate(&z, Z_FINISH) == Z_STREAM_END;
    packed.resize(header + z.total_out);
    deflateEnd(&z);
    if (!done || packed.size() > value.bytes_max) return false;
  }
  PackLittleEndian(packed.size(), value.size, &image_);
  image_ += packed;
  return true;
}

bool RowImageBuilder::AppendTemporal(const Value& value, const uint8_t** in, const uint8_t* end) {
  if (*in >= end) return false;
  const unsigned length = *(*in)++;
  if (static_cast<size_t>(end - *in) < length) return false;
  const uint8_t* p = *in;
  *in += length;
  TimeParts t;
  if (value.protocol_type == static_cast<uint8_t>(FieldType::kTime)) {
    if (length != 0 && length != 8 && length != 12) return false;
    if (length != 0) {
      t.negative = p[0] != 0;
      t.hour = U32(p + 1) * 24 + p[5];
      t.minute = p[6];
      t.second = p[7];
    }
    if (length == 12) t.micros = U32(p + 8);
  } else {
    if (length != 0 && length != 4 && length != 7 && length != 11) return false;
    if (length != 0) {
      t.year = p[0] | p[1] << 8;
      t.month = p[2];
      t.day = p[3];
    }
    if (length >= 7) {
      t.hour = p[4];
      t.minute = p[5];
      t.second = p[6];
    }
    if (length == 11) t.micros = U32(p + 7);
  }
  switch (value.kind) {
    case Kind::kDate:
      PackDate(t, &image_);
      return true;
    case Kind::kTime2:
      PackTime2(t, value.scale, &image_);
      return true;
    case Kind::kDateTime2:
      PackDateTime2(t, value.scale, &image_);
      return true;
    case Kind::kTimestamp2:
      PackTimestamp2(t, value.scale, &image_);
      return true;
    case Kind::kOldTime:
      PackOldTime(t, &image_);
      return true;
    case Kind::kOldDateTime:
      PackOldDateTime(t, &image_);
      return true;
    case Kind::kOldTimestamp:
      PackOldTimestamp(t, &image_);
      return true;
    default:
      return false;
  }
}

ByteView RowImageBuilder::key() {
  if (key_.empty()) return {};
  bool adjacent = true;
  for (size_t i = 1; i < key_.size(); ++i)
    adjacent = adjacent && key_[i].at == key_[i - 1].at + key_[i - 1].size;
  const Piece& last = key_.back();
  if (adjacent) return ByteView(image_).substr(key_[0].at, last.at + last.size - key_[0].at);
  key_scratch_.clear();
  for (const Piece& piece : key_) key_scratch_.append(image_, piece.at, piece.size);
  return key_scratch_;
}

}  // namespace srdf::engine_mariadb
