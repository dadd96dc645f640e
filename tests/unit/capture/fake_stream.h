// A source whose tables are maps, and a feed that writes down what it gets: for tests of what is put into a
// stream. Positions are "0-1-N".
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "capture/feed_client.h"
#include "engine/source.h"
#include "model/mark.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/statement.h"

namespace srdf::capture {

inline SourcePosition At(int n) {
  return {"0-1-" + std::to_string(n), "bin.000001", static_cast<uint64_t>(n)};
}
inline int NumberOf(const SourcePosition& position) { return std::stoi(position.gtid.substr(4)); }

struct FakeTable {
  bool keyed = true;
  std::vector<std::pair<std::string, std::string>> rows;  // key (of a keyed one, in order) and image
};
using FakeTables = std::map<engine::TableId, FakeTable>;

class FakeSnapshot : public engine::Snapshot {
 public:
  FakeSnapshot(SourcePosition position, FakeTables tables)
      : position_(std::move(position)), tables_(std::move(tables)) {}
  const SourcePosition& position() const override { return position_; }
  Result<std::vector<engine::TableInfo>> ListTables() override {
    std::vector<engine::TableInfo> list;
    for (const auto& [id, table] : tables_) {
      engine::TableInfo info;
      info.database = id.database;
      info.table = id.table;
      info.rows_estimate = table.rows.size();
      if (table.keyed) info.key_columns = {"id"};
      list.push_back(std::move(info));
    }
    return list;
  }
  Result<TableSchema> Describe(const std::string& database, const std::string& table) override {
    const auto found = tables_.find({database, table});
    if (found == tables_.end()) return Status(StatusCode::kNotFound, "no table " + table);
    TableSchema schema;
    schema.database = database;
    schema.table = table;
    schema.columns.resize(1);
    schema.columns[0].name = "id";
    if (found->second.keyed) {
      schema.key_kind = KeyKind::kPrimary;
      schema.key_columns = {0};
    }
    return schema;
  }
  Result<engine::ReadEnd> ReadRange(const TableSchema& schema, const engine::KeyRange& range,
                                    const engine::ReadLimits& limits, engine::RowSink* sink) override {
    engine::ReadEnd end;
    for (const auto& [key, image] : tables_[{schema.database, schema.table}].rows) {
      if (!range.after.empty() && key <= range.after) continue;
      if (!range.until.empty() && key > range.until) break;
      if (limits.bytes_max != 0 && end.bytes >= limits.bytes_max) {
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
    engine::ReadEnd end;
    for (const auto& [key, image] : tables_[{schema.database, schema.table}].rows) {
      if (std::count(keys.begin(), keys.end(), key) == 0) continue;
      SRDF_RETURN_IF_ERROR(sink->Row(key, image));
      ++end.rows;
    }
    return end;
  }
  Status Ping() override { return {}; }

 private:
  const SourcePosition position_;
  FakeTables tables_;
};

// A transaction's records, with number n as its GTID.
inline std::string BeginOf(int n) {
  std::string body, out;
  EncodeTransactionBegin({n == 0 ? "" : At(n).gtid, 0}, &body);
  AppendRecord(RecordType::kTransactionBegin, body, &out);
  return out;
}
inline std::string EndOf(int n) {
  std::string body, out;
  EncodeTransactionEnd({At(n), 0}, &body);
  AppendRecord(RecordType::kTransactionEnd, body, &out);
  return out;
}
inline std::string StatementOf(int n, const std::string& sql) {
  Statement statement;
  statement.sql = sql;
  std::string body, out;
  EncodeStatement(statement, &body);
  AppendRecord(RecordType::kStatement, body, &out);
  return BeginOf(n) + out + EndOf(n);
}

// A snapshot lies where the test says, the last word stays, and shows the tables as they are then.
class FakeSnapshots : public engine::SourceEngine {
 public:
  Result<std::vector<engine::PreflightProblem>> Preflight() override {
    return std::vector<engine::PreflightProblem>{};
  }
  Result<SourcePosition> CurrentPosition() override { return SourcePosition{}; }
  std::unique_ptr<engine::ChangeReader> NewReader() override { return nullptr; }
  Result<bool> Contains(const SourcePosition& position, const SourcePosition& other) const override {
    return NumberOf(position) >= NumberOf(other);
  }
  Result<std::vector<engine::ForeignKey>> ForeignKeys() override { return keys_; }
  engine::TableEffects EffectsOf(const Statement& statement) const override {
    engine::TableEffects effects;
    if (statement.sql == "RENAME a TO b") effects.renamed = {{{"shop", "a"}, {"shop", "b"}}};
    if (statement.sql == "RENAME IF EXISTS x TO b") effects.renamed = {{{"shop", "x"}, {"shop", "b"}, true}};
    if (statement.sql == "RENAME b TO b") effects.renamed = {{{"shop", "b"}, {"shop", "b"}}};
    if (statement.sql == "EXCHANGE a, b") effects.mixed = {{"shop", "a"}, {"shop", "b"}};
    if (statement.sql == "DROP a") effects.dropped = {{"shop", "a"}};
    if (statement.sql == "DROP shop") effects.dropped = {{"shop", ""}};
    return effects;
  }
  Result<std::unique_ptr<engine::Snapshot>> OpenSnapshot() override {
    std::lock_guard lock(mu_);
    const int at = snapshots_.front();
    if (snapshots_.size() > 1) snapshots_.erase(snapshots_.begin());
    return std::unique_ptr<engine::Snapshot>(std::make_unique<FakeSnapshot>(At(at), tables_));
  }
  void SetSnapshots(std::vector<int> at) {
    std::lock_guard lock(mu_);
    snapshots_ = std::move(at);
  }
  void SetTable(const std::string& table, FakeTable rows) {
    std::lock_guard lock(mu_);
    tables_[{"shop", table}] = std::move(rows);
  }
  void DropTable(const std::string& table) {
    std::lock_guard lock(mu_);
    tables_.erase({"shop", table});
  }

  std::vector<engine::ForeignKey> keys_;

 private:
  std::mutex mu_;
  std::vector<int> snapshots_{7};
  FakeTables tables_;
};

// Writes down what is sent, in words: "T8 " for a begin, "[" for one of a pseudo-transaction, "mark a ",
// "copy (a..b] ", "rows 1x3 " for three rows of table_ref 1 (of capture's own: of the table's name), "| 8 "
// for an end.
class FakeFeedSession : public FeedSession {
 public:
  const SourcePosition& resume() const override { return resume_; }
  Status Send(std::string_view records) override {
    if (sending_.exchange(true)) ADD_FAILURE() << "two threads send at once";
    std::unique_lock lock(mu_);
    RecordCursor cursor(records);
    Record record;
    for (;;) {
      auto more = cursor.Next(&record);
      EXPECT_TRUE(more.ok());
      if (!more.ok() || !*more) break;
      Note(record);
    }
    changed_.notify_all();
    changed_.wait(lock, [&] { return !full_; });
    sending_ = false;
    return ended_;
  }
  Status Ended() const override {
    std::lock_guard lock(mu_);
    return ended_;
  }
  bool progressed() const override { return true; }
  FeedDurable durable() const override { return {}; }
  Status WaitDurable(uint64_t, std::chrono::milliseconds) override { return Ended(); }
  FeedDelivery delivery() const override {
    std::lock_guard lock(mu_);
    return delivery_;
  }
  void Cancel() override {
    std::lock_guard lock(mu_);
    ended_ = {StatusCode::kCancelled, "cancelled"};
    full_ = false;
    changed_.notify_all();
  }

  std::string sent() const {
    std::lock_guard lock(mu_);
    return sent_;
  }
  bool WaitForSent(const std::string& text) {
    std::unique_lock lock(mu_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return sent_.find(text) != std::string::npos; });
  }
  void SetFull() {
    std::lock_guard lock(mu_);
    full_ = true;
  }
  void SetDelivery(FeedDelivery delivery) {
    std::lock_guard lock(mu_);
    delivery_ = delivery;
  }

  SourcePosition resume_ = At(7);

 private:
  void Note(const Record& record) {
    switch (record.type) {
      case RecordType::kTransactionBegin: {
        const std::string gtid = DecodeTransactionBegin(record.body)->gtid;
        sent_ += gtid.empty() ? "[" : "T" + gtid.substr(4) + " ";
        break;
      }
      case RecordType::kTransactionEnd: {
        const TransactionEnd end = *DecodeTransactionEnd(record.body);
        sent_ += "| " + std::to_string(NumberOf(end.position)) + " ";
        if (end.sets_copy) sent_ += end.position.copy.empty() ? "no copy " : "state ";
        break;
      }
      case RecordType::kTableSchema: {
        const TableSchema schema = *DecodeTableSchema(record.body);
        names_[schema.table_ref] =
            schema.table_ref < 0x80000000 ? std::to_string(schema.table_ref) : schema.table;
        break;
      }
      case RecordType::kMark:
        sent_ += "mark " + DecodeMark(record.body)->id + " ";
        break;
      case RecordType::kRangeCopy: {
        const RangeCopy copy = *DecodeRangeCopy(record.body);
        EXPECT_EQ(names_.count(copy.table_ref), 1u) << "a range before its table's schema";
        if (copy.kind == RangeCopyKind::kRange) sent_ += "copy (" + copy.after + ".." + copy.until + "] ";
        if (copy.kind == RangeCopyKind::kKey) sent_ += "key " + copy.until + " ";
        if (copy.kind == RangeCopyKind::kMore) sent_ += "more ";
        if (copy.kind == RangeCopyKind::kCopies)
          sent_ += "copies " + copy.until + "=" + std::to_string(copy.copies) + " ";
        break;
      }
      case RecordType::kRowRun: {
        const uint32_t ref = ByteReader(record.body).U32();
        sent_ += "rows " + (names_.count(ref) != 0 ? names_[ref] : std::to_string(ref)) + "x" +
                 std::to_string(RowRunReader::Open(record.body)->row_count()) + " ";
        break;
      }
      case RecordType::kStatement:
        sent_ += "statement ";
        break;
      default:
        break;
    }
  }

  std::atomic<bool> sending_ = false;
  mutable std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_
  std::string sent_;
  std::map<uint32_t, std::string> names_;
  FeedDelivery delivery_;
  bool full_ = false;
  Status ended_;
};

}  // namespace srdf::capture
