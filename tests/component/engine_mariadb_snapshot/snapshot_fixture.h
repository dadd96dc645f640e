// Snapshots of a real server, and its log beside them: what a snapshot reads has to be what was logged.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../engine_mariadb_source/source_fixture.h"
#include "engine/snapshot.h"

namespace srdf::test {

struct ReadRow {
  std::string key;
  std::string image;
  friend bool operator==(const ReadRow&, const ReadRow&) = default;
};

class RowList : public engine::RowSink {
 public:
  Status Row(ByteView key, ByteView image) override {
    rows.push_back({std::string(key), std::string(image)});
    return {};
  }
  std::vector<ReadRow> rows;
};

// The inserts of one table in the log, as the log has them.
class LoggedInserts : public engine::ChangeSink {
 public:
  LoggedInserts(std::string table, std::string end) : table_(std::move(table)), end_(std::move(end)) {}
  Status Consume(std::string_view records, bool transaction_end) override;
  void Idle(const engine::SourceLag&) override {}

  TableSchema schema;
  std::vector<ReadRow> rows;  // images of all columns

 private:
  const std::string table_, end_;
  std::map<uint32_t, TableSchema> schemas_;
};

class SnapshotTest : public SourceTest {
 protected:
  std::unique_ptr<engine::Snapshot> Open();
  std::vector<ReadRow> Read(engine::Snapshot* snapshot, const TableSchema& schema,
                            const engine::KeyRange& range = {}, const engine::ReadLimits& limits = {});
  // The rows' JSON, in the order they came in.
  std::vector<std::string> Json(const TableSchema& schema, const std::vector<ReadRow>& rows);
  // The table t.x as the log has it from the beginning to now.
  LoggedInserts Logged();
  // What the log says and what a snapshot says of t.x: the same table, the same rows.
  void ExpectAsLogged();
};

// An image of some of the columns, made of one of all.
std::string Without(const TableSchema& schema, const std::string& bitmap, const std::string& image);

}  // namespace srdf::test
