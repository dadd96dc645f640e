#include "engine_mariadb/key_place.h"

#include <utility>
#include <vector>

#include "engine_mariadb/column_type.h"

namespace srdf::engine_mariadb {

namespace {

constexpr unsigned kPlaceBytes = 8;

enum class Order : uint8_t {
  kNone,
  kSigned,    // little-endian, two's complement
  kUnsigned,  // little-endian
  kBytes,     // the first byte counts most
};

Order OrderOf(const Column& column) {
  switch (static_cast<FieldType>(column.type)) {
    case FieldType::kTiny:
    case FieldType::kShort:
    case FieldType::kInt24:
    case FieldType::kLong:
    case FieldType::kLongLong:
      return column.is_unsigned ? Order::kUnsigned : Order::kSigned;
    case FieldType::kYear:
    case FieldType::kDate:
    case FieldType::kNewDate:
    case FieldType::kTime:
    case FieldType::kTimestamp:
    case FieldType::kDateTime:
    case FieldType::kEnum:
    case FieldType::kSet:
      return Order::kUnsigned;
    case FieldType::kTimestamp2:
    case FieldType::kDateTime2:
    case FieldType::kTime2:
    case FieldType::kNewDecimal:
    case FieldType::kBit:
    case FieldType::kString:
    case FieldType::kVarchar:
    case FieldType::kVarString:
    case FieldType::kTinyBlob:
    case FieldType::kBlob:
    case FieldType::kMediumBlob:
    case FieldType::kLongBlob:
      return Order::kBytes;
    default:
      return Order::kNone;
  }
}

class KeyPlacerImpl : public compaction::KeyPlacer {
 public:
  struct Part {
    ColumnLayout layout;
    Order order = Order::kNone;
  };
  explicit KeyPlacerImpl(std::vector<Part> parts) : parts_(std::move(parts)) {}

  uint64_t Place(ByteView key) const override {
    uint64_t place = 0;
    unsigned room = kPlaceBytes;
    ByteReader in(key);
    for (const Part& part : parts_) {
      if (room == 0) break;
      size_t size = part.layout.size;
      if (part.layout.length_bytes != 0) {
        size = 0;
        for (unsigned i = 0; i < part.layout.length_bytes; ++i) size |= size_t{in.U8()} << (8 * i);
      }
      const ByteView value = in.Raw(size);
      if (!in.ok()) break;  // not a key of this table: any place will do
      for (size_t i = 0; i < value.size() && room > 0; ++i, --room) {
        const size_t at = part.order == Order::kBytes ? i : value.size() - 1 - i;
        auto byte = static_cast<uint8_t>(value[at]);
        if (part.order == Order::kSigned && i == 0) byte ^= 0x80;
        place = place << 8 | byte;
      }
      // Behind a value of any length another one would stand at any place.
      if (part.layout.length_bytes != 0) break;
    }
    return room == kPlaceBytes ? 0 : place << (8 * room);
  }

 private:
  const std::vector<Part> parts_;
};

}  // namespace

std::unique_ptr<compaction::KeyPlacer> NewKeyPlacer(const TableSchema& schema) {
  std::vector<KeyPlacerImpl::Part> parts;
  unsigned bytes = 0;
  for (const uint16_t ordinal : schema.key_columns) {
    if (ordinal >= schema.columns.size() || bytes >= kPlaceBytes) break;
    const Column& column = schema.columns[ordinal];
    const auto layout = LayoutOf(column.type, column.type_meta);
    const Order order = OrderOf(column);
    if (!layout.ok() || order == Order::kNone) break;
    parts.push_back({*layout, order});
    bytes += layout->length_bytes != 0 ? kPlaceBytes : layout->size;
  }
  if (parts.empty()) return nullptr;
  return std::make_unique<KeyPlacerImpl>(std::move(parts));
}

}  // namespace srdf::engine_mariadb
