// The file itself: who may open it, what is refused, what damage looks like.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "store/inbox.h"
#include "store/outbox.h"
#include "unit/store/store_fixture.h"

namespace srdf::store {
namespace {

int ModeOf(const std::string& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 ? st.st_mode & 0777 : -1;
}

TEST(QueueFile, IsReadableByItsOwnerOnly) {
  TemporaryDirectory directory;
  const mode_t old = umask(0);
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  Must(outbox->Reconcile(kFlow, Start()));
  umask(old);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    EXPECT_EQ(ModeOf(directory / ("outbox.db" + std::string(suffix))), 0600) << suffix;
  }
}

TEST(QueueFile, ASecondOwnerIsRefusedAndNamed) {
  TemporaryDirectory directory;
  const std::string path = directory / "outbox.db";
  int ready[2], done[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(done), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto outbox = Must(Outbox::Open(path));
    char c = 'r';
    (void)!write(ready[1], &c, 1);
    (void)!read(done[0], &c, 1);
    _exit(0);
  }
  char c = 0;
  ASSERT_EQ(read(ready[0], &c, 1), 1);
  const auto second = Outbox::Open(path);
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find("another process has"), std::string::npos);
  EXPECT_NE(second.status().message().find(std::to_string(child)), std::string::npos)
      << second.status().ToString();
  ASSERT_EQ(write(done[1], &c, 1), 1);
  waitpid(child, nullptr, 0);
  EXPECT_OK(Outbox::Open(path).status());  // the lock went with its owner
}

TEST(QueueFile, ASecondOwnerInTheSameProcessIsRefused) {
  TemporaryDirectory directory;
  auto inbox = Must(Inbox::Open(directory / "inbox.db"));
  EXPECT_EQ(Inbox::Open(directory / "inbox.db").status().code(), StatusCode::kUnavailable);
  inbox.reset();
  EXPECT_OK(Inbox::Open(directory / "inbox.db").status());
}

TEST(QueueFile, ANewerFormatIsRefusedUntouched) {
  TemporaryDirectory directory;
  const std::string path = directory / "outbox.db";
  Must(Outbox::Open(path)).reset();
  SQLite::Database(path, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  const Status status = Outbox::Open(path).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("format 99"), std::string::npos) << status.ToString();
  EXPECT_NE(status.remedy().find("newer version"), std::string::npos);
}

TEST(QueueFile, AnotherKindOfFileIsRefused) {
  TemporaryDirectory directory;
  Must(Inbox::Open(directory / "queue.db")).reset();
  EXPECT_EQ(Outbox::Open(directory / "queue.db").status().code(), StatusCode::kFailedPrecondition);
  SQLite::Database(directory / "notes.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE t (a)");
  EXPECT_EQ(Outbox::Open(directory / "notes.db").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_OK(Inbox::Open(directory / "queue.db").status());
}

TEST(QueueFile, AMissingDirectoryIsNamedWithTheRemedy) {
  TemporaryDirectory directory;
  const Status status = Outbox::Open(directory / "absent/outbox.db").status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("absent/outbox.db"), std::string::npos);
  EXPECT_NE(status.remedy(), "");
}

TEST(QueueFile, AnEmptyFileLeftByAnEarlyCrashBecomesAnOutbox) {
  TemporaryDirectory directory;
  std::ofstream(directory / "outbox.db").close();
  EXPECT_OK(Outbox::Open(directory / "outbox.db").status());
}

TEST(QueueFile, RubbishIsDataLossWithTheFilesName) {
  TemporaryDirectory directory;
  std::ofstream(directory / "outbox.db") << FakeFrame(1, 20000);
  const Status status = Outbox::Open(directory / "outbox.db").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("outbox.db"), std::string::npos);
  EXPECT_NE(status.remedy().find("move"), std::string::npos);
}

TEST(QueueFile, DamageIsFoundAfterAnUncleanShutdown) {
  TemporaryDirectory directory;
  const std::string path = directory / "outbox.db";
  const pid_t child = fork();
  if (child == 0) {
    auto outbox = Must(Outbox::Open(path));
    Must(outbox->Reconcile(kFlow, Start()));
    StoreWagons(outbox.get(), 500);  // enough for checkpoints into the database file
    _exit(0);                        // leaves the log behind
  }
  waitpid(child, nullptr, 0);
  ASSERT_GT(SizeOfFile(path), 40u * 4096);
  ASSERT_GT(SizeOfFile(path + "-wal"), 0u);
  // A log would put good copies of most pages over the damage: it is lost as well here.
  ASSERT_EQ(truncate((path + "-wal").c_str(), 100), 0);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 3; page < 40; ++page) {
      file.seekp(page * 4096);
      file << FakeFrame(1, 64);
    }
  }
  const Status status = Outbox::Open(path).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status.ToString();
  EXPECT_NE(status.remedy(), "");
}

TEST(QueueFile, AnOperatorsShellCanReadWhileTheOutboxIsInUse) {
  TemporaryDirectory directory;
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  Must(outbox->Reconcile(kFlow, Start()));
  SQLite::Database shell(directory / "outbox.db", SQLite::OPEN_READONLY);
  SQLite::Statement query(shell,
                          "SELECT sequence, seal_reason, codec, table_name, d.status FROM wagon"
                          " JOIN wagon_table USING (wagon_id) JOIN delivery d USING (wagon_id, sequence)");
  EXPECT_FALSE(query.executeStep());
  query.reset();
  StoreWagons(outbox.get(), 1);
  ASSERT_TRUE(query.executeStep());
  StoreWagons(outbox.get(), 50);  // the shell's open cursor is in nobody's way
  EXPECT_EQ(query.getColumn(1).getString(), "adaptive");
  EXPECT_EQ(query.getColumn(3).getString(), "orders");
  EXPECT_EQ(query.getColumn(4).getString(), "sealed");
}

TEST(QueueFile, AWriterThatHoldsTheFileMakesStoringUnavailable) {
  TemporaryDirectory directory;
  auto outbox = Must(Outbox::Open(directory / "outbox.db"));
  Must(outbox->Reconcile(kFlow, Start()));
  SQLite::Database shell(directory / "outbox.db", SQLite::OPEN_READWRITE);
  shell.exec("BEGIN IMMEDIATE");
  const Status status = Store(outbox.get(), "frame");
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("another process has"), std::string::npos) << status.ToString();
  shell.exec("ROLLBACK");
  EXPECT_OK(Store(outbox.get(), "frame"));
}

}  // namespace
}  // namespace srdf::store
