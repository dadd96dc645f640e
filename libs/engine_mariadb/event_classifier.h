// EventClassifier: what is to be done with an event of a given type. Every type has a class; what is not
// known and not flagged ignorable stops the flow. docs/operations/statements.md is the table for people.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "engine_mariadb/binlog_event.h"

namespace srdf::engine_mariadb {

enum class EventClass : uint8_t {
  kFormatDescription,
  kRotate,
  kGtid,
  kQuery,
  kXid,
  kXaPrepare,
  kTableMap,
  kRows,
  kHeartbeat,
  kRandomSeed,  // of the statement that follows
  kIgnored,     // says nothing that a replica needs
  kFatal,       // EventRefusal says why
};

EventClass ClassifyEvent(const EventHeader& header);

// The error for an event of class kFatal: names type, place and remedy. `where` is "binlog.000003:1234".
Status EventRefusal(const EventView& event, const std::string& where);

}  // namespace srdf::engine_mariadb
