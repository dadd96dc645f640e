#include "engine_mariadb/event_classifier.h"

#include <gtest/gtest.h>

#include "engine_mariadb/rows_event.h"

namespace srdf::engine_mariadb {
namespace {

EventHeader Header(int type, uint16_t flags = 0) {
  EventHeader header;
  header.type = static_cast<uint8_t>(type);
  header.flags = flags;
  return header;
}

TEST(EventClassifier, EveryTypeWithoutAClassIsFatalAndNamesItself) {
  int fatal = 0;
  for (int type = 0; type < 256; ++type) {
    const EventHeader header = Header(type);
    if (ClassifyEvent(header) != EventClass::kFatal) continue;
    ++fatal;
    const Status status = EventRefusal({header, {}}, "binlog.000007:42");
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(status.remedy().empty()) << type;
    EXPECT_NE(status.message().find(EventTypeName(header.type)), std::string::npos) << type;
    EXPECT_NE(status.message().find("binlog.000007:42"), std::string::npos) << type;
  }
  EXPECT_GT(fatal, 200);
}

TEST(EventClassifier, AnUnknownEventMarkedIgnorableIsIgnored) {
  EXPECT_EQ(ClassifyEvent(Header(200)), EventClass::kFatal);
  EXPECT_EQ(ClassifyEvent(Header(200, kEventIgnorable)), EventClass::kIgnored);
  // What is known keeps its meaning.
  EXPECT_EQ(ClassifyEvent(Header(162, kEventIgnorable)), EventClass::kGtid);
}

TEST(EventClassifier, AllKindsOfRowsEventsAreRows) {
  for (const int type : {23, 24, 25, 30, 31, 32, 166, 167, 168, 169, 170, 171}) {
    EXPECT_EQ(ClassifyEvent(Header(type)), EventClass::kRows) << type;
  }
  EXPECT_EQ(ClassifyEvent(Header(172)), EventClass::kFatal);  // rows in pieces, MariaDB 12.3
  EXPECT_EQ(ClassifyEvent(Header(20)), EventClass::kFatal);   // before 5.1.16
}

TEST(EventClassifier, AnIncidentSaysWhatTheServerSays) {
  const std::string body = std::string("\x01\x00\x04lost", 7);
  const Status status = EventRefusal({Header(26), body}, "f:1");
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("lost"), std::string::npos);
  EXPECT_FALSE(EventRefusal({Header(26), "x"}, "f:1").ok());
}

TEST(EventClassifier, Trap16WhatOnlyMySqlWritesIsFatalOnALiveStream) {
  // Files of MySQL can be read (libs/binlog_file); a source cannot be a MySQL server.
  for (const int type : {33, 34, 35, 36, 37, 39, 40, 41, 42}) {
    EXPECT_EQ(ClassifyEvent(Header(type)), EventClass::kFatal) << type;
  }
}

TEST(EventClassifier, LogsOfMySqlAreNamedAsSuch) {
  EXPECT_NE(EventRefusal({Header(33), {}}, "f:1").message().find("MySQL"), std::string::npos);
}

}  // namespace
}  // namespace srdf::engine_mariadb
