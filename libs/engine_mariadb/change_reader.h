// MariaDbChangeReader: drives the stream of one source: connect, check that the position can be served, read
// events, hand records on.
//
// Batching: records are gathered until the server has nothing more to give at once (then whole transactions
// are handed on without delay) or kBatchBytes are there (then even a part of a transaction is, so that memory
// stays bounded). Keep one reader for the life of a flow: what its catalogue knows for certain outlives a
// reconnect. Threads as in engine/source.h.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include "engine/source.h"
#include "engine_mariadb/binlog_stream.h"
#include "engine_mariadb/catalogue.h"
#include "engine_mariadb/gtid_position.h"
#include "engine_mariadb/source_engine.h"
#include "engine_mariadb/transaction_assembler.h"

namespace srdf::engine_mariadb {

class MariaDbChangeReader : public engine::ChangeReader {
 public:
  explicit MariaDbChangeReader(SourceOptions options);
  Status Run(const SourcePosition& from, engine::ChangeSink* sink) override;
  // Lasts until a Run has ended with kCancelled.
  void Interrupt() override;
  engine::ChangeReaderStats Stats() const override;

 private:
  static constexpr size_t kBatchBytes = 512u << 10;
  static constexpr unsigned kUnseenHeartbeatsMax = 3;

  Status Stream(const SourcePosition& from, engine::ChangeSink* sink);
  Status Pump(BinlogStream* stream, TransactionAssembler* assembler, engine::ChangeSink* sink);
  Status CheckContained(const GtidPosition& from);
  Status CheckSameHistory(const SourcePosition& from, const GtidPosition& gtids);
  Status HandOn(TransactionAssembler* assembler, engine::ChangeSink* sink, bool also_partial);
  Status RefreshLag(const TransactionAssembler& assembler);
  std::chrono::milliseconds GatherLeft() const;
  Status CheckNotDetached(const BinlogStream& stream, const TransactionAssembler& assembler);
  void Publish(const TransactionAssembler& assembler);

  // constant
  const SourceOptions options_;

  // self-synchronised
  std::atomic<bool> interrupted_ = false;
  Catalogue catalogue_;

  mutable std::mutex mu_;
  // guarded by mu_
  BinlogStream* stream_ = nullptr;  // while Pump runs, for Interrupt
  engine::ChangeReaderStats stats_;

  // the thread of Run
  engine::ChangeReaderStats base_;  // totals of earlier Runs
  engine::SourceLag lag_;
  std::chrono::steady_clock::time_point lag_asked_;
  std::chrono::steady_clock::time_point handed_on_;
  bool lag_permitted_ = true;
  GtidPosition idle_at_;            // where the stream was when it was first idle behind the server
  unsigned unseen_heartbeats_ = 0;  // since then, with the stream idle
};

}  // namespace srdf::engine_mariadb
