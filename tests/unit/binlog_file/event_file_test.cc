#include "binlog_file/event_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "support/mysql_file.h"
#include "unit/binlog_file/dump_fixture.h"

namespace srdf::binlog_file {
namespace {

using test::DumpBytes;
using test::DumpResult;
using test::Le;
using test::MySqlFile;

MySqlFile Small(bool closed, bool checksums = true) {
  MySqlFile file("8.0.36", checksums, closed);
  file.AddGtid(1);
  file.AddQuery("CREATE TABLE t (a INT)");
  file.AddGtid(2);
  file.AddQuery("DROP TABLE t");
  return file;
}

TEST(EventFile, AFileThatIsStillWrittenEndsCleanlyAtItsLastWholeEvent) {
  const std::string bytes = Small(false).bytes();
  DumpResult result = DumpBytes(bytes);
  EXPECT_TRUE(result.status.ok()) << result.status.ToString();
  EXPECT_EQ(result.lines.size(), 2u);
  EXPECT_NE(result.summary.end.find("still being written"), std::string::npos);
  result = DumpBytes(bytes.substr(0, bytes.size() - 3));
  EXPECT_TRUE(result.status.ok()) << result.status.ToString();
  ASSERT_EQ(result.lines.size(), 2u);
  EXPECT_EQ(result.lines[1]["end"], "incomplete");
  EXPECT_EQ(result.summary.incomplete, 1u);
  EXPECT_NE(result.summary.end.find("QUERY"), std::string::npos) << result.summary.end;
}

TEST(EventFile, AClosedFileWithoutItsEndIsAnErrorThatNamesThePlace) {
  const std::string bytes = Small(true).bytes();
  const DumpResult result = DumpBytes(bytes.substr(0, bytes.size() - 3));
  EXPECT_EQ(result.status.code(), StatusCode::kDataLoss);
  EXPECT_NE(result.status.message().find("in the middle of an event"), std::string::npos);
  EXPECT_NE(result.status.remedy().find("copy the file again"), std::string::npos);
  EXPECT_EQ(result.lines.size(), 2u);
}

TEST(EventFile, ZerosThatACrashLeftAreTheTail) {
  const DumpResult result = DumpBytes(Small(false).bytes() + std::string(5000, '\0'));
  EXPECT_TRUE(result.status.ok()) << result.status.ToString();
  EXPECT_NE(result.summary.end.find("5000 zero bytes"), std::string::npos) << result.summary.end;
  EXPECT_EQ(DumpBytes(Small(true).bytes() + std::string(5000, '\0')).status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(DumpBytes(Small(false).bytes() + std::string(50, '\0') + "x").status.code(),
            StatusCode::kDataLoss);
}

TEST(EventFile, AnOffsetInsideAnEventIsRefusedAlsoWhileTheFileIsWritten) {
  for (const bool checksums : {true, false}) {
    const MySqlFile file = Small(false, checksums);
    binlog_file::DumpOptions options;
    for (options.from = 5; options.from < file.bytes().size() - 19; ++options.from) {
      const DumpResult result = DumpBytes(file.bytes(), options);
      // Every event of the file is there to be begun at, and nothing else.
      EXPECT_EQ(result.status.ok(), file.IsEvent(options.from)) << options.from << result.summary.end;
    }
  }
}

// A relay log begins with the description of the replica's own events; those of its source may have other
// checksums, and end where they ended in the source's log.
TEST(EventFile, ARelayLogMayBeReadFromTheMiddle) {
  for (const bool checksums : {true, false}) {
    const MySqlFile own("8.0.36", checksums);
    const MySqlFile of_the_source = Small(true, !checksums);
    const std::string relay = own.bytes() + of_the_source.bytes().substr(kMagicBytes);
    binlog_file::DumpOptions options;
    const DumpResult whole = DumpBytes(relay, options);
    ASSERT_TRUE(whole.status.ok()) << whole.status.ToString();
    ASSERT_EQ(whole.lines.size(), 2u);
    options.from = whole.lines[1]["offset"];
    const DumpResult part = DumpBytes(relay, options);
    ASSERT_TRUE(part.status.ok()) << part.status.ToString();
    ASSERT_EQ(part.lines.size(), 1u);
    EXPECT_EQ(part.lines[0], whole.lines[1]);
    EXPECT_EQ(part.summary.checksums, !checksums);
  }
}

TEST(EventFile, WhatComesBehindDamageMayBeReadFromItsOffset) {
  const MySqlFile file = Small(true);
  binlog_file::DumpOptions options;
  options.from = DumpBytes(file.bytes()).lines.at(1)["offset"];
  std::string bytes = file.bytes();
  const size_t first_event = static_cast<size_t>(DumpBytes(bytes).lines.at(0)["offset"]);
  for (size_t i = 0; i < 19; ++i) bytes[first_event + i] = '\0';  // its header, with the length
  const DumpResult result = DumpBytes(bytes, options);
  EXPECT_TRUE(result.status.ok()) << result.status.ToString();
  EXPECT_EQ(result.lines.size(), 1u);
}

TEST(EventFile, GrowsWhileItIsRead) {
  const std::string path = test::TestPath();
  MySqlFile log("8.0.36", true, false);
  test::WriteFile(path, log.bytes());
  auto file = EventFile::Open(path);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(*(*file)->Next());
  EXPECT_FALSE(*(*file)->Next());
  const uint64_t at = log.AddGtid(1);
  test::WriteFile(path, log.bytes().substr(0, at + 30));
  EXPECT_FALSE(*(*file)->Next());
  EXPECT_TRUE((*file)->tail().torn);
  EXPECT_EQ((*file)->tail().offset, at);
  EXPECT_EQ((*file)->tail().bytes, 30u);
  test::WriteFile(path, log.bytes());
  EXPECT_TRUE(*(*file)->Next());
  EXPECT_EQ((*file)->offset(), at);
  EXPECT_FALSE(*(*file)->Next());
  EXPECT_FALSE((*file)->tail().torn);
  ::unlink(path.c_str());
}

TEST(EventFile, AWrongChecksumNamesEventAndOffset) {
  std::string bytes = Small(true).bytes();
  bytes[bytes.size() - 10] ^= 1;
  const DumpResult result = DumpBytes(bytes);
  EXPECT_EQ(result.status.code(), StatusCode::kDataLoss);
  EXPECT_NE(result.status.message().find("checksum of the QUERY event at"), std::string::npos)
      << result.status.message();
  EXPECT_EQ(result.lines.size(), 2u);
  EXPECT_EQ(result.lines[1]["end"], "incomplete");
}

TEST(EventFile, WhatIsNoBinlogOrEncryptedIsRefusedWithARemedy) {
  const auto refusal = [](const std::string& bytes) { return DumpBytes(bytes).status; };
  EXPECT_NE(refusal("").message().find("not a binlog"), std::string::npos);
  EXPECT_NE(refusal("./binlog.000001\n").remedy().find("index file"), std::string::npos);
  const Status encrypted = refusal(std::string("\xfd") + "bin" + std::string(600, 'x'));
  EXPECT_NE(encrypted.message().find("encrypted (MySQL"), std::string::npos);
  EXPECT_NE(encrypted.remedy().find("--read-from-remote-server"), std::string::npos);
  EXPECT_NE(refusal(std::string("\xfe") + "bin").message().find("no whole event"), std::string::npos);
  EXPECT_EQ(refusal(std::string("\xfe") + "bin" + test::Event(3, std::string(12, '\0'))).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(EventFile::Open("/nonexistent/binlog.1").status().code(), StatusCode::kNotFound);
}

TEST(EventFile, FromMustBeTheBeginningOfAnEvent) {
  for (const bool checksums : {true, false}) {
    MySqlFile file("8.0.36", checksums);
    file.AddGtid(1);
    file.AddQuery("CREATE TABLE t (a INT)");
    const uint64_t second = file.AddGtid(2);
    file.AddQuery("DROP TABLE t");
    DumpResult result = DumpBytes(file.bytes(), {"", second, "", "", 0, false});
    EXPECT_TRUE(result.status.ok()) << result.status.ToString();
    ASSERT_EQ(result.lines.size(), 1u);
    EXPECT_EQ(result.lines[0]["offset"], second);
    for (uint64_t wrong : {second + 1, second - 7, second + 19}) {
      EXPECT_FALSE(DumpBytes(file.bytes(), {"", wrong, "", "", 0, false}).status.ok()) << wrong;
    }
    EXPECT_EQ(DumpBytes(file.bytes(), {"", 1'000'000, "", "", 0, false}).status.code(),
              StatusCode::kInvalidArgument);
    EXPECT_EQ(DumpBytes(file.bytes(), {"", 3, "", "", 0, false}).status.code(), StatusCode::kInvalidArgument);
    result = DumpBytes(file.bytes(), {"", file.bytes().size(), "", "", 0, false});
    EXPECT_TRUE(result.status.ok());
    EXPECT_TRUE(result.lines.empty());
  }
}

TEST(EventFile, ServersOfEveryAgeAreToldApart) {
  EXPECT_EQ(DumpBytes(MySqlFile("5.7.44-log").bytes()).summary.server, "MySQL 5.7.44-log");
  EXPECT_EQ(DumpBytes(MySqlFile("9.1.0").bytes()).summary.server, "MySQL 9.1.0");
  EXPECT_EQ(DumpBytes(MySqlFile("8.0.36-28").bytes()).summary.server, "MySQL 8.0.36-28");
  EXPECT_EQ(DumpBytes(MySqlFile("10.11.6-MariaDB-log").bytes()).summary.server,
            "MariaDB 10.11.6-MariaDB-log");
  EXPECT_FALSE(DumpBytes(MySqlFile("8.0.36", false).bytes()).summary.checksums);
}

}  // namespace
}  // namespace srdf::binlog_file
