// Wagons made by hand for tests of the target: simple tables, rows, payloads, headers that follow each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/sink.h"
#include "engine_mariadb/target_engine.h"
#include "model/copy_state.h"
#include "model/mark.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/statement.h"
#include "support/mariadb_server.h"

namespace srdf::test {

// The tests of rows are built twice, once for each way to apply them.
#ifdef SRDF_TEST_SQL_APPLY
constexpr auto kApplyMethod = engine_mariadb::ApplyMethod::kSql;
#else
constexpr auto kApplyMethod = engine_mariadb::ApplyMethod::kNative;
#endif
constexpr bool kSqlApply = kApplyMethod == engine_mariadb::ApplyMethod::kSql;

// One value of a row: nothing for NULL, else the text or the decimal number.
using Cell = std::optional<std::string>;
using Cells = std::vector<Cell>;

// A table of INT ("i"), VARCHAR(n) ("v<bytes>") and LONGBLOB ("b") columns; a `key` of nothing is a keyless
// table, else column 0 is the primary key.
struct SimpleTable {
  std::string database;
  std::string table;
  std::vector<std::string> types;
  bool key = true;
  std::optional<std::vector<std::string>> acting_foreign_keys = {};

  TableSchema Schema(uint32_t table_ref) const;
  std::string AllColumns() const;  // bitmap
  std::string KeyColumn() const;   // bitmap with column 0 alone
  // The image of the columns in the bitmap.
  std::string Image(const std::string& bitmap, const Cells& cells) const;
};

// Builds one payload. Each run is one operation on one table.
class PayloadBuilder : public engine::PayloadReader {
 public:
  uint32_t Table(const SimpleTable& table);  // returns its table_ref
  void Insert(uint32_t ref, const std::vector<Cells>& rows, uint8_t flags = 0);
  void Delete(uint32_t ref, const std::vector<Cells>& rows, bool key_only, uint8_t flags = 0);
  // Pairs of before and after.
  void Update(uint32_t ref, const std::vector<std::pair<Cells, Cells>>& rows, bool key_only,
              uint8_t flags = 0);
  void Ddl(const Statement& statement);
  void Mark(const std::string& id);
  // Keys are values of column 0; nothing for none.
  void Range(uint32_t ref, const Cell& after, const Cell& until);
  void Key(uint32_t ref, const Cell& key);
  void Copies(uint32_t ref, const Cells& row, uint64_t copies);
  void More(uint32_t ref);
  // A part of a prepared (XA) transaction with all that `inner` holds; its outcome.
  void Prepared(const std::string& xid, uint32_t number, bool last, const PayloadBuilder& inner);
  void Outcome(const std::string& xid, bool commit);
  // What follows comes with the next Next().
  void EndPiece();
  const std::string& bytes() const { return pieces_.back(); }
  // Of all pieces, as a wagon's header declares them.
  uint64_t raw_bytes() const;

  Result<std::string_view> Next() override;
  void Rewind() { next_ = 0; }

 private:
  std::string KeyOf(uint32_t ref, const Cell& key) const;
  void Range(const RangeCopy& copy);

  std::vector<SimpleTable> tables_;
  std::vector<std::string> pieces_{1};
  size_t next_ = 0;
};

// A statement with the context of an ordinary session.
Statement OrdinaryStatement(const std::string& database, const std::string& sql);

// A target server, its engine, and the wagons of one flow in order.
class Target {
 public:
  // Without options, a server that the tests of this process share, swept clean; else one of its own.
  Target();
  explicit Target(const MariaDbServerOptions& options, bool compare_before_images = false);
  ~Target();

  MariaDbServer& server() { return *server_; }
  engine::TargetEngine& engine() { return *engine_; }
  // The session, opened when there is none.
  engine::TargetSession& session();
  void CloseSession() { session_.reset(); }

  // Begins the flow anew at another source position than 0-1-100.
  void SetStart(const SourcePosition& start);

  // Applies a wagon without rows that sets the state of a copy, in which later ones begin and end.
  void SetCopy(const CopyState& state) { MoveCopy(EncodeCopyState(state).value()); }
  void EndCopy() { MoveCopy(""); }

  // The header of the wagon after the last one applied through Apply.
  WagonHeader NextHeader() const;
  static std::string HashOf(const WagonHeader& header);
  // Applies as the next wagon; the chain moves on when it succeeds. `last` is the source position after it.
  Result<engine::ApplyStats> Apply(engine::PayloadReader* payload, const SourcePosition& last = {});
  // A hand-made wagon was applied elsewhere: the chain moves on.
  void Advance(const WagonHeader& header);

  engine::Checkpoint Checkpoint();
  void Execute(const std::vector<std::string>& statements);
  std::string Value(const std::string& query);

  static constexpr char kFlow[] = "shop";
  static constexpr uint32_t kOrigin = 4711;

 private:
  void MoveCopy(std::string encoded);
  void Begin();

  const bool shared_ = false;
  const bool compare_before_images_ = false;
  std::unique_ptr<MariaDbServer> server_;
  std::unique_ptr<engine::TargetEngine> engine_;
  std::unique_ptr<engine::TargetSession> session_;
  uint64_t sequence_ = 0;
  std::string hash_ = ZeroHash();
  std::string copy_;        // where the chain stands
  std::string copy_after_;  // the next wagon
  SourcePosition start_{"0-1-100", "binlog.000001", 4};
};

}  // namespace srdf::test
