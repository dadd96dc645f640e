#include "source_fixture.h"

#include <fmt/format.h>

#include <chrono>

#include "engine_mariadb/row_json.h"
#include "model/prepared.h"

namespace srdf::test {

std::unique_ptr<MariaDbServer> SourceTest::server_;

Status StreamRecorder::Consume(std::string_view records, bool transaction_end) {
  std::lock_guard lock(mu_);
  ++consume_calls;
  consume_bytes_max = std::max(consume_bytes_max, records.size());
  if (!transaction_end) ++partial_calls;
  RecordCursor cursor(records);
  Record record;
  RecordType last{};
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) break;
    SRDF_RETURN_IF_ERROR(Take(record));
    last = record.type;
  }
  if (transaction_end != (last == RecordType::kTransactionEnd))
    return {StatusCode::kInternal, "transaction_end is wrong"};
  changed_.notify_all();
  return {};
}

void StreamRecorder::Idle(const engine::SourceLag& lag) {
  std::lock_guard lock(mu_);
  ++idle_calls;
  last_lag = lag;
  changed_.notify_all();
}

Status StreamRecorder::Take(const Record& record) {
  switch (record.type) {
    case RecordType::kTableSchema: {
      SRDF_ASSIGN_OR_RETURN(TableSchema schema, DecodeTableSchema(record.body));
      const uint32_t ref = schema.table_ref;
      if (schemas.count(ref) != 0 && schemas[ref] != schema)
        return {StatusCode::kInternal, "a table_ref was used twice"};
      schemas[ref] = std::move(schema);
      return {};
    }
    case RecordType::kTransactionBegin: {
      if (open_) return {StatusCode::kInternal, "begin inside a transaction"};
      SRDF_ASSIGN_OR_RETURN(const TransactionBegin begin, DecodeTransactionBegin(record.body));
      current_ = {};
      current_.gtid = begin.gtid;
      current_.commit_time_ms = begin.commit_time_ms;
      open_ = true;
      return {};
    }
    case RecordType::kStatement: {
      if (!open_ || !current_.rows.empty()) return {StatusCode::kInternal, "a statement out of order"};
      SRDF_ASSIGN_OR_RETURN(Statement statement, DecodeStatement(record.body));
      current_.statements.push_back(std::move(statement));
      return {};
    }
    case RecordType::kTransactionEnd: {
      if (!open_) return {StatusCode::kInternal, "end outside of a transaction"};
      SRDF_ASSIGN_OR_RETURN(const TransactionEnd end, DecodeTransactionEnd(record.body));
      current_.end = position_ = end.position;
      current_.source_bytes = end.source_end_bytes;
      transactions_.push_back(std::move(current_));
      open_ = false;
      return {};
    }
    case RecordType::kPreparedPart:
      return TakePart(record);
    case RecordType::kPreparedOutcome: {
      if (!open_ || !current_.rows.empty()) return {StatusCode::kInternal, "an outcome out of order"};
      SRDF_ASSIGN_OR_RETURN(const PreparedOutcome outcome, DecodePreparedOutcome(record.body));
      current_.xid = outcome.xid;
      current_.outcome = outcome.commit ? "commit" : "rollback";
      return {};
    }
    case RecordType::kRowRun:
      return TakeRun(record, schemas);
    case RecordType::kMark:
    case RecordType::kRangeCopy:
      return {StatusCode::kInternal, "a source has no copies"};
  }
  return {};
}

Status StreamRecorder::TakePart(const Record& record) {
  SRDF_ASSIGN_OR_RETURN(const PreparedPart part, DecodePreparedPart(record.body));
  if (!open_ || current_.last_part || part.number != ++current_.parts || part.gtid != current_.gtid ||
      (!current_.xid.empty() && current_.xid != part.xid)) {
    return {StatusCode::kInternal, "a part out of order"};
  }
  current_.xid = part.xid;
  current_.last_part = part.last;
  const uint64_t rows_before = row_count;
  std::map<uint32_t, TableSchema> own;
  RecordCursor cursor(part.records);
  Record inner;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&inner));
    if (!more) break;
    if (inner.type == RecordType::kTableSchema) {
      SRDF_ASSIGN_OR_RETURN(TableSchema schema, DecodeTableSchema(inner.body));
      own[schema.table_ref] = std::move(schema);
    } else if (inner.type == RecordType::kRowRun) {
      SRDF_RETURN_IF_ERROR(TakeRun(inner, own));
    } else {
      return {StatusCode::kInternal, "a record in a part that does not belong there"};
    }
  }
  if (row_count - rows_before != part.rows) return {StatusCode::kInternal, "a part counts its rows wrongly"};
  return {};
}

Status StreamRecorder::TakeRun(const Record& record, const std::map<uint32_t, TableSchema>& own) {
  if (!open_) return {StatusCode::kInternal, "rows outside of a transaction"};
  SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(record.body));
  row_count += run.row_count();
  if (!keep_rows) return {};
  const auto schema = own.find(run.header().table_ref);
  if (schema == own.end()) return {StatusCode::kInternal, "rows without a schema"};
  Row row;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, run.Next(&row));
    if (!more) return {};
    RecordedRow out;
    out.table = schema->second.database + "." + schema->second.table;
    out.op = run.header().op;
    out.run_flags = run.header().flags;
    out.row_flags = row.flags;
    out.key = std::string(row.key);
    out.new_key = std::string(row.new_key);
    out.key_kind = schema->second.key_kind;
    if (!run.header().bitmap_before.empty()) {
      SRDF_RETURN_IF_ERROR(
          engine_mariadb::AppendRowJson(schema->second, run.header().bitmap_before, row.before, &out.before));
    }
    if (!run.header().bitmap_after.empty()) {
      SRDF_RETURN_IF_ERROR(
          engine_mariadb::AppendRowJson(schema->second, run.header().bitmap_after, row.after, &out.after));
    }
    current_.rows.push_back(std::move(out));
  }
}

std::vector<RecordedTransaction> StreamRecorder::transactions() const {
  std::lock_guard lock(mu_);
  return transactions_;
}

SourcePosition StreamRecorder::position() const {
  std::lock_guard lock(mu_);
  return position_;
}

void StreamRecorder::BeginRun() {
  std::lock_guard lock(mu_);
  schemas.clear();
  open_ = false;
}

bool StreamRecorder::WaitFor(const std::function<bool()>& done) {
  std::unique_lock lock(mu_);
  return changed_.wait_for(lock, std::chrono::seconds(30), done);
}

ReaderRun::ReaderRun(engine::ChangeReader* reader, const SourcePosition& from, StreamRecorder* sink)
    : reader_(reader), sink_(sink), thread_([this, from] {
        sink_->BeginRun();
        Status status = reader_->Run(from, sink_);
        {
          std::lock_guard lock(mu_);
          ended_ = true;
          status_ = std::move(status);
        }
        sink_->Wake();
      }) {}

ReaderRun::~ReaderRun() {
  if (thread_.joinable()) (void)Stop();
}

void ReaderRun::WaitForPosition(const std::string& gtid) {
  const auto ended = [this] {
    std::lock_guard lock(mu_);
    return ended_;
  };
  const bool reached = sink_->WaitFor([&] { return sink_->position_unlocked().gtid == gtid || ended(); });
  EXPECT_TRUE(reached && sink_->position().gtid == gtid)
      << "wanted " << gtid << ", reached " << sink_->position().gtid
      << (ended() ? ", ended: " + status_.ToString() : "");
}

Status ReaderRun::WaitForEnd() {
  thread_.join();
  return status_;
}

Status ReaderRun::Stop() {
  reader_->Interrupt();
  thread_.join();
  return status_;
}

void SourceTest::SetUpTestSuite() {
  auto server =
      MariaDbServer::Start({.server_id = 11, .log_bin = true, .buffer_pool_size = "64M", .config = {}});
  ASSERT_TRUE(server.ok()) << server.status().ToString();
  server_ = std::move(*server);
}

void SourceTest::TearDownTestSuite() { server_.reset(); }

void SourceTest::SetUp() {
  if (!server_->running()) {
    ASSERT_TRUE(server_->Restart().ok());
  }
  session_ = server_->ConnectOrDie();
  Sql("DROP DATABASE IF EXISTS t");
  Sql("RESET MASTER");
  Sql("CREATE DATABASE t CHARACTER SET utf8mb4");
  Sql("USE t");
}

void SourceTest::Sql(const std::string& statement) {
  const Status status = session_->Execute(statement);
  ASSERT_TRUE(status.ok()) << statement << ": " << status.ToString();
}

std::string SourceTest::Value(const std::string& query) {
  auto value = session_->QueryValue(query);
  EXPECT_TRUE(value.ok() || value.status().code() == StatusCode::kNotFound)
      << query << ": " << value.status().ToString();
  return value.ok() ? *value : "NULL";
}

engine_mariadb::SourceOptions SourceTest::Options(const std::string& before_image) const {
  return {server_->Endpoint(), 4711, before_image, 200};
}

std::vector<RecordedTransaction> SourceTest::ReadAll(const std::string& from,
                                                     const std::string& before_image) {
  const auto engine = engine_mariadb::NewSourceEngine(Options(before_image));
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {from, "", 0}, &recorder);
  run.WaitForPosition(LogEnd());
  EXPECT_EQ(run.Stop().code(), StatusCode::kCancelled);
  return recorder.transactions();
}

Status SourceTest::ReadUntilError(const std::string& from) {
  const auto engine = engine_mariadb::NewSourceEngine(Options());
  const auto reader = engine->NewReader();
  StreamRecorder recorder;
  ReaderRun run(reader.get(), {from, "", 0}, &recorder);
  return run.WaitForEnd();
}

}  // namespace srdf::test
