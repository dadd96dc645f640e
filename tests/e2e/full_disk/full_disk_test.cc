// Trap 36, end to end: the disk of the outbox, of the inbox, or of everything runs full, or fails in other
// ways, under load. It is a state that shows; commits at the source go on; nothing restarts, nothing is lost
// or doubled, and work goes on by itself when the disk does.
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "e2e/support/mesh_test.h"
#include "support/disk_faults.h"

namespace srdf::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kRate = 100;

class DiskTest : public MeshTest, public ::testing::WithParamInterface<std::string> {
 protected:
  ~DiskTest() override { Unmount(); }

  // Before Up: a mesh with one directory that the test mounts something on.
  void CreateMesh(const std::vector<std::string>& lines) {
    MeshOptions options;
    options.source = source_.get();
    options.target = target_.get();
    options.lines = lines;
    auto mesh = Mesh::Create(options);
    ASSERT_OK(mesh.status());
    mesh_ = std::move(mesh).value();
  }
  bool MountSmallDisk(const std::string& directory) {
    fs::create_directories(directory);
    if (mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=96m") != 0) return false;
    disk_ = directory;
    return true;
  }
  void Unmount() {
    if (!disk_.empty()) umount2(disk_.c_str(), MNT_DETACH);
    disk_.clear();
  }
  void FillDisk() const {
    std::ofstream out(disk_ + "/ballast", std::ios::binary);
    const std::string block(1 << 16, 'x');
    while (out.good()) out << block << std::flush;
  }
  void FreeDisk() const { fs::remove(disk_ + "/ballast"); }

  static const char* PartOf(const std::string& queue) { return queue == "outbox" ? "delivery" : "inbox"; }
  std::string DiskState(const std::string& queue) const {
    const nlohmann::json flow = FlowStatus();
    if (!flow.contains(PartOf(queue)) || flow[PartOf(queue)].is_null()) return "unknown";
    return flow[PartOf(queue)]["disk"].value("state", "none");
  }
  void ExpectDiskState(const std::string& queue, const std::string& state,
                       seconds limit = seconds(15)) const {
    EXPECT_TRUE(Eventually(limit, [&] { return DiskState(queue) == state; }))
        << queue << " is " << DiskState(queue) << ", not " << state << "\n"
        << mesh_->Ctl({"status"}).output;
  }
  std::map<std::string, int> StartsOfAll() const {
    std::map<std::string, int> starts;
    for (const std::string& service : kServices) starts[service] = mesh_->Starts(service);
    return starts;
  }
  // Warnings and errors in all logs.
  int Complaints() const {
    int count = 0;
    for (const std::string& service : kServices) {
      std::ifstream log(mesh_->log_path(service));
      for (std::string line; std::getline(log, line);) {
        count += line.find("Z W ") != std::string::npos || line.find("Z E ") != std::string::npos ? 1 : 0;
      }
    }
    return count;
  }
  uint64_t SourceSequence() const {
    const auto position = mesh_->SourcePosition();
    if (!position.ok()) return 0;
    return std::strtoull(position->substr(position->rfind('-') + 1).c_str(), nullptr, 10);
  }
  // Transactions per second that the source commits, over `time`.
  double CommitRate(milliseconds time) const {
    const auto began = std::chrono::steady_clock::now();
    const uint64_t before = SourceSequence();
    std::this_thread::sleep_for(time);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    return static_cast<double>(SourceSequence() - before) / took.count();
  }

  std::string disk_;
};

class FullDisk : public DiskTest {};

TEST_P(FullDisk, IsAStateThatStopsNeitherTheSourceNorAServiceAndEndsByItself) {
  const std::string where = GetParam();
  ASSERT_NO_FATAL_FAILURE(StartServers());
  if (where == "everything") {
    ASSERT_NO_FATAL_FAILURE(CreateMesh({}));
  } else {
    ASSERT_NO_FATAL_FAILURE(CreateMesh({where + "_dir: small"}));
  }
  if (!MountSmallDisk(where == "everything" ? mesh_->data_dir() : mesh_->directory() + "/small")) {
    GTEST_SKIP() << "cannot mount a tmpfs here";
  }
  ASSERT_OK(mesh_->Up());
  ASSERT_NO_FATAL_FAILURE(InitShop());
  ASSERT_OK(mesh_->WaitCaughtUp(seconds(60)));
  const auto starts = StartsOfAll();
  BackgroundLoad load(Load(0, kRate));
  const double healthy = CommitRate(milliseconds(3000));

  FillDisk();
  const std::string queue = where == "inbox" ? "inbox" : "outbox";
  ExpectDiskState(queue, "full");
  if (where == "everything") ExpectDiskState("inbox", "full");
  const double rss_before = mesh_->RssMaxMiB("capture");
  const int complaints = Complaints();
  const double during = CommitRate(milliseconds(3000));
  std::cout << where << ": " << healthy << " commits/s before, " << during << " with a full disk; capture "
            << rss_before << " MiB, then " << mesh_->RssMaxMiB("capture") << " MiB; "
            << Complaints() - complaints << " warnings and errors in 3 s" << std::endl;
  EXPECT_GT(during, healthy * 0.7) << "the source is held up";
  EXPECT_LT(mesh_->RssMaxMiB("capture"), rss_before + 16);
  EXPECT_LT(Complaints() - complaints, 20) << "a loop of errors in the logs";
  const std::string screen = mesh_->Ctl({"status"}).output;
  EXPECT_NE(screen.find("full"), std::string::npos) << screen;
  EXPECT_NE(screen.find("remedy: free space"), std::string::npos) << screen;
  EXPECT_NE(screen.find(queue + ".db"), std::string::npos) << screen;

  FreeDisk();
  ExpectDiskState(queue, "ok");
  ExpectDiskState("inbox", "ok");
  ASSERT_OK(load.Stop().status());
  ExpectEqual();
  EXPECT_EQ(StartsOfAll(), starts) << "a service was started again";
  ASSERT_OK(mesh_->Down());
  Unmount();
}

INSTANTIATE_TEST_SUITE_P(Disks, FullDisk, ::testing::Values("outbox", "inbox", "everything"),
                         [](const auto& disk) { return std::string(disk.param); });

class BrokenDisk : public DiskTest {};

// The same for the other ways: each lasts some seconds under load.
TEST_P(BrokenDisk, ReadOnlySlowOrFailingIsAStateAndEndsByItself) {
  const std::string queue = GetParam();
  const std::string file = queue + ".db";
  ASSERT_NO_FATAL_FAILURE(StartServers());
  ASSERT_NO_FATAL_FAILURE(CreateMesh({"disk_slow_sync_ms: 500"}));
  DiskFaultFile faults(mesh_->directory() + "/faults");
  mesh_->SetEnvironment(faults.Environment());
  ASSERT_OK(mesh_->Up());
  ASSERT_NO_FATAL_FAILURE(InitShop());
  ASSERT_OK(mesh_->WaitCaughtUp(seconds(60)));
  const auto starts = StartsOfAll();
  BackgroundLoad load(Load(0, kRate));
  const double healthy = CommitRate(milliseconds(1500));
  const std::vector<std::pair<std::string, std::string>> situations = {
      {"write EROFS " + file, "read_only"},
      {"sync EIO " + file, "failing"},
      {"write EIO " + file, "failing"},
      {"sync delay=1500 " + file, "slow"},
  };
  for (const auto& [fault, state] : situations) {
    SCOPED_TRACE(fault);
    const int complaints = Complaints();
    faults.Set(fault);
    ExpectDiskState(queue, state);
    const double during = CommitRate(milliseconds(1500));
    const std::string screen = mesh_->Ctl({"status"}).output;
    EXPECT_NE(screen.find(file), std::string::npos) << screen;
    EXPECT_EQ(DiskState(queue), state);
    faults.Set("");
    ExpectDiskState(queue, "ok", seconds(20));
    std::cout << fault << ": " << healthy << " commits/s before, " << during << " meanwhile; "
              << Complaints() - complaints << " warnings and errors" << std::endl;
    EXPECT_GT(during, healthy * 0.7) << "the source is held up";
    EXPECT_LT(Complaints() - complaints, 30) << "a loop of errors in the logs";
  }
  ASSERT_OK(load.Stop().status());
  ExpectEqual();
  EXPECT_EQ(StartsOfAll(), starts) << "a service was started again";
}

INSTANTIATE_TEST_SUITE_P(Queues, BrokenDisk, ::testing::Values("outbox", "inbox"),
                         [](const auto& queue) { return std::string(queue.param); });

}  // namespace
}  // namespace srdf::test
