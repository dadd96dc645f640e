// What scenarios are worth on a real server: that most statements succeed, and what they reach.
#include "differential/scenario_generator.h"

#include <gtest/gtest.h>

#include <iostream>
#include <thread>

#include "differential/generator/features.h"
#include "support/mariadb_server.h"

namespace srdf::differential {
namespace {

constexpr uint64_t kSeeds = 60;

bool IsChange(const std::string& sql) {
  for (const char* verb : {"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "CALL"}) {
    if (sql.rfind(verb, 0) == 0) return true;
  }
  return false;
}

struct Tally {
  int setup_failed = 0;
  int changes = 0, succeeded = 0, changed_rows = 0;
  int definitions = 0, definitions_succeeded = 0;
  std::map<unsigned, std::pair<int, std::string>> errors;  // with an example
};

void Count(engine_mariadb::Connection* session, const std::string& sql, Tally* tally) {
  const bool ok = session->Execute(sql).ok();
  if (!ok) {
    auto& [count, example] = tally->errors[session->last_errno()];
    ++count;
    example = std::string(mysql_error(session->handle())) + " | " + sql.substr(0, 220);
  }
  if (IsChange(sql)) {
    const auto rows = ok ? session->QueryValue("SELECT ROW_COUNT()").value() : "0";
    ++tally->changes;
    tally->succeeded += ok ? 1 : 0;
    tally->changed_rows += ok && rows != "0" ? 1 : 0;
  } else if (sql.rfind("ALTER", 0) == 0 || sql.rfind("CREATE", 0) == 0 || sql.rfind("RENAME", 0) == 0 ||
             sql.rfind("DROP", 0) == 0 || sql.rfind("TRUNCATE", 0) == 0) {
    ++tally->definitions;
    tally->definitions_succeeded += ok ? 1 : 0;
  }
}

void DropDatabases(engine_mariadb::Connection* session) {
  // What was prepared and not decided holds locks.
  const auto prepared = session->Query("XA RECOVER FORMAT='SQL'");
  ASSERT_TRUE(prepared.ok());
  for (const auto& row : *prepared) EXPECT_TRUE(session->Execute("XA ROLLBACK " + *row.back()).ok());
  ASSERT_TRUE(session->Execute("SET lock_wait_timeout = 30").ok());
  const auto names = session->Query(
      "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN "
      "('mysql', 'sys', 'information_schema', 'performance_schema')");
  ASSERT_TRUE(names.ok());
  ASSERT_TRUE(session->Execute("SET foreign_key_checks = 0").ok());
  for (const auto& row : *names) {
    const Status status = session->Execute("DROP DATABASE " + session->QuoteIdentifier(*row[0]));
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
}

// Cascades as the server did them: rows that InnoDB changed and no statement did. Also counts what the
// server does for itself, so this is an upper bound that is zero when nothing fires.
void Play(const test::MariaDbServer& server, const Scenario& scenario, Tally* tally) {
  std::vector<std::unique_ptr<engine_mariadb::Connection>> sessions;
  for (uint32_t i = 0; i < kSessionsMax; ++i) {
    sessions.push_back(server.ConnectOrDie());
    ASSERT_TRUE(sessions[i]->Execute("SET innodb_lock_wait_timeout = 0, lock_wait_timeout = 0").ok());
  }
  for (const auto& sql : scenario.setup) {
    const Status status = sessions[0]->Execute(sql);
    if (status.ok()) continue;
    ++tally->setup_failed;
    ADD_FAILURE() << "seed " << scenario.seed << ": " << status.ToString() << "\n" << sql;
  }
  for (const Step& step : scenario.steps) {
    ASSERT_LT(step.session, kSessionsMax);
    if (step.sql == kReconnect) {
      const std::string id = sessions[step.session]->QueryValue("SELECT CONNECTION_ID()").value();
      sessions[step.session].reset();
      const std::string left = "SELECT COUNT(*) FROM information_schema.processlist WHERE id = " + id;
      while (server.Value(left).value() != "0") std::this_thread::yield();
      sessions[step.session] = server.ConnectOrDie();
      ASSERT_TRUE(
          sessions[step.session]->Execute("SET innodb_lock_wait_timeout = 0, lock_wait_timeout = 0").ok());
      continue;
    }
    Count(sessions[step.session].get(), step.sql, tally);
  }
  sessions.clear();
  const auto cleaner = server.ConnectOrDie();
  DropDatabases(cleaner.get());
}

TEST(ScenarioGenerator, ASeedGivesTheSameScenarioAgain) {
  const Scenario a = Generate(7), b = Generate(7);
  EXPECT_EQ(a.setup, b.setup);
  ASSERT_EQ(a.steps.size(), b.steps.size());
  for (size_t i = 0; i < a.steps.size(); ++i) {
    EXPECT_EQ(a.steps[i].sql, b.steps[i].sql);
    EXPECT_EQ(a.steps[i].session, b.steps[i].session);
    EXPECT_EQ(a.steps[i].cut, b.steps[i].cut);
  }
}

TEST(ScenarioGenerator, ScenariosAreOfModerateSizePrintableAndEndWithACut) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const Scenario scenario = Generate(seed);
    EXPECT_GE(scenario.steps.size(), 20u) << seed;
    EXPECT_LE(scenario.steps.size(), 190u) << seed;
    EXPECT_TRUE(scenario.steps.back().cut);
    for (const Step& step : scenario.steps) {
      EXPECT_FALSE(step.sql.empty());
      EXPECT_EQ(step.sql.find('\0'), std::string::npos);
      EXPECT_EQ(step.sql.find('\n'), std::string::npos) << step.sql;
    }
  }
}

TEST(ScenarioGenerator, EveryKindOfChangeIsInSomeScenario) {
  GeneratorOptions options;
  options.xa = options.domains = options.nontransactional = options.unrepeatable_ddl = true;
  std::map<std::string, int> seeds_with;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    for (const auto& [what, count] : GenerateWithNotes(seed, options).notes) ++seeds_with[what];
  }
  for (size_t i = 0; i < kFeatureCount; ++i) {
    const std::string what = "feature: " + std::string(FeatureName(static_cast<Feature>(i)));
    EXPECT_GE(seeds_with[what], 20) << what;
  }
  for (const char* what : {"cascade",
                           "update cascade",
                           "replace cascade",
                           "unique swap",
                           "unique rotation",
                           "unique shift",
                           "key change",
                           "key respelled",
                           "key shift",
                           "replace",
                           "upsert",
                           "insert ignore",
                           "chain",
                           "burst",
                           "child moved, parent deleted",
                           "child inserted, parent deleted",
                           "multi-table delete",
                           "multi-table update",
                           "xa commit",
                           "xa rollback",
                           "xa decided elsewhere",
                           "load data",
                           "truncate",
                           "rename table",
                           "swap tables",
                           "replace table",
                           "partition",
                           "key definition",
                           "delete history",
                           "temporary table",
                           "rollback to savepoint",
                           "interleaved",
                           "unrepeatable"}) {
    EXPECT_GE(seeds_with[what], 5) << what << " is in too few scenarios";
  }
}

TEST(ScenarioGenerator, MostStatementsSucceedAndChangeRowsOnARealServer) {
  test::MariaDbServerOptions server_options;
  server_options.config = {"innodb_flush_log_at_trx_commit=0", "sync_binlog=0", "max_statement_time=20"};
  auto server = test::MariaDbServer::Start(server_options);
  ASSERT_TRUE(server.ok()) << server.status().ToString();
  GeneratorOptions options;
  options.xa = true;
  Tally tally;
  std::map<std::string, int> seeds_with, times;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Generated generated = GenerateWithNotes(seed, options);
    for (const auto& [what, count] : generated.notes) ++seeds_with[what], times[what] += count;
    Play(**server, generated.scenario, &tally);
    if (HasFatalFailure()) return;
  }
  const auto percent = [](int part, int whole) { return whole == 0 ? 0 : 100 * part / whole; };
  std::cout << kSeeds << " seeds, " << tally.changes
            << " changing statements: " << percent(tally.succeeded, tally.changes) << " % succeeded, "
            << percent(tally.changed_rows, tally.changes) << " % changed rows; " << tally.definitions
            << " definitions: " << percent(tally.definitions_succeeded, tally.definitions)
            << " % succeeded\n";
  for (const auto& [what, seeds] : seeds_with) {
    std::cout << "  " << what << ": in " << seeds << " seeds, " << times[what] << " times\n";
  }
  for (const auto& [code, error] : tally.errors) {
    std::cout << "  error " << code << " x" << error.first << ": " << error.second << "\n";
  }
  EXPECT_EQ(tally.setup_failed, 0);
  EXPECT_GE(percent(tally.changed_rows, tally.changes), 75);
  EXPECT_GE(percent(tally.definitions_succeeded, tally.definitions), 75);
}

}  // namespace
}  // namespace srdf::differential
