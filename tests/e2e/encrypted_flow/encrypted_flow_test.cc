// Plaintext stays home: values that cannot be mistaken are planted in rows, keys, statements and errors, and
// then looked for in everything that a mesh writes and sends. With the key ring they are to be seen; without
// it a flow waits, and nothing is lost.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "crypto/key_ring.h"
#include "e2e/support/mesh_test.h"
#include "support/packet_capture.h"

namespace srdf::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

const std::string kRow = "PLANTEDrowPLANTED";
const std::string kKey = "PLANTEDkeyPLANTED";
const std::string kText = "PLANTEDtextPLANTED";  // in a statement
const std::string kTable = "table_in_the_manifest";
const std::string kInClear = "# TYPE srdf_";  // of metrics: what is there is found
const std::vector<std::string> kPlanted = {kRow, kKey, kText};

std::string ReadFile(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

class EncryptedFlow : public MeshTest {
 protected:
  // Not compressed, so that what is not encrypted can be read.
  void Start(std::map<std::string, std::string> settings = {}) {
    settings["compression_enabled"] = "false";
    ASSERT_NO_FATAL_FAILURE(StartServers());
    ASSERT_NO_FATAL_FAILURE(StartMesh(settings));
  }

  void Plant(int from, int rows) {
    std::vector<std::string> statements;
    for (int i = from; i < from + rows; ++i) {
      const std::string number = std::to_string(i);
      statements.push_back("INSERT INTO app." + kTable + " VALUES ('" + kKey + number + "', '" + kRow +
                           number + "', " + number + ")");
    }
    ASSERT_OK(source_->Execute(statements));
  }
  void CreateTable() {
    ASSERT_OK(
        source_->Execute({"CREATE DATABASE app", "CREATE TABLE app." + kTable +
                                                     " (id VARCHAR(60) PRIMARY KEY, v VARCHAR(80), n INT) "
                                                     "COMMENT '" +
                                                     kText + "'"}));
  }

  // The files below the data directory that hold a text.
  std::string FilesWith(const std::string& text) const {
    std::string found;
    for (const auto& entry : fs::recursive_directory_iterator(mesh_->data_dir())) {
      if (!entry.is_regular_file()) continue;
      if (ReadFile(entry.path()).find(text) != std::string::npos)
        found += entry.path().filename().string() + " ";
    }
    return found;
  }
  // The whole answer of a service's metrics endpoint.
  std::string Metrics(const std::string& service) const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(mesh_->metrics_port(service));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
    std::string answer;
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
        send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
      char piece[4096];
      for (ssize_t n = 0; (n = recv(fd, piece, sizeof(piece), 0)) > 0;)
        answer.append(piece, static_cast<size_t>(n));
    }
    close(fd);
    return answer;
  }
  std::string NewestUid(const std::string& where = "1") const {
    std::string uid =
        mesh_->Sqlite("outbox.db", "SELECT uid FROM wagon WHERE " + where + " ORDER BY sequence DESC LIMIT 1")
            .output;
    return uid.substr(0, uid.find('\n'));
  }
  CommandResult ShowRows(const std::string& uid) const {
    return mesh_->Ctl({"wagon", "show", uid, "--json", "rows"});
  }
  std::string key_ring() const { return mesh_->data_dir() + "/security/keys"; }
};

TEST_F(EncryptedFlow, NeitherNetworkNorStoresNorLogsHoldAPlantedValueAndTheKeyShowsIt) {
  ASSERT_NO_FATAL_FAILURE(Start({{"retry_backoff_policy", "[1, 1, 1]"}}));
  // Every port of the mesh. Rows come to the batcher's in clear, and errors to the operator from capture's
  // and the applier's: there mutual TLS alone hides them. Metrics have no TLS, and no values.
  std::vector<uint16_t> ports;
  for (const std::string& service : kServices) {
    ports.push_back(mesh_->grpc_port(service));
    ports.push_back(mesh_->metrics_port(service));
  }
  // The header of a wagon names its tables: encryption of wagons leaves that in clear, TLS does not.
  std::vector<std::string> needles = kPlanted;
  needles.push_back(kTable);
  needles.push_back(kInClear);
  auto capture = PacketCapture::Start(ports, needles);
  const bool captured = capture.ok();
  if (!captured) std::cout << "no packet capture here: " << capture.status().ToString() << std::endl;

  ASSERT_NO_FATAL_FAILURE(InitShop());
  BackgroundLoad load(Load(4, 300));
  ASSERT_NO_FATAL_FAILURE(CreateTable());
  for (int i = 0; i < 10; ++i) ASSERT_NO_FATAL_FAILURE(Plant(i * 20, 20));
  ASSERT_OK(source_->Execute(
      {"UPDATE app." + kTable + " SET v = CONCAT(v, 'x') WHERE n < 50",
       "DELETE FROM app." + kTable + " WHERE n > 190",
       "ALTER TABLE app." + kTable + " ADD COLUMN extra VARCHAR(60) DEFAULT '" + kText + "'"}));
  ASSERT_OK(load.Wait().status());
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());

  // A divergence names the row with its values: to the operator, and to nobody else.
  ASSERT_OK(target_->Execute({"DELETE FROM app." + kTable + " WHERE n = 7"}));
  ASSERT_OK(source_->Execute({"UPDATE app." + kTable + " SET v = '" + kRow + "again' WHERE n = 7"}));
  ASSERT_NO_FATAL_FAILURE(ExpectState("failed"));
  ASSERT_TRUE(Eventually(seconds(20), [&] { return Problems().find(kKey) != std::string::npos; }))
      << Problems();
  ASSERT_TRUE(Eventually(seconds(20), [&] {
    return mesh_->Sqlite("inbox.db", "SELECT failed_error FROM flow").output.find(kTable) !=
           std::string::npos;
  })) << "the inbox says which table, without the row";
  // What the sealed update says is shown by who has the key.
  const CommandResult shown = ShowRows(NewestUid());
  EXPECT_EQ(shown.exit_code, 0) << shown.errors;
  EXPECT_NE(shown.output.find(kRow + "again"), std::string::npos) << shown.output;
  // A statement that the target refuses is named by its text.
  ASSERT_OK(target_->Execute(
      {"INSERT INTO app." + kTable + " VALUES ('" + kKey + "7', '" + kRow + "7x', 7, '" + kText + "')"}));
  ASSERT_EQ(mesh_->Ctl({"flow", "resume", "e2e"}).exit_code, 0);
  ASSERT_NO_FATAL_FAILURE(ExpectEqual(seconds(60)));
  ASSERT_OK(target_->Execute({"CREATE TABLE app.taken (id INT PRIMARY KEY)"}));
  ASSERT_OK(source_->Execute({"CREATE TABLE app.taken (id INT PRIMARY KEY) COMMENT '" + kText + "'"}));
  ASSERT_TRUE(Eventually(seconds(30), [&] { return Problems().find(kText) != std::string::npos; }))
      << Problems();
  ASSERT_OK(target_->Execute({"DROP TABLE app.taken"}));
  ASSERT_EQ(mesh_->Ctl({"flow", "resume", "e2e"}).exit_code, 0);
  ASSERT_NO_FATAL_FAILURE(ExpectEqual(seconds(60)));

  for (const std::string& service : kServices) {
    const std::string metrics = Metrics(service);
    EXPECT_NE(metrics.find(kInClear), std::string::npos) << service << ": " << metrics;
    for (const std::string& text : kPlanted) EXPECT_EQ(metrics.find(text), std::string::npos) << service;
  }
  // Soft and hard: a core file would hold rows and keys.
  for (const std::string& service : kServices) {
    EXPECT_NE(ReadFile("/proc/" + std::to_string(mesh_->Pid(service)) + "/limits")
                  .find("Max core file size        0                    0 "),
              std::string::npos)
        << service;
  }
  EXPECT_NE(FilesWith(kTable).find("outbox.db"), std::string::npos) << "the search finds what is in clear";
  EXPECT_NE(FilesWith("wagon_sealed").find("batcher.log"), std::string::npos) << "the search reads the logs";
  for (const std::string& text : kPlanted) EXPECT_EQ(FilesWith(text), "") << text;
  ASSERT_OK(mesh_->Down());
  for (const std::string& text : kPlanted) EXPECT_EQ(FilesWith(text), "") << text << ", after the end";
  if (!captured) return;
  (*capture)->Stop();
  for (const std::string& service : kServices) {
    EXPECT_GT((*capture)->bytes(mesh_->grpc_port(service)), 2'000u) << service;
    EXPECT_GT((*capture)->bytes(mesh_->metrics_port(service)), 1'000u) << service;
  }
  for (const char* on_the_way : {"batcher", "shipper", "receiver"})
    EXPECT_GT((*capture)->bytes(mesh_->grpc_port(on_the_way)), 10'000u) << on_the_way;
  EXPECT_EQ((*capture)->dropped(), 0u);
  for (const auto& [text, count] : (*capture)->seen()) {
    if (text == kInClear) {
      EXPECT_GT(count, 0u) << "the capture finds what is in clear";
    } else {
      EXPECT_EQ(count, 0u) << text << " was on the network";
    }
  }
}

// The same search finds them when encryption is off: it can fail.
TEST_F(EncryptedFlow, WithoutEncryptionTheSameSearchFindsThePlantedValues) {
  ASSERT_NO_FATAL_FAILURE(Start({{"encryption_enabled", "false"}}));
  ASSERT_NO_FATAL_FAILURE(CreateTable());
  ASSERT_NO_FATAL_FAILURE(Plant(0, 50));
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  EXPECT_FALSE(fs::exists(key_ring()));
  for (const std::string& text : kPlanted) {
    EXPECT_NE(FilesWith(text).find("outbox.db"), std::string::npos) << text;
    EXPECT_NE(FilesWith(text).find("inbox.db"), std::string::npos) << text;
  }
}

TEST_F(EncryptedFlow, AMissingKeyStopsTheFlowByNameUntilItIsThereAndNothingIsLost) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(CreateTable());
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  struct stat info {};
  ASSERT_EQ(stat(key_ring().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(mesh_->Ctl({"flow", "pause", "e2e"}).exit_code, 0);
  ASSERT_NO_FATAL_FAILURE(Plant(0, 20));
  ASSERT_TRUE(Eventually(seconds(30), [&] { return OutboxNumber("SELECT COUNT(*) FROM wagon") >= 3; }));
  const std::string key_id = mesh_->Sqlite("outbox.db", "SELECT MAX(key_id) FROM wagon").output;
  const std::string key = key_id.substr(0, key_id.find('\n'));

  // Another ring takes its place, as when it was never copied to the target's site.
  ASSERT_OK(mesh_->Down());
  fs::rename(key_ring(), key_ring() + ".kept");
  ASSERT_EQ(mesh_->Ctl({"key", "add"}).exit_code, 0);
  ASSERT_OK(mesh_->Up());
  const CommandResult locked = ShowRows(NewestUid());
  EXPECT_EQ(locked.exit_code, 1);
  EXPECT_NE(locked.errors.find(key), std::string::npos) << locked.errors;
  EXPECT_EQ(locked.output.find(kRow), std::string::npos);
  EXPECT_EQ(mesh_->Ctl({"wagon", "show", NewestUid()}).exit_code, 0) << "the header needs no key";
  ASSERT_EQ(mesh_->Ctl({"flow", "resume", "e2e"}).exit_code, 0);
  ASSERT_NO_FATAL_FAILURE(ExpectState("blocked"));
  ASSERT_TRUE(Eventually(seconds(20), [&] { return Problems().find(key) != std::string::npos; }))
      << Problems();
  EXPECT_NE(Problems().find("crypto"), std::string::npos) << Problems();
  std::cout << Problems();
  // It stays so, without blame on the wagon.
  EXPECT_EQ(OutboxNumber("SELECT COUNT(*) FROM dead_letter"), 0);

  fs::rename(key_ring() + ".kept", key_ring());
  ASSERT_NO_FATAL_FAILURE(ExpectState("running"));
  ASSERT_NO_FATAL_FAILURE(ExpectEqual(seconds(60)));
}

// `srdfctl up` hands its environment to every service.
TEST_F(EncryptedFlow, ARingOfTheEnvironmentStaysWithTheServicesThatNeedIt) {
  const std::string ring = crypto::KeyRing::WithNewKey(0).Format();
  const std::string secret = ring.substr(ring.find_last_of(' ') + 1, 64);
  ASSERT_NO_FATAL_FAILURE(StartServers());
  auto mesh = Mesh::Create({source_.get(), target_.get(), "e2e", {}, {{"SRDF_TEST_RING", ring}}});
  ASSERT_OK(mesh.status());
  mesh_ = std::move(mesh).value();
  std::ofstream(mesh_->config_path(), std::ios::app) << "key_ring_env: SRDF_TEST_RING\n";
  ASSERT_OK(mesh_->Up());
  ASSERT_NO_FATAL_FAILURE(CreateTable());
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  for (const std::string& service : kServices) {
    const bool needs = service == "batcher" || service == "applier";
    const std::string environment = ReadFile("/proc/" + std::to_string(mesh_->Pid(service)) + "/environ");
    EXPECT_NE(environment, "") << service;
    EXPECT_EQ(environment.find(secret) != std::string::npos, needs) << service;
  }
  EXPECT_EQ(FilesWith(secret), "");
}

TEST_F(EncryptedFlow, AConfiguredRingThatIsNotThereIsAnErrorWithTheRemedy) {
  ASSERT_NO_FATAL_FAILURE(StartServers());
  auto mesh = Mesh::Create({source_.get(), target_.get(), "e2e", {}, {}});
  ASSERT_OK(mesh.status());
  mesh_ = std::move(mesh).value();
  std::ofstream(mesh_->config_path(), std::ios::app) << "key_ring_file: elsewhere/keys\n";
  const CommandResult refused = mesh_->Ctl({"up", "--detach"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_NE(refused.errors.find("elsewhere/keys"), std::string::npos) << refused.errors;
  EXPECT_NE(refused.errors.find("srdfctl key add"), std::string::npos) << refused.errors;
}

}  // namespace
}  // namespace srdf::test
