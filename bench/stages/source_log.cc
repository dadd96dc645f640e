#include "stages/source_log.h"

#include <fmt/format.h>

#include "engine_mariadb/binlog_stream.h"
#include "stages/bench_rows.h"
#include "stages/bench_server.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

using engine_mariadb::BinlogStream;
using engine_mariadb::EventType;
using engine_mariadb::EventView;
using engine_mariadb::GtidPosition;

constexpr uint32_t kReplicaId = 900;
constexpr unsigned kHeartbeatMs = 1000;

std::string Position() { return Must(BenchServer().Value("SELECT @@global.gtid_binlog_pos")); }

std::unique_ptr<BinlogStream> StreamFrom(const std::string& position) {
  return Must(BinlogStream::Open(BenchServer().Endpoint(), kReplicaId, kHeartbeatMs,
                                 Must(GtidPosition::Parse(position))));
}

// On a table that is drawn: those of a procedure's statements are fixed.
std::string OnAnyTable(const std::string& statement) {
  std::string out = "CASE FLOOR(1 + RAND() * 4)";
  for (uint32_t table = 1; table <= kTables; ++table) {
    out += fmt::format(" WHEN {} THEN {}", table,
                       fmt::format(fmt::runtime(statement), fmt::arg("table", table)));
  }
  return out + " END CASE; ";
}

std::string LoadProcedure() {
  const std::string any_id = fmt::format("SET r = FLOOR(1 + RAND() * {}); ", kRowsPerTable);
  const std::string any_text =
      "SET t = LEFT(REPEAT(CONCAT(LPAD(FLOOR(RAND() * 99999999999), 11, '0'), '-'), 10), 119); ";
  return "CREATE PROCEDURE sbtest.bench_load(n INT) BEGIN DECLARE r INT; DECLARE t VARCHAR(120);"
         " WHILE n > 0 DO START TRANSACTION; " +
         any_id + OnAnyTable("UPDATE sbtest{table} SET k = k + 1 WHERE id = r;") + any_id + any_text +
         OnAnyTable("UPDATE sbtest{table} SET c = t WHERE id = r;") + any_id +
         OnAnyTable(
             "DELETE FROM sbtest{table} WHERE id = r;"
             " INSERT INTO sbtest{table} VALUES (r, r, t, LEFT(t, 59));") +
         "COMMIT; SET n = n - 1; END WHILE; END";
}

}  // namespace

SourceLog& SourceLog::Get() {
  static SourceLog log;
  return log;
}

SourceLog::SourceLog() {
  Learn();
  RunLoad();
  Read();
}

uint64_t SourceLog::BytesOf(uint32_t transactions) const {
  uint64_t bytes = 0;
  for (size_t i = 0; i < EventsOf(transactions); ++i) bytes += events_[i].header.length;
  return bytes;
}

// What is read of the tables counts as certain once the stream has passed the place where it was read.
void SourceLog::Learn() {
  const std::string before = Position();
  std::vector<std::string> touch = {"BEGIN"};
  for (uint32_t table = 1; table <= kTables; ++table) {
    touch.push_back(fmt::format("UPDATE sbtest.sbtest{} SET k = k + 1 WHERE id = 1", table));
  }
  touch.push_back("COMMIT");
  Must(BenchServer().Execute(touch));
  begin_ = Position();

  catalogue_ = std::make_unique<engine_mariadb::Catalogue>(BenchServer().Endpoint());
  const GtidPosition from = Must(GtidPosition::Parse(before));
  Must(catalogue_->Start(from));
  SourcePosition start;
  start.gtid = before;
  assembler_ = std::make_unique<engine_mariadb::TransactionAssembler>(start, from, catalogue_.get(), false);
  const auto stream = StreamFrom(before);
  while (assembler_->gtids().ToString() != begin_) Must(assembler_->Handle(Must(stream->Next())));
  assembler_->CloseRun();
  assembler_->Drop(assembler_->buffer().size());
}

// Fast, since only the log that comes of it matters; and with the statements' text in the log, as a source
// has it by default.
void SourceLog::RunLoad() {
  Must(BenchServer().Execute({"SET GLOBAL sync_binlog = 0", "SET GLOBAL innodb_flush_log_at_trx_commit = 0",
                              LoadProcedure(), "SET SESSION binlog_annotate_row_events = 1", "USE sbtest",
                              fmt::format("CALL sbtest.bench_load({})", kLogTransactions),
                              "DROP PROCEDURE sbtest.bench_load", "SET GLOBAL sync_binlog = 1",
                              "SET GLOBAL innodb_flush_log_at_trx_commit = 1"}));
}

void SourceLog::Read() {
  const auto stream = StreamFrom(begin_);
  ends_ = {0};
  bool in_load = false;
  while (ends_.size() <= kLogTransactions) {
    const EventView event = Must(stream->Next());
    const EventType type = event.header.event_type();
    // What comes before the load (the procedure) is a group of one statement.
    if (type == EventType::kGtid) {
      in_load = (Must(engine_mariadb::DecodeGtidEvent(event)).flags & engine_mariadb::kGtidStandalone) == 0;
    }
    if (!in_load) continue;
    bytes_.emplace_back(event.body.data() - engine_mariadb::kEventHeaderBytes, event.header.length);
    events_.push_back(event);
    if (type == EventType::kXid) ends_.push_back(events_.size());
  }
  for (size_t i = 0; i < events_.size(); ++i) {
    events_[i].body = ByteView(bytes_[i]).substr(engine_mariadb::kEventHeaderBytes, events_[i].body.size());
  }
}

}  // namespace srdf::bench
