// An outbox of format 1 becomes one of today's format, with everything in it, or stays as it was.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "store/outbox.h"
#include "unit/store/outbox_format_1.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

class OutboxUpgrade : public ::testing::Test {
 protected:
  // Six wagons of one flow in the statuses that format 1 knew, an attempt and an open dead letter.
  void WriteFormat1() {
    SQLite::Database db(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("PRAGMA auto_vacuum = INCREMENTAL");
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("PRAGMA foreign_keys = ON");
    db.exec(kOutboxFormat1);
    db.exec(
        "INSERT INTO flow (flow, initialised, tip_sequence, tip_hash, tip_gtid, tip_uid, base_hash, "
        "acked_sequence,"
        " applied_sequence, total_wagons) VALUES ('orders', 1, 6, '" +
        Hex(FakeHash(6)) + "', '0-1-106', 'u6', '" + Hex(ZeroHash()) + "', 2, 1, 6)");
    const std::vector<std::pair<std::string, int>> statuses = {
        {"applied", 1}, {"failed", 2}, {"retry", 3}, {"sent", 1}, {"dead_letter", 9}, {"pending", 0}};
    for (size_t i = 0; i < statuses.size(); ++i) {
      const std::string n = std::to_string(i + 1);
      db.exec("INSERT INTO wagon VALUES (" + n + ", 'orders', 1, " + n + ", 'u" + n + "', '" +
              Hex(FakeHash(i + 1)) + "', '" + Hex(i == 0 ? ZeroHash() : FakeHash(i)) +
              "', 100, 1, 1, 5, '', '', 0, '0-1-1', '', 0, '', '', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "
              "'adaptive',"
              " 'zstd', 'none', '', '', '', 0, 0)");
      db.exec("INSERT INTO wagon_chunk VALUES (" + n + ", 0, 'frame" + n + "')");
      db.exec(
          "INSERT INTO delivery (wagon_id, flow, epoch, sequence, frame_bytes, status, attempts, last_error)"
          " VALUES (" +
          n + ", 'orders', 1, " + n + ", 100, '" + statuses[i].first + "', " +
          std::to_string(statuses[i].second) + ", 'e" + n + "')");
    }
    db.exec("INSERT INTO delivery_attempt VALUES (3, 'default', 1, 1000, 2000, 'network: reset')");
    db.exec(
        "INSERT INTO dead_letter (flow, destination, epoch, sequence, uid, error, created_at_ms)"
        " VALUES ('orders', 'default', 1, 5, 'u5', 'hash wrong', 77)");
  }
  static std::string Hex(const std::string& bytes) {
    std::string hex;
    char digits[3];
    for (const unsigned char c : bytes) {
      snprintf(digits, sizeof digits, "%02x", c);
      hex += digits;
    }
    return hex;
  }
  // Every table's columns, and the indexes and triggers there are.
  static std::vector<std::string> Shape(const std::string& path) {
    SQLite::Database db(path, SQLite::OPEN_READONLY);
    SQLite::Statement q(
        db,
        "SELECT s.type || ' ' || s.name || ' ' || ifnull(group_concat(c.name || ' ' || c.type || ' ' ||"
        " c.\"notnull\" || ' ' || ifnull(c.dflt_value, '-') || ' ' || c.pk, ', '), '')"
        " FROM sqlite_schema s LEFT JOIN pragma_table_info(s.name) c GROUP BY s.type, s.name ORDER BY 1");
    std::vector<std::string> shape;
    while (q.executeStep()) shape.push_back(q.getColumn(0).getString());
    return shape;
  }
  static std::string Check(const std::string& path, const char* pragma) {
    SQLite::Database db(path, SQLite::OPEN_READONLY);
    SQLite::Statement q(db, std::string("PRAGMA ") + pragma);
    return q.executeStep() ? q.getColumn(0).getString() : "";
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "outbox.db";
};

TEST_F(OutboxUpgrade, AFileOfFormat1KeepsEverythingAndGetsTheNewColumns) {
  WriteFormat1();
  auto outbox = Must(Outbox::Open(path_));
  const OutboxFlow flow = Must(outbox->GetFlow(kFlow));
  EXPECT_EQ(flow.tip.sequence, 6u);
  EXPECT_EQ(flow.unapplied_wagons, 5u);
  EXPECT_EQ(flow.unapplied_bytes, 500u);
  EXPECT_FALSE(flow.max_bytes_per_second.has_value());
  EXPECT_EQ(flow.suspension.at_ms, 0);
  EXPECT_FALSE(flow.sends_early);
  EXPECT_EQ(flow.tip.position.copy, "");
  EXPECT_EQ(Must(outbox->Find("u3"))->header.last.copy, "");
  const char* const expected[] = {"applied", "failed", "retry", "pending", "dead_letter", "sealed"};
  for (uint64_t i = 1; i <= 6; ++i) {
    EXPECT_EQ(StatusOf(outbox.get(), i), expected[i - 1]) << i;
    EXPECT_EQ(ReadFrame(outbox.get(), i, 1), "frame" + std::to_string(i));
  }
  const auto wagon = Must(outbox->Find("u3"));
  EXPECT_EQ(wagon->attempts, 3u);
  EXPECT_EQ(wagon->last_error, "e3");
  EXPECT_EQ(wagon->failed_attempts, 0u);
  const auto attempts = Must(outbox->Attempts(kFlow, 3));
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].outcome, "network: reset");
  // The file is in use as any other: the chain goes on, the dead letter can be requeued.
  Must(outbox->Requeue(kFlow));
  EXPECT_EQ(StatusOf(outbox.get(), 5), "pending");
  Must(Store(outbox.get(), "frame7"));
  EXPECT_EQ(StatusOf(outbox.get(), 7), "sealed");
  outbox.reset();
  EXPECT_EQ(Check(path_, "user_version"), "4");
  EXPECT_EQ(Check(path_, "integrity_check"), "ok");
  EXPECT_EQ(Check(path_, "foreign_key_check"), "");
  EXPECT_EQ(Must(Must(Outbox::Open(path_))->Counts(kFlow)).size(), 3u);  // applied, pending, sealed
}

TEST_F(OutboxUpgrade, AnUpgradedFileHasTheTablesOfANewOne) {
  WriteFormat1();
  Must(Outbox::Open(path_)).reset();
  Must(Outbox::Open(directory_ / "new.db")).reset();
  EXPECT_EQ(Shape(path_), Shape(directory_ / "new.db"));
}

TEST_F(OutboxUpgrade, PurgingStillRemovesTheRowsThatBelongToAWagon) {
  WriteFormat1();
  auto outbox = Must(Outbox::Open(path_));
  Must(outbox->MarkApplied(kFlow, 6));
  EXPECT_EQ(Must(outbox->Purge(kFlow, INT64_MAX)), 5u);
  outbox.reset();
  SQLite::Database db(path_, SQLite::OPEN_READONLY);
  EXPECT_EQ(db.execAndGet("SELECT count(*) FROM delivery").getInt(), 1);
  EXPECT_EQ(db.execAndGet("SELECT count(*) FROM delivery_attempt").getInt(), 0);
}

TEST_F(OutboxUpgrade, ADamagedFileOfFormat1StaysAsItWas) {
  WriteFormat1();
  {
    SQLite::Database db(path_, SQLite::OPEN_READWRITE);
    db.exec("PRAGMA foreign_keys = OFF");
    db.exec("INSERT INTO delivery_attempt VALUES (99, 'default', 1, 1, 1, 'of no wagon')");
  }
  const Status status = Outbox::Open(path_).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("stays outbox format 1"), std::string::npos) << status.ToString();
  EXPECT_EQ(Check(path_, "user_version"), "1");
  SQLite::Database db(path_, SQLite::OPEN_READONLY);
  EXPECT_EQ(db.execAndGet("SELECT count(*) FROM delivery").getInt(), 6);
}

}  // namespace
}  // namespace srdf::store
