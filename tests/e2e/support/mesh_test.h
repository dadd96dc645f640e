// MeshTest: the fixture of end-to-end tests: two servers, a mesh between them, a load, and the one question
// that every test ends with: is the target what the source is?
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "loadgen/load.h"
#include "support/mariadb_server.h"
#include "support/mesh.h"

#define ASSERT_OK(expr)                                                \
  do {                                                                 \
    const ::srdf::Status assert_ok_status = (expr);                    \
    ASSERT_TRUE(assert_ok_status.ok()) << assert_ok_status.ToString(); \
  } while (false)

namespace srdf::test {

// Waits until `condition` holds, by polling: what is waited for happens in other processes.
bool Eventually(std::chrono::milliseconds limit, const std::function<bool()>& condition);

// A load on the source, on a thread of its own.
class BackgroundLoad {
 public:
  explicit BackgroundLoad(loadgen::LoadOptions options);
  ~BackgroundLoad();
  bool running() const { return running_; }
  // Ends the load, or waits for its end when it has a time limit of its own.
  Result<loadgen::Report> Stop();
  Result<loadgen::Report> Wait();

 private:
  const loadgen::LoadOptions options_;
  std::atomic<bool> running_{true};
  std::stop_source stop_;
  Result<loadgen::Report> result_ = Status(StatusCode::kInternal, "not ended");
  std::thread thread_;
};

class MeshTest : public ::testing::Test {
 protected:
  // Starts both servers; `source_config` are lines of the source's configuration file.
  void StartServers(const std::vector<std::string>& source_config = {});
  // Creates and starts a mesh between them.
  void StartMesh(const std::map<std::string, std::string>& settings = {},
                 const std::map<std::string, std::string>& environment = {});
  // The shop of loadgen, made at the source while the mesh runs: it reaches the target through the mesh.
  void InitShop();

  // Of every random choice; from SRDF_E2E_SEED, else random. Printed with each test.
  static uint64_t seed();
  // How long a test under load takes: SRDF_E2E_SECONDS, else `otherwise`.
  static int Seconds(int otherwise);
  loadgen::LoadOptions Load(double seconds, uint64_t rate) const;

  // After the mesh has caught up: the checkpoint is the source's position and the servers hold the same.
  void ExpectEqual(std::chrono::seconds deadline = std::chrono::seconds(120));

  // Of the one flow, from `srdfctl status`; "unknown" while it cannot be asked.
  std::string FlowState() const;
  nlohmann::json FlowStatus() const;
  // Waits for a state; the failure says what the mesh says.
  void ExpectState(const std::string& state, std::chrono::seconds deadline = std::chrono::seconds(30));
  // All problems of the flow as text.
  std::string Problems() const;
  // A number from the outbox, through SQLite's own program.
  int64_t OutboxNumber(const std::string& query) const;

  void TearDown() override;

  // Of both servers, with logs that go with it; empty: what suits a few rows.
  std::string buffer_pool_size_;
  std::unique_ptr<MariaDbServer> source_;
  std::unique_ptr<MariaDbServer> target_;
  std::unique_ptr<Mesh> mesh_;
};

}  // namespace srdf::test
