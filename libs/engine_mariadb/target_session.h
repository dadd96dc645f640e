// One session at a target: engine::TargetSession over one MariaDB connection.
//
// A wagon without DDL is one transaction: lock and check the checkpoint, rows, checkpoint, commit. A wagon
// with DDL runs its statements first (ddl_applier.h), then the same transaction for its rows and checkpoint.
//
// A small wagon of rows alone goes to the server in one packet, with all of its transaction: each round trip
// wakes a thread at both ends. The server checks the wagon against the checkpoint before the rows. When
// anything of it fails, the transaction is rolled back and the wagon is applied again step by step, which
// succeeds or tells what is wrong (target_session_packet.cc).
//
// The wagons of a copy of tables (model/mark.h) are transactions as any other: their ranges are made free by
// target_copy.h, and their rows written as all rows. Other wagons meanwhile go by target_tolerance.h.
//
// Driven by one thread. After kUnavailable or kOutcomeUnknown the session is dead.
#pragma once

#include <memory>

#include "engine/sink.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/ddl_applier.h"
#include "engine_mariadb/row_applier.h"
#include "engine_mariadb/target_copy.h"
#include "engine_mariadb/target_engine.h"
#include "engine_mariadb/target_key.h"
#include "engine_mariadb/target_prepared.h"
#include "engine_mariadb/target_tolerance.h"
#include "engine_mariadb/whole_payload.h"

namespace srdf::engine_mariadb {

class MariaDbTargetSession : public engine::TargetSession {
 public:
  // The connection is prepared (PrepareTargetSession), the schema is there, and the options name the method
  // (not auto) and an origin that the user may write.
  static Result<std::unique_ptr<MariaDbTargetSession>> Create(std::unique_ptr<Connection> connection,
                                                              const TargetOptions& options);

  std::string_view apply_method() const override { return rows_->method(); }
  Result<std::optional<engine::Checkpoint>> ReadCheckpoint(const std::string& flow) override;
  Status InitCheckpoint(const engine::Checkpoint& start) override;
  Result<engine::ApplyStats> Apply(const WagonHeader& header, const std::string& wagon_hash,
                                   engine::PayloadReader* payload) override;
  Status Skip(const WagonHeader& header, const std::string& wagon_hash,
              const SkipDecision& decision) override;
  Result<std::vector<uint64_t>> SkippedWagons(const std::string& flow, uint64_t epoch) override;

 private:
  MariaDbTargetSession(std::unique_ptr<Connection> connection, const TargetOptions& options,
                       uint64_t packet_bytes_max, std::unique_ptr<RowApplier> rows);

  static bool MayGoInOnePacket(const WagonHeader& header);
  // Nothing when the wagon has to be applied step by step: nothing of it is left at the server then, and the
  // payload begins anew.
  Result<std::optional<engine::ApplyStats>> ApplyInOnePacket(const WagonHeader& header,
                                                             const std::string& wagon_hash,
                                                             WholePayload* payload);
  Status HoldRows(std::string_view records);
  Result<engine::ApplyStats> ApplyInSteps(const WagonHeader& header, const std::string& wagon_hash,
                                          engine::PayloadReader* payload);

  // Everything up to, not including, COMMIT.
  Result<engine::ApplyStats> ApplyUncommitted(const WagonHeader& header, const std::string& wagon_hash,
                                              engine::PayloadReader* payload);
  Status SkipUncommitted(const WagonHeader& header, const std::string& wagon_hash,
                         const SkipDecision& decision);
  Status Commit(const WagonHeader& header);
  static Status CommitLost(const WagonHeader& header, const Status& lost);
  Status ApplyRecords(std::string_view records, const WagonHeader& header, engine::ApplyStats* stats);
  Status AddRun(ByteView body);
  Status ApplyRange(const Record& record, std::string_view rest, const WagonHeader& header);
  // A part is held, an outcome makes what is held count or drops it.
  Status HoldPrepared(ByteView body, const WagonHeader& header);
  Status ApplyOutcome(ByteView body, const WagonHeader& header);
  Status ApplyHeld(std::string_view records);
  Status ApplyStatement(ByteView body, const WagonHeader& header, uint64_t number);
  // Opens the transaction, if it is not open, and checks under lock that the wagon is the next one.
  Status EnsureTransaction(const WagonHeader& header);
  Status CheckFollows(const WagonHeader& header, const std::optional<engine::Checkpoint>& found) const;
  Status CheckServerSettings(const std::vector<ResultRow>& found) const;
  void Rollback();

  const std::unique_ptr<Connection> connection_;
  const uint32_t origin_server_id_;
  const uint64_t packet_bytes_max_;
  const std::unique_ptr<RowApplier> rows_;
  DdlApplier ddl_;
  PreparedTransactions prepared_;
  KeyedTables keyed_tables_;
  TargetCopy copy_;
  TolerantRows tolerant_;
  bool copied_rows_ = false;  // rows that come belong to a range of a copy
  bool in_transaction_ = false;
  std::string kept_;    // of a small wagon: its payload
  std::string packet_;  // and what is sent
};

}  // namespace srdf::engine_mariadb
