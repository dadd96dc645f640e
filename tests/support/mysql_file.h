// MySqlFile: builds binlog files as a MySQL server writes them, from the documented layouts.
//
// Sources: https://dev.mysql.com/doc/dev/mysql-server/latest/ (binlog event classes,
// "PageLibsMysqlSerialization"), that is libs/mysql/binlog/event/*.h, sql/json_diff.cc and
// sql-common/json_binary.h of the server. It shares no code with the decoders under test.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace srdf::test {

// Little-endian number of so many bytes; a packed length; most significant byte first.
std::string Le(uint64_t value, size_t bytes);
std::string Be(uint64_t value, size_t bytes);
std::string Packed(uint64_t value);
// A string behind its packed length.
std::string PackedText(std::string_view text);
// Numbers of MySQL's serialization library.
std::string Serialized(uint64_t value);
std::string SerializedSigned(int64_t value);

constexpr uint8_t kUuidBytes[16] = {0x3e, 0x11, 0xfa, 0x47, 0x71, 0xca, 0x11, 0xe1,
                                    0x9e, 0x33, 0xc8, 0x0a, 0xa9, 0x42, 0x95, 0x62};
constexpr std::string_view kUuidText = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
std::string UuidBytes();

// One column of a table map.
struct MySqlColumn {
  std::string name;
  uint8_t type = 0;
  std::string meta;
  bool nullable = true;
};

// Bodies of events.
std::string QueryBody(std::string_view sql, std::string_view database = "",
                      std::string_view status_vars = "");
std::string TableMapBody(uint64_t id, std::string_view database, std::string_view table,
                         const std::vector<MySqlColumn>& columns, std::string_view more_metadata = "",
                         bool names = true);
// A field of the optional metadata.
std::string MetadataField(uint8_t type, std::string_view value);
// Rows events of version 2. `extra` is behind the two bytes of its length. Images follow each other in
// `rows`.
std::string RowsBody(uint64_t table_id, size_t columns, std::string_view bitmaps, std::string_view rows,
                     std::string_view extra = "", uint16_t flags = 1);
std::string RowsV1Body(uint64_t table_id, size_t columns, std::string_view bitmaps, std::string_view rows);

// A whole event; end_position 0 as inside of a payload.
std::string Event(uint8_t type, std::string_view body, uint16_t flags = 0);

class MySqlFile {
 public:
  // Begins with the format description. Without `closed` it has the flag of a file in use.
  explicit MySqlFile(const std::string& version = "8.0.36", bool checksums = true, bool closed = true);

  // The offset at which the event begins.
  uint64_t Add(uint8_t type, std::string_view body, uint16_t flags = 0);
  uint64_t AddGtid(uint64_t sequence);
  void AddQuery(std::string_view sql, std::string_view database = "db") { Add(2, QueryBody(sql, database)); }
  void AddXid(uint64_t xid) { Add(16, Le(xid, 8)); }
  void AddRotate() { Add(4, Le(4, 8) + "binlog.000002"); }

  const std::string& bytes() const { return bytes_; }
  bool IsEvent(uint64_t offset) const { return offsets_.count(offset) != 0; }

 private:
  const bool checksums_;
  std::set<uint64_t> offsets_;
  std::string bytes_;
};

// Binary JSON: a value of a type, to be put into objects and arrays.
struct JsonValue {
  uint8_t type = 0;
  std::string bytes;  // the value; for what stands in its entry, its two or four bytes
};
JsonValue JsonInt16(int16_t v);
JsonValue JsonInt32(int32_t v);
JsonValue JsonInt64(int64_t v);
JsonValue JsonUint64(uint64_t v);
JsonValue JsonDouble(double v);
JsonValue JsonString(std::string_view v);
JsonValue JsonLiteral(uint8_t v);  // 0 null, 1 true, 2 false
JsonValue JsonOpaque(uint8_t field_type, std::string_view v);
JsonValue JsonArray(const std::vector<JsonValue>& values, bool large = false);
JsonValue JsonObject(const std::vector<std::pair<std::string, JsonValue>>& members, bool large = false);
std::string JsonDocument(const JsonValue& value);

}  // namespace srdf::test
