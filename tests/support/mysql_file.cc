#include "support/mysql_file.h"

#include <zlib.h>

#include <bit>
#include <cstring>

namespace srdf::test {

namespace {

constexpr uint32_t kTimestamp = 1'700'000'000;  // 2023-11-14T22:13:20Z
constexpr uint32_t kServerId = 7;

}  // namespace

std::string Le(uint64_t value, size_t bytes) {
  std::string out;
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

std::string Be(uint64_t value, size_t bytes) {
  const std::string le = Le(value, bytes);
  return {le.rbegin(), le.rend()};
}

std::string Packed(uint64_t value) {
  if (value <= 250) return Le(value, 1);
  if (value <= 0xffff) return "\xfc" + Le(value, 2);
  if (value <= 0xffffff) return "\xfd" + Le(value, 3);
  return "\xfe" + Le(value, 8);
}

std::string PackedText(std::string_view text) { return Packed(text.size()) + std::string(text); }

std::string Serialized(uint64_t value) {
  size_t bytes = 1;
  while (bytes < 9 && value >> (7 * bytes) != 0) ++bytes;
  if (bytes == 9) return "\xff" + Le(value, 8);
  return Le(value << bytes | ((1ull << (bytes - 1)) - 1), bytes);
}

std::string SerializedSigned(int64_t value) {
  return Serialized(value >= 0 ? static_cast<uint64_t>(value) << 1
                               : (static_cast<uint64_t>(-(value + 1)) << 1) | 1);
}

std::string UuidBytes() { return {reinterpret_cast<const char*>(kUuidBytes), sizeof(kUuidBytes)}; }

std::string QueryBody(std::string_view sql, std::string_view database, std::string_view status_vars) {
  return Le(3, 4) + Le(0, 4) + Le(database.size(), 1) + Le(0, 2) + Le(status_vars.size(), 2) +
         std::string(status_vars) + std::string(database) + std::string(1, '\0') + std::string(sql);
}

std::string MetadataField(uint8_t type, std::string_view value) { return Le(type, 1) + PackedText(value); }

std::string TableMapBody(uint64_t id, std::string_view database, std::string_view table,
                         const std::vector<MySqlColumn>& columns, std::string_view more_metadata,
                         bool names) {
  std::string types, meta, nullable((columns.size() + 7) / 8, '\0'), name_list;
  for (size_t i = 0; i < columns.size(); ++i) {
    types += Le(columns[i].type, 1);
    meta += columns[i].meta;
    if (columns[i].nullable) nullable[i / 8] = static_cast<char>(nullable[i / 8] | 1 << (i % 8));
    name_list += PackedText(columns[i].name);
  }
  return Le(id, 6) + Le(1, 2) + Le(database.size(), 1) + std::string(database) + '\0' + Le(table.size(), 1) +
         std::string(table) + '\0' + Packed(columns.size()) + types + PackedText(meta) + nullable +
         std::string(more_metadata) + (names ? MetadataField(4, name_list) : "");
}

std::string RowsBody(uint64_t table_id, size_t columns, std::string_view bitmaps, std::string_view rows,
                     std::string_view extra, uint16_t flags) {
  return Le(table_id, 6) + Le(flags, 2) + Le(extra.size() + 2, 2) + std::string(extra) + Packed(columns) +
         std::string(bitmaps) + std::string(rows);
}

std::string RowsV1Body(uint64_t table_id, size_t columns, std::string_view bitmaps, std::string_view rows) {
  return Le(table_id, 6) + Le(1, 2) + Packed(columns) + std::string(bitmaps) + std::string(rows);
}

std::string Event(uint8_t type, std::string_view body, uint16_t flags) {
  return Le(kTimestamp, 4) + Le(type, 1) + Le(kServerId, 4) + Le(19 + body.size(), 4) + Le(0, 4) +
         Le(flags, 2) + std::string(body);
}

MySqlFile::MySqlFile(const std::string& version, bool checksums, bool closed) : checksums_(checksums) {
  bytes_ =
      "\xfe"
      "bin";
  // Lengths of the post-headers of types 1 to 42, as 8.0 writes them.
  std::string lengths(42, '\0');
  const std::pair<int, int> known[] = {{2, 13},  {4, 8},   {11, 4},  {15, 56}, {17, 4},  {18, 26}, {19, 8},
                                       {23, 8},  {24, 8},  {25, 8},  {26, 2},  {30, 10}, {31, 10}, {32, 10},
                                       {33, 42}, {34, 42}, {36, 18}, {37, 52}, {39, 10}, {40, 40}};
  for (const auto& [type, length] : known) lengths[static_cast<size_t>(type) - 1] = static_cast<char>(length);
  std::string padded = version;
  padded.resize(50, '\0');
  std::string body = Le(4, 2) + padded + Le(kTimestamp, 4) + Le(19, 1) + lengths + Le(checksums ? 1 : 0, 1);
  if (!checksums) body += Le(0, 4);
  Add(15, body);
  if (!closed) bytes_[4 + 17] = 1;
}

uint64_t MySqlFile::Add(uint8_t type, std::string_view body, uint16_t flags) {
  const uint64_t at = bytes_.size();
  offsets_.insert(at);
  const size_t length = 19 + body.size() + (checksums_ ? 4 : 0);
  std::string event = Le(kTimestamp, 4) + Le(type, 1) + Le(kServerId, 4) + Le(length, 4) +
                      Le(at + length, 4) + Le(flags, 2) + std::string(body);
  if (checksums_) {
    const uLong crc =
        crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(event.data()), event.size());
    event += Le(crc, 4);
  }
  bytes_ += event;
  return at;
}

uint64_t MySqlFile::AddGtid(uint64_t sequence) {
  const uint64_t commit_us = 1'700'000'000'123'456;
  return Add(33, Le(0, 1) + UuidBytes() + Le(sequence, 8) + Le(2, 1) + Le(sequence - 1, 8) + Le(sequence, 8) +
                     Le(commit_us, 7) + Packed(300) + Le(80036, 4));
}

JsonValue JsonInt16(int16_t v) { return {0x05, Le(static_cast<uint16_t>(v), 2)}; }
JsonValue JsonInt32(int32_t v) { return {0x07, Le(static_cast<uint32_t>(v), 4)}; }
JsonValue JsonInt64(int64_t v) { return {0x09, Le(static_cast<uint64_t>(v), 8)}; }
JsonValue JsonUint64(uint64_t v) { return {0x0a, Le(v, 8)}; }
JsonValue JsonDouble(double v) { return {0x0b, Le(std::bit_cast<uint64_t>(v), 8)}; }
JsonValue JsonLiteral(uint8_t v) { return {0x04, Le(v, 2)}; }

namespace {

std::string SevenBits(uint64_t v) {
  std::string out;
  for (; v >= 0x80; v >>= 7) out.push_back(static_cast<char>(v | 0x80));
  out.push_back(static_cast<char>(v));
  return out;
}

JsonValue Container(const std::vector<std::pair<std::string, JsonValue>>& members, bool object, bool large) {
  const size_t width = large ? 4 : 2;
  const size_t entry = (object ? width + 2 : 0) + 1 + width;
  size_t at = 2 * width + members.size() * entry;
  std::string keys, values, key_data, value_data;
  if (object) {
    for (const auto& [key, value] : members) {
      keys += Le(at, width) + Le(key.size(), 2);
      key_data += key;
      at += key.size();
    }
  }
  for (const auto& [key, value] : members) {
    const bool inlined = value.type == 0x04 || value.type == 0x05 || value.type == 0x06 ||
                         (large && (value.type == 0x07 || value.type == 0x08));
    std::string cell = value.bytes;
    cell.resize(width, '\0');
    values += Le(value.type, 1) + (inlined ? cell : Le(at, width));
    if (inlined) continue;
    value_data += value.bytes;
    at += value.bytes.size();
  }
  const uint8_t type = static_cast<uint8_t>((object ? 0 : 2) + (large ? 1 : 0));
  return {type, Le(members.size(), width) + Le(at, width) + keys + values + key_data + value_data};
}

}  // namespace

JsonValue JsonString(std::string_view v) { return {0x0c, SevenBits(v.size()) + std::string(v)}; }
JsonValue JsonOpaque(uint8_t field_type, std::string_view v) {
  return {0x0f, Le(field_type, 1) + SevenBits(v.size()) + std::string(v)};
}
JsonValue JsonArray(const std::vector<JsonValue>& values, bool large) {
  std::vector<std::pair<std::string, JsonValue>> members;
  for (const JsonValue& value : values) members.emplace_back("", value);
  return Container(members, false, large);
}
JsonValue JsonObject(const std::vector<std::pair<std::string, JsonValue>>& members, bool large) {
  return Container(members, true, large);
}
std::string JsonDocument(const JsonValue& value) {
  // A literal or small number takes its own size outside of a container.
  const size_t bytes = value.type == 0x04 ? 1 : value.bytes.size();
  return Le(value.type, 1) + value.bytes.substr(0, bytes);
}

}  // namespace srdf::test
