#include "engine_mysql/json_value.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <iterator>

#include "engine_mariadb/column_type.h"
#include "engine_mariadb/column_value.h"
#include "engine_mariadb/row_json.h"
#include "engine_mysql/json_text.h"

namespace srdf::engine_mysql {

namespace {

using engine_mariadb::FieldType;

enum : uint8_t {
  kSmallObject = 0x00,
  kLargeObject = 0x01,
  kSmallArray = 0x02,
  kLargeArray = 0x03,
  kLiteral = 0x04,
  kInt16 = 0x05,
  kUint16 = 0x06,
  kInt32 = 0x07,
  kUint32 = 0x08,
  kInt64 = 0x09,
  kUint64 = 0x0a,
  kDouble = 0x0b,
  kString = 0x0c,
  kOpaque = 0x0f,
};

Status Malformed(const char* what) {
  return {StatusCode::kDataLoss, fmt::format("malformed binary JSON: {}", what)};
}

class Printer {
 public:
  Printer(size_t budget, std::string* out) : budget_(budget), out_(out) {}

  // `value` begins with the value of this type and ends with what contains it.
  Status Value(uint8_t type, ByteView value, int depth) {
    switch (type) {
      case kSmallObject:
        return Container(value, true, 2, depth);
      case kLargeObject:
        return Container(value, true, 4, depth);
      case kSmallArray:
        return Container(value, false, 2, depth);
      case kLargeArray:
        return Container(value, false, 4, depth);
      case kString:
        return String(value);
      case kOpaque:
        return Opaque(value);
      default:
        return Scalar(type, value);
    }
  }

 private:
  bool Charge(size_t bytes) {
    if (bytes > budget_) return false;
    budget_ -= bytes;
    return true;
  }

  Status Scalar(uint8_t type, ByteView value) {
    ByteReader r(value);
    auto out = std::back_inserter(*out_);
    switch (type) {
      case kLiteral:
        return Literal(r.U8(), r.ok());
      case kInt16:
        fmt::format_to(out, "{}", static_cast<int16_t>(r.U16()));
        break;
      case kUint16:
        fmt::format_to(out, "{}", r.U16());
        break;
      case kInt32:
        fmt::format_to(out, "{}", static_cast<int32_t>(r.U32()));
        break;
      case kUint32:
        fmt::format_to(out, "{}", r.U32());
        break;
      case kInt64:
        fmt::format_to(out, "{}", static_cast<int64_t>(r.U64()));
        break;
      case kUint64:
        fmt::format_to(out, "{}", r.U64());
        break;
      case kDouble: {
        const auto number = std::bit_cast<double>(r.U64());
        if (!std::isfinite(number)) return Malformed("a double that is no number");
        AppendJsonTextDouble(number, out_);
        break;
      }
      default:
        return Malformed("a type");
    }
    return r.ok() ? Status() : Malformed("a number");
  }

  Status Literal(uint8_t literal, bool present) {
    static constexpr const char* kNames[] = {"null", "true", "false"};
    if (!present || literal > 2) return Malformed("a literal");
    *out_ += kNames[literal];
    return {};
  }

  // A length in 7-bit groups, low ones first, then so many bytes.
  bool TakeBytes(ByteReader* r, ByteView* bytes) {
    const uint64_t length = r->Varint();
    if (!r->ok() || length > UINT32_MAX) return false;
    *bytes = r->Raw(length);
    return r->ok() && Charge(r->offset());
  }

  Status String(ByteView value) {
    ByteReader r(value);
    ByteView text;
    if (!TakeBytes(&r, &text)) return Malformed("a string");
    engine_mariadb::AppendJsonString(text, out_);
    return {};
  }

  Status Opaque(ByteView value) {
    ByteReader r(value);
    const uint8_t type = r.U8();
    ByteView bytes;
    if (!TakeBytes(&r, &bytes)) return Malformed("an opaque value");
    switch (static_cast<FieldType>(type)) {
      case FieldType::kNewDecimal:
        return Decimal(bytes);
      case FieldType::kDate:
      case FieldType::kTime:
      case FieldType::kDateTime:
      case FieldType::kTimestamp:
        return Temporal(static_cast<FieldType>(type), bytes);
      default:
        fmt::format_to(std::back_inserter(*out_), "\"base64:type{}:", type);
        AppendBase64(bytes, out_);
        out_->push_back('"');
        return {};
    }
  }

  Status Decimal(ByteView bytes) {
    ByteReader r(bytes);
    const uint8_t precision = r.U8();
    const uint8_t scale = r.U8();
    const ByteView packed = r.Rest();
    if (!r.ok() || precision == 0 || precision > 65 || scale > precision ||
        packed.size() != engine_mariadb::DecimalBytes(precision, scale)) {
      return Malformed("a decimal");
    }
    engine_mariadb::AppendDecimal(packed, precision, scale, out_);
    return {};
  }

  // 24 bits of microseconds below the packed date and time; a negative time is the whole number negated.
  Status Temporal(FieldType type, ByteView bytes) {
    if (bytes.size() != 8) return Malformed("a temporal value");
    ByteReader r(bytes);
    const auto packed = static_cast<int64_t>(r.U64());
    const uint64_t v = packed < 0 ? 0 - static_cast<uint64_t>(packed) : static_cast<uint64_t>(packed);
    const uint64_t micros = v & 0xff'ffff;
    const uint64_t hms = v >> 24 & 0x1ffff;
    const uint64_t ymd = v >> 41;
    auto out = std::back_inserter(*out_);
    *out_ += packed < 0 ? "\"-" : "\"";
    if (type == FieldType::kTime) {
      fmt::format_to(out, "{:02}:{:02}:{:02}.{:06}\"", v >> 36 & 1023, hms >> 6 & 63, hms & 63, micros);
      return {};
    }
    fmt::format_to(out, "{:04}-{:02}-{:02}", (ymd >> 5) / 13, (ymd >> 5) % 13, ymd & 31);
    if (type != FieldType::kDate) {
      fmt::format_to(out, " {:02}:{:02}:{:02}.{:06}", hms >> 12, hms >> 6 & 63, hms & 63, micros);
    }
    out_->push_back('"');
    return {};
  }

  Status Container(ByteView value, bool object, size_t width, int depth) {
    if (depth >= kJsonDepthMax) return Malformed("it is nested too deeply");
    const auto read = [width](ByteReader* r) -> uint64_t { return width == 2 ? r->U16() : r->U32(); };
    ByteReader head(value);
    const uint64_t count = read(&head);
    const uint64_t bytes = read(&head);
    const uint64_t entry_bytes = (object ? width + 2 : 0) + 1 + width;
    if (!head.ok() || bytes > value.size() || 2 * width + count * entry_bytes > bytes ||
        !Charge(2 * width + count * entry_bytes)) {
      return Malformed("a container's size");
    }
    value = value.substr(0, bytes);
    ByteReader keys(value.substr(2 * width));
    ByteReader entries(value.substr(2 * width + (object ? count * (width + 2) : 0)));
    out_->push_back(object ? '{' : '[');
    for (uint64_t i = 0; i < count; ++i) {
      if (i > 0) *out_ += ", ";
      if (object) {
        const uint64_t offset = read(&keys);
        const uint64_t length = keys.U16();
        if (offset > bytes || length > bytes - offset || !Charge(length)) return Malformed("a key");
        engine_mariadb::AppendJsonString(value.substr(offset, length), out_);
        *out_ += ": ";
      }
      const uint8_t type = entries.U8();
      const ByteView in_entry = entries.Raw(width);
      if (StandsInEntry(type, width)) {
        SRDF_RETURN_IF_ERROR(Scalar(type, in_entry));
        continue;
      }
      ByteReader r(in_entry);
      const uint64_t offset = read(&r);
      if (offset >= bytes) return Malformed("an offset");
      SRDF_RETURN_IF_ERROR(Value(type, value.substr(offset), depth + 1));
    }
    out_->push_back(object ? '}' : ']');
    return {};
  }

  static bool StandsInEntry(uint8_t type, size_t width) {
    return type == kLiteral || type == kInt16 || type == kUint16 ||
           (width == 4 && (type == kInt32 || type == kUint32));
  }

  size_t budget_;
  std::string* const out_;
};

}  // namespace

Status AppendJsonText(ByteView document, std::string* out) {
  if (document.empty()) {
    *out += "null";
    return {};
  }
  return Printer(document.size(), out).Value(static_cast<uint8_t>(document[0]), document.substr(1), 0);
}

}  // namespace srdf::engine_mysql
