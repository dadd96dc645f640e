// A real source server with the reader under test behind it, and a sink that keeps what comes in a form that
// tests can compare.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/source.h"
#include "engine_mariadb/source_engine.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/statement.h"
#include "support/mariadb_server.h"

namespace srdf::test {

struct RecordedRow {
  std::string table;  // "db.table"
  RowOp op{};
  uint8_t run_flags = 0;
  uint8_t row_flags = 0;
  std::string key, new_key;
  std::string before, after;  // JSON of the columns present; empty for none
  KeyKind key_kind{};

  bool in_place() const { return (run_flags & kRunInPlace) != 0; }
  friend bool operator==(const RecordedRow&, const RecordedRow&) = default;
};

struct RecordedTransaction {
  std::string gtid;
  int64_t commit_time_ms = 0;
  std::vector<RecordedRow> rows;
  std::vector<Statement> statements;
  SourcePosition end;
  uint64_t source_bytes = 0;
  std::string xid;     // of what it prepared, or of the outcome it holds
  uint32_t parts = 0;  // what it prepared came in so many
  bool last_part = false;
  std::string outcome;  // "commit" or "rollback"
};

// Checks the order rules of the stream as it records.
class StreamRecorder : public engine::ChangeSink {
 public:
  Status Consume(std::string_view records, bool transaction_end) override;
  void Idle(const engine::SourceLag& lag) override;

  std::vector<RecordedTransaction> transactions() const;
  SourcePosition position() const;
  // A new Run numbers its tables anew.
  void BeginRun();
  // Waits until `done` holds, at most 30 s. Called under the recorder's lock.
  bool WaitFor(const std::function<bool()>& done);
  void Wake() { changed_.notify_all(); }
  // Under WaitFor only:
  const std::vector<RecordedTransaction>& transactions_unlocked() const { return transactions_; }
  const SourcePosition& position_unlocked() const { return position_; }

  // Guarded by the lock; for tests after the reader has ended.
  size_t consume_calls = 0;
  size_t consume_bytes_max = 0;
  size_t partial_calls = 0;
  size_t idle_calls = 0;
  engine::SourceLag last_lag;
  std::map<uint32_t, TableSchema> schemas;
  bool keep_rows = true;
  uint64_t row_count = 0;

 private:
  Status Take(const Record& record);
  Status TakePart(const Record& record);
  Status TakeRun(const Record& record, const std::map<uint32_t, TableSchema>& schemas);

  mutable std::mutex mu_;
  std::condition_variable changed_;
  std::vector<RecordedTransaction> transactions_;
  SourcePosition position_;
  RecordedTransaction current_;
  bool open_ = false;
};

// Runs a reader on a thread of its own until it is stopped or fails.
class ReaderRun {
 public:
  ReaderRun(engine::ChangeReader* reader, const SourcePosition& from, StreamRecorder* sink);
  ~ReaderRun();
  // Waits until the stream has reached the GTID position; fails the test when it does not.
  void WaitForPosition(const std::string& gtid);
  // Waits for Run to end by itself.
  Status WaitForEnd();
  Status Stop();

 private:
  engine::ChangeReader* const reader_;
  StreamRecorder* const sink_;
  std::mutex mu_;
  bool ended_ = false;
  Status status_;
  std::thread thread_;
};

// One server for all tests of a binary; each test begins with an empty log and an empty schema `t`.
class SourceTest : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  static MariaDbServer& server() { return *server_; }
  // On one root session that lasts for the test, default database t.
  void Sql(const std::string& statement);
  std::string Value(const std::string& query);
  std::string LogEnd() { return Value("SELECT @@global.gtid_binlog_pos"); }
  engine_mariadb::SourceOptions Options(const std::string& before_image = "key") const;
  // Everything from the position (default: the beginning) to the log's present end.
  std::vector<RecordedTransaction> ReadAll(const std::string& from = "",
                                           const std::string& before_image = "key");
  // The error that a stream from the position ends with.
  Status ReadUntilError(const std::string& from = "");

  std::unique_ptr<engine_mariadb::Connection> session_;

 private:
  static std::unique_ptr<MariaDbServer> server_;
};

}  // namespace srdf::test
