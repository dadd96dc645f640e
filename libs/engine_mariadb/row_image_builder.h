// RowImageBuilder: rows as a server sends them in the binary protocol → row images as they stand in its log.
//
// The values of all columns but virtual ones, in the table's order, byte for byte what the server would
// log, but for COMPRESSED columns: the log has what the server's zlib made of them, here is the plain value
// in the form that such a column has for values that are not worth compressing.
//
// What the server is to be asked for is select_list(): some types have to be cast so that they come by number
// or as the bytes of the log. The session must be in UTC, and take results as they are stored
// (character_set_results = binary). Nothing is allocated per row after the first. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/sql_literal.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

class RowImageBuilder {
 public:
  // `columns` by the ordinals of the schema's columns. kFailedPrecondition, naming the column, for a type
  // that cannot be read.
  static Result<RowImageBuilder> Build(const TableSchema& schema, const std::vector<SqlColumn>& columns);

  const std::string& select_list() const { return select_list_; }
  size_t value_count() const { return values_.size(); }
  // The type (enum_field_types) that value `i` has in the protocol, before the first row; false: it cannot be
  // a value of the column.
  bool SetProtocolType(size_t i, unsigned protocol_type);
  const std::string& column_name(size_t i) const { return values_[i].name; }

  // A row: Begin, then Null or Take for each value in turn.
  void Begin();
  void Null(size_t i);
  // Takes the value at `in`, and returns where the next one is; nothing when the bytes up to `end` are not a
  // value of the column.
  const uint8_t* Take(size_t i, const uint8_t* in, const uint8_t* end);
  // Of the row, when all values are there; valid until the next Begin. An empty key: the table has none.
  ByteView image() const { return image_; }
  ByteView key();

 private:
  enum class Kind : uint8_t {
    kCopy,     // little-endian number, the same bytes
    kInt24,    // four bytes for three
    kYear,     // the year itself in two bytes
    kLabel,    // BIGINT for an ENUM's or a SET's number
    kDecimal,  // text
    kDate,
    kTime2,
    kDateTime2,
    kTimestamp2,
    kOldTime,
    kOldDateTime,
    kOldTimestamp,
    kBit,     // as many bytes as in the image
    kString,  // with its length
    kBinary,  // the same, without the zero bytes at its end
    kCompressed,
  };
  struct Value {
    Kind kind{};
    std::string name;
    uint32_t size = 0;  // bytes of the value, or of its length where it has one
    uint8_t protocol_type = 0;
    uint8_t label_bytes = 8;           // in the protocol: the server sends what is short as INT
    uint8_t precision = 0, scale = 0;  // DECIMAL; scale: also fraction digits
    uint64_t bytes_max = 0;            // of a COMPRESSED column's value with its header
    int key_place = -1;                // among the key's columns
  };
  struct Piece {
    size_t at = 0, size = 0;
  };

  static Status KindOf(const Column& column, const SqlColumn& sql, Value* value);
  bool AppendText(const Value& value, const uint8_t** in, const uint8_t* end);
  bool AppendTemporal(const Value& value, const uint8_t** in, const uint8_t* end);
  bool AppendCompressed(const Value& value, ByteView text);

  std::string select_list_;
  std::vector<Value> values_;
  std::string image_;
  std::vector<Piece> key_;
  std::string key_scratch_;
};

}  // namespace srdf::engine_mariadb
