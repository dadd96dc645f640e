// The machine died, and the last pages of outbox.db or inbox.db never reached the disk, or reached it as
// rubbish: everything is killed, the end of the write-ahead log is cut off or overwritten, and the mesh
// starts again.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

enum class Damage { kCut, kGarble, kGone };

class TornQueues : public MeshTest, public ::testing::WithParamInterface<Damage> {
 protected:
  // Damages the end of a write-ahead log, from a random place on.
  void DamageTail(const std::string& file, std::mt19937_64* random) {
    const std::string path = mesh_->data_dir() + "/" + file + "-wal";
    ASSERT_TRUE(fs::exists(path)) << path << " is not there: nothing to damage";
    const uint64_t size = fs::file_size(path);
    const uint64_t at = size == 0 ? 0 : (*random)() % size;
    std::cout << file << "-wal: " << size << " bytes, damaged from " << at << " on" << std::endl;
    switch (GetParam()) {
      case Damage::kCut:
        fs::resize_file(path, at);
        return;
      case Damage::kGone:
        fs::remove(path);
        return;
      case Damage::kGarble: {
        std::fstream out(path, std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(static_cast<std::streamoff>(at));
        for (uint64_t i = at; i < size; ++i) out.put(static_cast<char>((*random)()));
        out.close();
        ASSERT_FALSE(out.fail());
      }
    }
  }
};

TEST_P(TornQueues, TailIsNoticedAndMadeGoodFromTheOtherSide) {
  std::mt19937_64 random(seed());
  ASSERT_NO_FATAL_FAILURE(StartServers());
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(InitShop());
  BackgroundLoad load(Load(0, 200));
  const std::vector<std::vector<std::string>> rounds = {
      {"outbox.db"}, {"inbox.db"}, {"outbox.db", "inbox.db"}};
  int64_t torn_at = 0;
  for (const auto& files : rounds) {
    // Wagons enough, and at the target what one queue alone has left from the round before: a wagon that both
    // lose is only in the source's log, and the flow stops and says so.
    ASSERT_TRUE(Eventually(seconds(30), [&] {
      return std::stoll(*target_->Value("SELECT sequence FROM srdf.checkpoint")) > torn_at + 30;
    })) << mesh_->Ctl({"status"}).output;
    torn_at = OutboxNumber("SELECT COALESCE(MAX(sequence), 0) FROM wagon");
    ASSERT_OK(mesh_->KillAll());
    for (const std::string& file : files) ASSERT_NO_FATAL_FAILURE(DamageTail(file, &random));
    ASSERT_OK(mesh_->Up());
  }
  ASSERT_OK(load.Stop().status());
  ExpectEqual();
}

std::string DamageName(const ::testing::TestParamInfo<Damage>& damage) {
  switch (damage.param) {
    case Damage::kCut:
      return "Cut";
    case Damage::kGarble:
      return "Garbled";
    case Damage::kGone:
      return "Gone";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(Damages, TornQueues, ::testing::Values(Damage::kCut, Damage::kGarble, Damage::kGone),
                         DamageName);

}  // namespace
}  // namespace srdf::test
