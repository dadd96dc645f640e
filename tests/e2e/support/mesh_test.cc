#include "e2e/support/mesh_test.h"

#include <cstdlib>
#include <iostream>

#include "support/database_compare.h"

namespace srdf::test {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool Eventually(std::chrono::milliseconds limit, const std::function<bool()>& condition) {
  const auto deadline = steady_clock::now() + limit;
  while (!condition()) {
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(milliseconds(50));
  }
  return true;
}

BackgroundLoad::BackgroundLoad(loadgen::LoadOptions options) : options_(std::move(options)) {
  thread_ = std::thread([this] {
    result_ = loadgen::RunMixed(options_, stop_.get_token());
    running_ = false;
  });
}

BackgroundLoad::~BackgroundLoad() {
  if (thread_.joinable()) (void)Stop();
}

Result<loadgen::Report> BackgroundLoad::Stop() {
  stop_.request_stop();
  return Wait();
}

Result<loadgen::Report> BackgroundLoad::Wait() {
  thread_.join();
  if (result_.ok()) std::cout << "load: " << result_->ToJson() << std::endl;
  return result_;
}

void MeshTest::StartServers(const std::vector<std::string>& source_config) {
  MariaDbServerOptions at_source;
  at_source.server_id = 1;
  // A DDL statement that meets a lock must not stall the load for the server's default of 50 s.
  at_source.config = {"innodb_lock_wait_timeout=5"};
  at_source.config.insert(at_source.config.end(), source_config.begin(), source_config.end());
  MariaDbServerOptions at_target;
  at_target.server_id = 2;
  at_target.config = {"log_bin_trust_function_creators=1"};
  for (MariaDbServerOptions* server : {&at_source, &at_target}) {
    if (buffer_pool_size_.empty()) continue;
    server->buffer_pool_size = buffer_pool_size_;
    server->config.emplace_back("innodb_log_file_size=1G");
  }
  auto source = MariaDbServer::Start(at_source);
  ASSERT_OK(source.status());
  source_ = std::move(source).value();
  auto target = MariaDbServer::Start(at_target);
  ASSERT_OK(target.status());
  target_ = std::move(target).value();
}

void MeshTest::StartMesh(const std::map<std::string, std::string>& settings,
                         const std::map<std::string, std::string>& environment) {
  MeshOptions options{source_.get(), target_.get(), "e2e", settings, environment};
  // Services that are made to die again and again would spend the test waiting for their next start.
  if (environment.count("SRDF_FAILPOINTS") != 0) options.restart_pause = std::chrono::milliseconds(200);
  auto mesh = Mesh::Create(options);
  ASSERT_OK(mesh.status());
  mesh_ = std::move(mesh).value();
  ASSERT_OK(mesh_->Up());
}

void MeshTest::InitShop() { ASSERT_OK(loadgen::Init(Load(0, 0))); }

uint64_t MeshTest::seed() {
  static const uint64_t seed = [] {
    const char* chosen = std::getenv("SRDF_E2E_SEED");
    const uint64_t value =
        chosen == nullptr ? std::random_device()() % 1000000 : std::strtoull(chosen, nullptr, 10);
    std::cout << "seed " << value << " (again: SRDF_E2E_SEED=" << value << ")" << std::endl;
    return value;
  }();
  return seed;
}

int MeshTest::Seconds(int otherwise) {
  const char* chosen = std::getenv("SRDF_E2E_SECONDS");
  return chosen == nullptr ? otherwise : std::max(1, std::atoi(chosen));
}

loadgen::LoadOptions MeshTest::Load(double seconds, uint64_t rate) const {
  loadgen::LoadOptions options;
  options.server = source_->Endpoint();
  options.server.socket = source_->socket();
  options.seed = seed();
  options.seconds = seconds;
  options.rate = rate;
  options.reconnect = true;
  return options;
}

void MeshTest::ExpectEqual(std::chrono::seconds deadline) {
  const Status caught_up = mesh_->WaitCaughtUp(deadline);
  ASSERT_TRUE(caught_up.ok()) << caught_up.ToString();
  const auto source_position = mesh_->SourcePosition();
  const auto checkpoint = mesh_->Checkpoint();
  ASSERT_OK(source_position.status());
  ASSERT_OK(checkpoint.status());
  EXPECT_EQ(*source_position, *checkpoint);
  const auto differences = Differences(*source_, *target_);
  ASSERT_OK(differences.status());
  EXPECT_EQ(*differences, "");
}

nlohmann::json MeshTest::FlowStatus() const {
  const auto status = mesh_->StatusJson();
  if (!status.ok() || !status->contains("flows") || (*status)["flows"].empty())
    return nlohmann::json::object();
  return (*status)["flows"][0];
}

std::string MeshTest::FlowState() const { return FlowStatus().value("state", "unknown"); }

void MeshTest::ExpectState(const std::string& state, std::chrono::seconds deadline) {
  std::string last;
  EXPECT_TRUE(Eventually(deadline, [&] { return (last = FlowState()) == state; }))
      << "the flow is " << last << ", not " << state << "\n"
      << mesh_->Ctl({"status"}).output;
}

std::string MeshTest::Problems() const {
  std::string out;
  const nlohmann::json flow = FlowStatus();
  if (!flow.contains("problems")) return out;
  for (const nlohmann::json& problem : flow["problems"]) {
    out += problem.value("service", "") + ": " + problem.value("code", "") + ": " +
           problem.value("message", "") + " → " + problem.value("remedy", "") + "\n";
  }
  return out;
}

int64_t MeshTest::OutboxNumber(const std::string& query) const {
  const CommandResult result = mesh_->Sqlite("outbox.db", query);
  EXPECT_EQ(result.exit_code, 0) << query << ": " << result.errors;
  return std::strtoll(result.output.c_str(), nullptr, 10);
}

void MeshTest::TearDown() {
  if (mesh_ != nullptr) {
    for (const std::string& service : kServices) {
      std::cout << service << ": " << static_cast<int>(mesh_->RssMaxMiB(service) + 0.5) << " MiB, "
                << mesh_->Starts(service) << " starts; ";
    }
    std::cout << std::endl;
  }
  mesh_.reset();
  target_.reset();
  source_.reset();
}

}  // namespace srdf::test
