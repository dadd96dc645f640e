// From a real source through capture's reader to a real target, in the test's own process: no services, no
// compaction.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine_mariadb/source_engine.h"
#include "target_fixture.h"

namespace srdf::test {

// Makes a wagon of each transaction with a statement, and of every few others; applies it at once.
class ApplyingSink : public engine::ChangeSink {
 public:
  ApplyingSink(Target* target, std::string end_gtid, int transactions_per_wagon)
      : target_(target), end_gtid_(std::move(end_gtid)), transactions_per_wagon_(transactions_per_wagon) {}

  Status Consume(std::string_view records, bool) override {
    RecordCursor cursor(records);
    Record record;
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
      if (!more) return {};
      switch (record.type) {
        case RecordType::kTableSchema: {
          SRDF_ASSIGN_OR_RETURN(const TableSchema schema, DecodeTableSchema(record.body));
          schemas_[schema.table_ref] = std::string(record.whole);
          break;
        }
        case RecordType::kStatement:
          SRDF_RETURN_IF_ERROR(Seal());  // what came before is a wagon of its own
          statement_ = record.whole;
          ++statements;
          break;
        case RecordType::kRowRun:
        case RecordType::kPreparedPart:
        case RecordType::kPreparedOutcome:
          runs_ += record.whole;
          ++runs;
          break;
        case RecordType::kTransactionBegin:
        case RecordType::kMark:  // not of a log
        case RecordType::kRangeCopy:
          break;
        case RecordType::kTransactionEnd: {
          SRDF_ASSIGN_OR_RETURN(const TransactionEnd end, DecodeTransactionEnd(record.body));
          const bool last = end.position.gtid == end_gtid_;
          position_ = end.position;
          if (!statement_.empty() || ++transactions_ >= transactions_per_wagon_ || last)
            SRDF_RETURN_IF_ERROR(Seal());
          if (last) return {StatusCode::kCancelled, "all is read"};
          break;
        }
      }
    }
  }
  void Idle(const engine::SourceLag&) override {}

  int statements = 0;
  int runs = 0;

 private:
  class OnePiece : public engine::PayloadReader {
   public:
    explicit OnePiece(std::string bytes) : bytes_(std::move(bytes)) {}
    Result<std::string_view> Next() override {
      if (read_) return std::string_view();
      read_ = true;
      return std::string_view(bytes_);
    }
    std::string bytes_;
    bool read_ = false;
  };

  Status Seal() {
    transactions_ = 0;
    if (statement_.empty() && runs_.empty()) return {};
    std::string payload = std::move(statement_);
    for (const auto& [ref, whole] : schemas_) payload += whole;
    payload += runs_;
    statement_.clear();
    runs_.clear();
    OnePiece piece(std::move(payload));
    return target_->Apply(&piece, position_).status();
  }

  Target* const target_;
  const std::string end_gtid_;
  const int transactions_per_wagon_;
  std::map<uint32_t, std::string> schemas_;
  std::string statement_, runs_;
  SourcePosition position_;  // after the last whole transaction
  int transactions_ = 0;
};

// A source and a target of a test's own, and the flow between them.
class SourceAndTarget {
 public:
  explicit SourceAndTarget(const std::string& before_image = "key",
                           const std::vector<std::string>& target_config = {});

  MariaDbServer& source() { return *source_; }
  Target& target() { return *target_; }
  // On fresh root connections; failures fail the test.
  void AtSource(const std::vector<std::string>& statements);
  void AtTarget(const std::vector<std::string>& statements) { target_->Execute(statements); }
  void AtBoth(const std::vector<std::string>& statements);
  // Applies everything that the source's log has by now, a wagon per transaction. After an error the next
  // call tries again from the same place.
  Status Replicate();
  // Statements and row runs that the last Replicate handed on.
  int statements() const { return statements_; }
  int runs() const { return runs_; }
  // What the log has by now is left out: the flow begins anew here.
  void StartHere();
  // The first difference of the two servers, empty for none.
  std::string Difference();

 private:
  std::unique_ptr<MariaDbServer> source_;
  std::unique_ptr<Target> target_;
  std::unique_ptr<engine::SourceEngine> engine_;
  std::unique_ptr<engine::ChangeReader> reader_;
  int statements_ = 0;
  int runs_ = 0;
};

}  // namespace srdf::test
