// FakeSnapshot: a snapshot of tables in memory, for tests of what reads snapshots. Keys are in the order of
// their bytes, from the first or from the last one; a table without a key is in the order of its vector.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/snapshot.h"

namespace srdf::test {

struct FakeTable {
  TableSchema schema;
  std::vector<std::pair<std::string, std::string>> rows;  // key and image
  bool last_byte_first = false;                           // the key's index has another order
  std::string PlaceOf(const std::string& key) const {
    return last_byte_first ? std::string(key.rbegin(), key.rend()) : key;
  }
};
using FakeTables = std::map<std::pair<std::string, std::string>, FakeTable>;

inline TableSchema FakeSchema(const std::string& database, const std::string& table, bool with_key) {
  TableSchema schema;
  schema.database = database;
  schema.table = table;
  Column id;
  id.name = "id";
  id.type = 3;
  Column text;
  text.name = "text";
  text.type = 15;
  text.type_meta = 100;
  schema.columns = {id, text};
  if (with_key) {
    schema.key_kind = KeyKind::kPrimary;
    schema.key_columns = {0};
  }
  return schema;
}

class FakeSnapshot : public engine::Snapshot {
 public:
  FakeSnapshot(FakeTables tables, SourcePosition position)
      : tables_(std::move(tables)), position_(std::move(position)) {
    for (auto& [name, table] : tables_) {
      if (table.schema.key_kind == KeyKind::kNone) continue;
      std::sort(table.rows.begin(), table.rows.end(), [&table = table](const auto& a, const auto& b) {
        return table.PlaceOf(a.first) < table.PlaceOf(b.first);
      });
    }
  }

  const SourcePosition& position() const override { return position_; }
  Result<std::vector<engine::TableInfo>> ListTables() override {
    std::vector<engine::TableInfo> list;
    for (const auto& [name, table] : tables_) {
      engine::TableInfo info;
      info.database = name.first;
      info.table = name.second;
      info.rows_estimate = table.rows.size();
      info.definition = "CREATE TABLE";
      info.key_columns = {table.last_byte_first ? "last" : "first"};
      list.push_back(std::move(info));
    }
    return list;
  }
  Result<TableSchema> Describe(const std::string& database, const std::string& table) override {
    const auto found = tables_.find({database, table});
    if (found == tables_.end()) return Status(StatusCode::kNotFound, "no table " + table);
    return found->second.schema;
  }
  Result<engine::ReadEnd> ReadRange(const TableSchema& schema, const engine::KeyRange& range,
                                    const engine::ReadLimits& limits, engine::RowSink* sink) override {
    const FakeTable& table = tables_.at({schema.database, schema.table});
    engine::ReadEnd end;
    for (const auto& [key, image] : table.rows) {
      const std::string place = table.PlaceOf(key);
      if (!range.after.empty() && place <= table.PlaceOf(range.after)) continue;
      if (!range.until.empty() && place > table.PlaceOf(range.until)) break;
      if ((limits.rows_max != 0 && end.rows == limits.rows_max) ||
          (limits.bytes_max != 0 && end.rows > 0 && end.bytes >= limits.bytes_max)) {
        end.complete = false;
        return end;
      }
      SRDF_RETURN_IF_ERROR(sink->Row(key, image));
      ++end.rows;
      end.bytes += image.size();
      end.last_key = key;
    }
    return end;
  }
  Result<engine::ReadEnd> ReadKeys(const TableSchema& schema, const std::vector<std::string>& keys,
                                   engine::RowSink* sink) override {
    const FakeTable& table = tables_.at({schema.database, schema.table});
    engine::ReadEnd end;
    for (const auto& [key, image] : table.rows) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) continue;
      SRDF_RETURN_IF_ERROR(sink->Row(key, image));
      ++end.rows;
    }
    return end;
  }
  Status Ping() override { return {}; }

 private:
  FakeTables tables_;
  const SourcePosition position_;
};

}  // namespace srdf::test
