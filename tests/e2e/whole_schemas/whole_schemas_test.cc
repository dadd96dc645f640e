// Whole schemas, as operators load them: dumps through the `mariadb` client, beside a load. The schemas are
// tests/e2e/schemas; `scripts/soak schemas --dir` does the same with any others.
//
// TRAPS of this test: sessions' own character sets, sql modes, time zones and default databases, DEFINERs
// that exist nowhere, statements that repeat only by luck (DEFAULT uuid(), new AUTO_INCREMENT).
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;
namespace fs = std::filesystem;

class WholeSchemas : public MeshTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    ASSERT_NO_FATAL_FAILURE(StartMesh());
  }

  static std::vector<std::string> Dumps() {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(SRDF_SCHEMAS_DIR)) {
      if (entry.path().extension() == ".sql") out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  // Runs a program of the client package on the source's socket; fails the test with what it said.
  void RunClient(const std::string& program, const std::string& arguments) {
    const std::string errors = mesh_->directory() + "/client.err";
    const std::string command = program +
                                " --no-defaults --default-character-set=utf8mb4 --user=root --socket='" +
                                source_->socket() + "' " + arguments + " 2>'" + errors + "'";
    const int status = std::system(command.c_str());
    std::ostringstream said;
    said << std::ifstream(errors).rdbuf();
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << command << "\n" << said.str();
  }

  void LoadAll() {
    for (const std::string& dump : Dumps())
      ASSERT_NO_FATAL_FAILURE(RunClient("mariadb", "<'" + dump + "' >/dev/null"));
  }
};

TEST_F(WholeSchemas, ArriveEqualBesideALoadAndAgainWhenTheyAreDroppedAndLoadedAgain) {
  ASSERT_NO_FATAL_FAILURE(InitShop());
  loadgen::LoadOptions options = Load(0, 100);
  options.ddl = false;
  BackgroundLoad load(options);
  ASSERT_GE(Dumps().size(), 3U);
  ASSERT_NO_FATAL_FAILURE(LoadAll());
  ASSERT_NO_FATAL_FAILURE(LoadAll());  // each begins by dropping its databases
  ASSERT_TRUE(load.running());
  const auto report = load.Stop();
  ASSERT_OK(report.status());
  EXPECT_GT(report->transactions, 0U);
  ExpectEqual(seconds(120));
}

TEST_F(WholeSchemas, ADumpOfTheWholeServerMayBeLoadedOverItself) {
  ASSERT_NO_FATAL_FAILURE(LoadAll());
  const std::string dump = mesh_->directory() + "/everything.sql";
  // Without LOCK TABLES: the dump does not lock the sequences that columns have as their defaults.
  ASSERT_NO_FATAL_FAILURE(
      RunClient("mariadb-dump",
                "--all-databases --add-drop-database --routines --triggers --events --hex-blob "
                "--single-transaction --skip-add-locks >'" +
                    dump + "'"));
  ASSERT_NO_FATAL_FAILURE(RunClient("mariadb", "<'" + dump + "' >/dev/null"));
  ExpectEqual(seconds(120));
}

}  // namespace
}  // namespace srdf::test
