// The supervisor with real child processes: shell scripts that live, die and trap signals as services do.
// It runs in a process of its own, as in `srdfctl up --detach`.
#include "srdfctl/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace srdf::ctl {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

// A service that ends in order when it is told to.
constexpr const char* kPatient = "trap 'echo bye; exit 0' TERM\necho ready\nwhile :; do sleep 0.02; done\n";

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

bool WaitFor(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return condition();
}

bool Lives(pid_t pid) {
  if (::kill(pid, 0) != 0) return false;
  // A zombie is dead, whoever has to bury it.
  return ReadFile("/proc/" + std::to_string(pid) + "/stat").find(") Z ") == std::string::npos;
}

class SupervisorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "srdf-supervisor-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    data_dir_ = directory_ + "/data";
    options_.config_path = "/etc/srdf/test.yaml";
  }
  void TearDown() override {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    std::filesystem::remove_all(directory_);
  }

  void AddScript(const std::string& name, const std::string& body) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << body;
    ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
    options_.processes.push_back({name, {path}});
  }

  void Start() {
    pid_ = ::fork();
    ASSERT_GE(pid_, 0);
    if (pid_ > 0) return;
    auto run = RunDirectory::Acquire(data_dir_);
    auto log = NewFileLog(data_dir_ + "/log", {});
    if (!run.ok() || !log.ok() || !(*run)->WritePid(::getpid()).ok()) ::_exit(99);
    ::_exit(Supervisor(options_, run->get(), log->get()).Run());
  }

  // The supervisor's exit code; -1 when it does not end.
  int Wait() {
    int status = 0;
    if (!WaitFor([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
  }
  int Stop() {
    ::kill(pid_, SIGTERM);
    return Wait();
  }

  nlohmann::json Service(const std::string& name) {
    const auto mesh = nlohmann::json::parse(ReadMesh(data_dir_), nullptr, false);
    if (mesh.is_discarded()) return nlohmann::json::object();
    for (const auto& service : mesh["services"]) {
      if (service["name"] == name) return service;
    }
    return nlohmann::json::object();
  }
  pid_t PidOf(const std::string& name) { return Service(name).value("pid", 0); }
  std::string Log(const std::string& name) { return ReadFile(data_dir_ + "/log/" + name + ".log"); }
  bool IsReady(const std::string& name) { return Log(name).find("ready") != std::string::npos; }

  std::string directory_, data_dir_;
  SupervisorOptions options_;
  pid_t pid_ = 0;
};

TEST_F(SupervisorTest, AKilledServiceIsStartedAgain) {
  options_.backoff_first = 10ms;
  AddScript("shipper", kPatient);
  Start();
  ASSERT_TRUE(WaitFor([&] { return PidOf("shipper") > 0; }));
  const pid_t first = PidOf("shipper");
  ::kill(first, SIGKILL);
  ASSERT_TRUE(WaitFor([&] { return PidOf("shipper") > 0 && PidOf("shipper") != first; }));
  EXPECT_EQ(Service("shipper")["starts"], 2);
  EXPECT_EQ(Service("shipper")["last_exit"], "signal 9 (Killed)");
  EXPECT_THAT(Log("supervisor"), HasSubstr("shipper ended with signal 9 (Killed)"));
  ASSERT_TRUE(WaitFor([&] { return IsReady("shipper"); }));
  EXPECT_EQ(Stop(), kExitOk);
}

TEST_F(SupervisorTest, TheBackOffDoublesUpToItsLimit) {
  options_.backoff_first = 100ms;
  options_.backoff_max = 400ms;
  AddScript("applier", "exit 1\n");
  Start();
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(WaitFor([&] { return Service("applier").value("starts", 0) >= 5; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1000ms) << "0.1 + 0.2 + 0.4 + 0.4 s were to be waited";
  const std::string log = Log("supervisor");
  size_t at = 0;
  for (const char* delay : {"in 0.1 s", "in 0.2 s", "in 0.4 s", "in 0.4 s"}) {
    at = log.find(delay, at);
    ASSERT_NE(at, std::string::npos) << delay << "\n" << log;
    at++;
  }
  EXPECT_EQ(Stop(), kExitOk);
}

TEST_F(SupervisorTest, TheBackOffStartsAnewAfterALongLife) {
  options_.backoff_first = 100ms;
  options_.backoff_reset_after = 50ms;
  AddScript("applier", "sleep 0.1\nexit 1\n");
  Start();
  ASSERT_TRUE(WaitFor([&] { return Service("applier").value("starts", 0) >= 4; }));
  EXPECT_EQ(Log("supervisor").find("in 0.2 s"), std::string::npos) << Log("supervisor");
  EXPECT_EQ(Stop(), kExitOk);
}

TEST_F(SupervisorTest, ServicesAreStoppedOneAfterTheOtherInOrder) {
  const std::string order = directory_ + "/order";
  for (const char* name : {"capture", "batcher", "shipper"}) {
    // Each takes a while to drain, so that an impatient supervisor would mix them up.
    AddScript(name, "trap 'echo " + std::string(name) + "-told >> " + order + "; sleep 0.1; echo " + name +
                        "-gone >> " + order + "; exit 0' TERM\necho ready\nwhile :; do sleep 0.02; done\n");
  }
  Start();
  ASSERT_TRUE(WaitFor([&] { return IsReady("capture") && IsReady("batcher") && IsReady("shipper"); }));
  EXPECT_EQ(Stop(), kExitOk);
  EXPECT_EQ(ReadFile(order),
            "capture-told\ncapture-gone\nbatcher-told\nbatcher-gone\nshipper-told\nshipper-gone\n");
  EXPECT_EQ(nlohmann::json::parse(ReadMesh(data_dir_))["phase"], "stopped");
}

TEST_F(SupervisorTest, AServiceThatDoesNotStopIsKilledAndTheOthersStillDrain) {
  options_.stop_deadline = 200ms;
  AddScript("capture", "trap '' TERM\necho ready\nwhile :; do sleep 0.02; done\n");
  AddScript("batcher", kPatient);
  Start();
  ASSERT_TRUE(WaitFor([&] { return IsReady("capture") && IsReady("batcher"); }));
  EXPECT_EQ(Stop(), kExitOk);
  EXPECT_THAT(Log("supervisor"), HasSubstr("capture did not stop within 1 s and is killed"));
  EXPECT_THAT(Log("batcher"), HasSubstr("bye"));
}

TEST_F(SupervisorTest, ASecondInterruptKillsWhatIsLeft) {
  AddScript("capture", "trap '' TERM\necho ready\nwhile :; do sleep 0.02; done\n");
  Start();
  ASSERT_TRUE(WaitFor([&] { return IsReady("capture"); }));
  ::kill(pid_, SIGINT);
  ASSERT_TRUE(WaitFor([&] { return Service("capture").value("state", "") == "stopping"; }));
  ::kill(pid_, SIGINT);
  EXPECT_EQ(Wait(), kExitOk);
}

TEST_F(SupervisorTest, ABadConfigurationStopsTheMeshInsteadOfALoop) {
  AddScript("capture", kPatient);
  AddScript("applier", "while ! grep -q ready " + data_dir_ +
                           "/log/capture.log; do sleep 0.02; done\necho 'flows: has no flow' >&2\nexit 2\n");
  Start();
  EXPECT_EQ(Wait(), kExitBadConfiguration);
  EXPECT_EQ(Service("applier")["starts"], 1);
  EXPECT_THAT(Log("applier"), HasSubstr("flows: has no flow"));
  EXPECT_THAT(Log("capture"), HasSubstr("bye"));
  EXPECT_THAT(Log("supervisor"), HasSubstr("applier refuses its configuration"));
  EXPECT_THAT(Log("supervisor"), HasSubstr("/etc/srdf/test.yaml"));
}

TEST_F(SupervisorTest, ASecondSupervisorForTheSameDataDirectoryIsRefused) {
  AddScript("capture", kPatient);
  Start();
  ASSERT_TRUE(WaitFor([&] { return PidOf("capture") > 0; }));
  auto second = RunDirectory::Acquire(data_dir_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(second.status().message(), HasSubstr("already running, pid " + std::to_string(pid_)));
  EXPECT_EQ(FindSupervisor(data_dir_), pid_);
  EXPECT_EQ(Stop(), kExitOk);
  EXPECT_EQ(FindSupervisor(data_dir_), std::nullopt);
}

TEST_F(SupervisorTest, ServicesDieWithAKilledSupervisorAndItsLockIsFree) {
  AddScript("capture", kPatient);
  Start();
  ASSERT_TRUE(WaitFor([&] { return IsReady("capture") && PidOf("capture") > 0; }));
  const pid_t service = PidOf("capture");
  ASSERT_TRUE(Lives(service));
  ::kill(pid_, SIGKILL);
  EXPECT_EQ(Wait(), -2);
  EXPECT_TRUE(WaitFor([&] { return !Lives(service); }));
  EXPECT_EQ(FindSupervisor(data_dir_), std::nullopt);
  EXPECT_TRUE(RunDirectory::Acquire(data_dir_).ok());
}

TEST_F(SupervisorTest, AServiceThatWaitsForItsNextStartIsStoppedAtOnce) {
  options_.backoff_first = 60s;
  options_.backoff_max = 60s;
  AddScript("applier", "exit 1\n");
  Start();
  ASSERT_TRUE(WaitFor([&] { return Service("applier").value("state", "") == "waiting"; }));
  EXPECT_EQ(Stop(), kExitOk);
}

TEST_F(SupervisorTest, AProgramThatIsNotThereIsNamed) {
  options_.processes.push_back({"batcher", {directory_ + "/absent"}});
  Start();
  ASSERT_TRUE(WaitFor([&] { return Log("batcher").find("No such file") != std::string::npos; }));
  EXPECT_THAT(Log("batcher"), HasSubstr("cannot execute " + directory_ + "/absent"));
  EXPECT_EQ(Stop(), kExitOk);
}

TEST_F(SupervisorTest, BothOutputsReachTheLogByLines) {
  AddScript("capture",
            "printf 'one '; sleep 0.1; echo two; echo three >&2; printf 'last without end'\nexit 0\n");
  options_.backoff_first = 60s;
  options_.backoff_max = 60s;
  Start();
  ASSERT_TRUE(WaitFor([&] { return Service("capture").value("state", "") == "waiting"; }));
  EXPECT_EQ(Log("capture"), "one two\nthree\nlast without end\n");
  EXPECT_EQ(Stop(), kExitOk);
}

TEST_F(SupervisorTest, TheDataDirectoryIsForItsOwnerAlone) {
  auto run = RunDirectory::Acquire(data_dir_);
  ASSERT_TRUE(run.ok());
  struct stat info {};
  ASSERT_EQ(::stat(data_dir_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST(ProcessLog, FilesAreBoundedAndTheOldestGoes) {
  std::string directory = ::testing::TempDir() + "srdf-log-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  auto log = NewFileLog(directory, {.bytes_max = 100, .files_max = 3});
  ASSERT_TRUE(log.ok());
  for (int i = 0; i < 100; ++i) (*log)->Line("capture", "line " + std::to_string(100 + i));
  EXPECT_LE(std::filesystem::file_size(directory + "/capture.log"), 100u);
  EXPECT_EQ(std::filesystem::file_size(directory + "/capture.log.1"), 99u);
  EXPECT_EQ(std::filesystem::file_size(directory + "/capture.log.2"), 99u);
  EXPECT_FALSE(std::filesystem::exists(directory + "/capture.log.3"));
  EXPECT_EQ(TailOfLog(directory, "capture", 3), "line 197\nline 198\nline 199\n");
  EXPECT_EQ(TailOfLog(directory, "batcher", 3), "");
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace srdf::ctl
