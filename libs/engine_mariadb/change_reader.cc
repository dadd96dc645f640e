#include "engine_mariadb/change_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace srdf::engine_mariadb {

namespace {

constexpr auto kLagInterval = std::chrono::seconds(1);

uint64_t Number(const Value& value) {
  uint64_t n = 0;
  if (value) std::from_chars(value->data(), value->data() + value->size(), n);
  return n;
}

}  // namespace

MariaDbChangeReader::MariaDbChangeReader(SourceOptions options)
    : options_(std::move(options)), catalogue_(options_.endpoint) {}

void MariaDbChangeReader::Interrupt() {
  interrupted_ = true;
  catalogue_.Interrupt();
  std::lock_guard lock(mu_);
  if (stream_ != nullptr) stream_->Interrupt();
}

engine::ChangeReaderStats MariaDbChangeReader::Stats() const {
  std::lock_guard lock(mu_);
  return stats_;
}

Status MariaDbChangeReader::Run(const SourcePosition& from, engine::ChangeSink* sink) {
  Status status = Stream(from, sink);
  {
    std::lock_guard lock(mu_);
    stream_ = nullptr;
    base_ = stats_;
  }
  if (interrupted_.exchange(false)) return {StatusCode::kCancelled, "the reader was interrupted"};
  return status;
}

Status MariaDbChangeReader::Stream(const SourcePosition& from, engine::ChangeSink* sink) {
  auto parsed = GtidPosition::Parse(from.gtid);
  if (!parsed.ok()) return parsed.status().WithContext("the position to resume from");
  const GtidPosition& gtids = *parsed;
  SRDF_RETURN_IF_ERROR(catalogue_.Start(gtids));
  SRDF_RETURN_IF_ERROR(CheckContained(gtids));
  SRDF_RETURN_IF_ERROR(CheckSameHistory(from, gtids));
  SRDF_ASSIGN_OR_RETURN(const auto stream, BinlogStream::Open(options_.endpoint, options_.server_id,
                                                              options_.heartbeat_ms, gtids));
  TransactionAssembler assembler(from, gtids, &catalogue_, options_.before_image == "full",
                                 options_.whole_after_images);
  {
    std::lock_guard lock(mu_);
    stream_ = stream.get();
  }
  Status status = Pump(stream.get(), &assembler, sink);
  {
    std::lock_guard lock(mu_);
    stream_ = nullptr;
  }
  if (status.code() == StatusCode::kFailedPrecondition &&
      status.message().find("cannot serve its log") != std::string::npos) {
    return {status.code(), status.message() + "; " + DescribeServerLog(options_.endpoint), status.remedy()};
  }
  return status;
}

// The position must lie in the server's past, domain by domain. A server of the same cluster that is behind,
// or one whose log was reset a moment ago, is told apart here; a position that was never in its log the
// server itself refuses.
Status MariaDbChangeReader::CheckContained(const GtidPosition& from) {
  SRDF_ASSIGN_OR_RETURN(const auto rows, catalogue_.Query("SELECT @@global.gtid_binlog_pos"));
  if (rows.empty() || rows[0].empty())
    return {StatusCode::kInternal, "the server does not tell @@gtid_binlog_pos"};
  SRDF_ASSIGN_OR_RETURN(const GtidPosition server, GtidPosition::Parse(rows[0][0].value_or("")));
  const std::string missing = server.Missing(from);
  if (missing.empty()) return {};
  return {
      StatusCode::kFailedPrecondition,
      "the source's log does not contain the position to resume from, \"" + from.ToString() +
          "\": " + missing,
      "the server lacks transactions that were already replicated (log reset, or another server took over): "
      "re-establish the flow by difference, or point it at a server that has them"};
}

// A log that was reset, or a server that was restored, counts its transactions from low numbers again. Once
// it has passed the position's numbers, GTIDs alone look right. Example: read up to 0-1-22, reset, new
// transactions up to 0-1-30: going on would deliver 23…30 and lose the new 1…22. What tells the histories
// apart is the place in the file: the transaction that ends there must still be the same one.
//
// Only a server that wrote transactions of the position itself can have written these numbers twice. Another
// server of the cluster may have a file of the same name, where the place says nothing.
Status MariaDbChangeReader::CheckSameHistory(const SourcePosition& from, const GtidPosition& gtids) {
  if (from.file.empty() || from.offset == 0) return {};
  SRDF_ASSIGN_OR_RETURN(const auto id, catalogue_.Query("SELECT @@global.server_id"));
  const uint64_t server_id = id.empty() || id[0].empty() ? 0 : Number(id[0][0]);
  if (std::none_of(gtids.entries().begin(), gtids.entries().end(),
                   [&](const Gtid& gtid) { return gtid.server == server_id; })) {
    return {};
  }
  SRDF_ASSIGN_OR_RETURN(const auto logs, catalogue_.Query("SHOW BINARY LOGS"));
  const auto log = std::find_if(logs.begin(), logs.end(),
                                [&](const ResultRow& row) { return !row.empty() && row[0] == from.file; });
  if (log == logs.end()) return {};  // purged, or of another server
  // Events and the function count places in 32 bits.
  if (log->size() > 1 && Number((*log)[1]) > UINT32_MAX) return {};
  // NULL where no event begins.
  SRDF_ASSIGN_OR_RETURN(const auto rows,
                        catalogue_.Query(fmt::format("SELECT BINLOG_GTID_POS({}, {})",
                                                     catalogue_.Quote(from.file), from.offset)));
  std::string there = "no transaction ends there";
  if (!rows.empty() && !rows[0].empty() && rows[0][0]) {
    SRDF_ASSIGN_OR_RETURN(const GtidPosition at, GtidPosition::Parse(*rows[0][0]));
    if (at == gtids) return {};
    there = "the log has \"" + at.ToString() + "\" there";
  }
  return {StatusCode::kDataLoss,
          fmt::format("the source's log is not the one that was read up to \"{}\" at {}:{}: {}",
                      gtids.ToString(), from.file, from.offset, there),
          "the log was reset or the server restored, so that transactions may be missing on both sides: "
          "re-establish the flow"};
}

Status MariaDbChangeReader::Pump(BinlogStream* stream, TransactionAssembler* assembler,
                                 engine::ChangeSink* sink) {
  Publish(*assembler);
  unseen_heartbeats_ = 0;
  for (;;) {
    if (interrupted_) return {StatusCode::kCancelled, "interrupted"};
    if (assembler->whole_bytes() > 0 && !stream->Ready() && !stream->WaitReady(GatherLeft()))
      SRDF_RETURN_IF_ERROR(HandOn(assembler, sink, false));
    auto event = stream->Next();
    Status status = event.status();
    if (event.ok()) status = assembler->Handle(*event);
    if (!status.ok()) {
      // What came before is whole and good.
      if (assembler->whole_bytes() > 0) SRDF_RETURN_IF_ERROR(HandOn(assembler, sink, false));
      return status;
    }
    if (event->header.event_type() == EventType::kHeartbeat) {
      // The server sends heartbeats only at the end of its log.
      SRDF_ASSIGN_OR_RETURN(const std::string_view file, DecodeHeartbeat(event->body));
      lag_.server_end = {assembler->position().gtid, std::string(file), event->header.end_position};
      lag_.bytes_behind = 0;
      SRDF_RETURN_IF_ERROR(CheckNotDetached(*stream, *assembler));
      Publish(*assembler);
      sink->Idle(lag_);
    } else if (assembler->buffer().size() >= kBatchBytes) {
      SRDF_RETURN_IF_ERROR(HandOn(assembler, sink, true));
    }
  }
}

// Since the last hand-on; so what comes after a pause does not wait.
std::chrono::milliseconds MariaDbChangeReader::GatherLeft() const {
  const auto since =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - handed_on_);
  return std::max(std::chrono::milliseconds(options_.gather_ms) - since, std::chrono::milliseconds(0));
}

// After RESET MASTER the server goes on serving a connected replica from the removed file: heartbeats come,
// changes never do. An idle stream must therefore be where the server is; several heartbeats of grace leave
// room for transactions that are just being sent.
Status MariaDbChangeReader::CheckNotDetached(const BinlogStream& stream,
                                             const TransactionAssembler& assembler) {
  if (stream.Ready()) return {};
  SRDF_ASSIGN_OR_RETURN(const auto rows, catalogue_.Query("SELECT @@global.gtid_binlog_pos"));
  SRDF_ASSIGN_OR_RETURN(const GtidPosition server,
                        GtidPosition::Parse(rows.empty() || rows[0].empty() ? "" : rows[0][0].value_or("")));
  if (server == assembler.gtids()) {
    unseen_heartbeats_ = 0;
    return {};
  }
  // Only the stream's own progress counts: a reset log moves too, through numbers that were passed long ago.
  if (idle_at_ != assembler.gtids()) {
    idle_at_ = assembler.gtids();
    unseen_heartbeats_ = 0;
  }
  if (++unseen_heartbeats_ <= kUnseenHeartbeatsMax) return {};
  return {StatusCode::kUnavailable, "the log stream is idle at \"" + assembler.position().gtid +
                                        "\", but the server is at \"" + server.ToString() +
                                        "\"; connecting again"};
}

Status MariaDbChangeReader::HandOn(TransactionAssembler* assembler, engine::ChangeSink* sink,
                                   bool also_partial) {
  const size_t whole = assembler->whole_bytes();
  const bool partial = also_partial && assembler->buffer().size() - whole >= kBatchBytes;
  partial ? assembler->ClosePart() : assembler->CloseRun();
  const std::string_view buffer = assembler->buffer();
  if (whole > 0) SRDF_RETURN_IF_ERROR(sink->Consume(buffer.substr(0, whole), true));
  if (partial) SRDF_RETURN_IF_ERROR(sink->Consume(buffer.substr(whole), false));
  assembler->Drop(partial ? buffer.size() : whole);
  handed_on_ = std::chrono::steady_clock::now();
  Publish(*assembler);
  if (std::chrono::steady_clock::now() - lag_asked_ < kLagInterval) return {};
  SRDF_RETURN_IF_ERROR(RefreshLag(*assembler));
  Publish(*assembler);
  return {};
}

Status MariaDbChangeReader::RefreshLag(const TransactionAssembler& assembler) {
  lag_asked_ = std::chrono::steady_clock::now();
  if (!lag_permitted_) return {};
  auto logs = catalogue_.Query("SHOW BINARY LOGS");
  if (!logs.ok()) {
    // Without the privilege there is no lag in bytes; the preflight names it.
    lag_permitted_ = logs.status().code() != StatusCode::kPermissionDenied;
    return lag_permitted_ ? logs.status() : Status();
  }
  const SourcePosition& read = assembler.position();
  uint64_t behind = 0;
  bool found = false;
  for (const ResultRow& log : *logs) {
    const uint64_t size = Number(log[1]);
    if (found) behind += size;
    if (log[0] == read.file) {
      found = true;
      behind = size > read.offset ? size - read.offset : 0;
    }
    lag_.server_end.file = log[0].value_or("");
    lag_.server_end.offset = size;
  }
  lag_.bytes_behind = found ? behind : 0;
  SRDF_ASSIGN_OR_RETURN(const auto gtid, catalogue_.Query("SELECT @@global.gtid_binlog_pos"));
  if (!gtid.empty() && !gtid[0].empty()) lag_.server_end.gtid = gtid[0][0].value_or("");
  return {};
}

void MariaDbChangeReader::Publish(const TransactionAssembler& assembler) {
  const TransactionAssembler::Counters counters = assembler.counters();
  std::lock_guard lock(mu_);
  stats_.transactions = base_.transactions + counters.transactions;
  stats_.rows = base_.rows + counters.rows;
  stats_.statements = base_.statements + counters.statements;
  stats_.statements_skipped = base_.statements_skipped + counters.statements_skipped;
  stats_.log_bytes = base_.log_bytes + counters.log_bytes;
  stats_.read = assembler.position();
  stats_.lag = lag_;
}

}  // namespace srdf::engine_mariadb
