// EventWalker: the events of a file in the order in which they take effect: those packed into a
// TRANSACTION_PAYLOAD event follow it one by one. Driven by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "binlog_file/event_file.h"
#include "engine_mysql/transaction_payload.h"

namespace srdf::binlog_file {

struct LogEvent {
  engine_mariadb::EventView view;
  // In the file; events of a payload have those of the event that holds them.
  uint64_t offset = 0;
  uint64_t end_offset = 0;
  bool in_payload = false;

  uint8_t type() const { return view.header.type; }
};

class EventWalker {
 public:
  // `file` must outlive the walker.
  explicit EventWalker(EventFile* file) : file_(file) {}

  // False at the end: file.tail() says how it ended. Valid until the next call. Errors name the place.
  Result<bool> Next(LogEvent* event);

  const FileFormat& format() const { return file_->format(); }
  std::string Where(const LogEvent& event) const { return file_->Where(event.offset); }

 private:
  EventFile* const file_;
  std::optional<engine_mysql::TransactionPayload> payload_;
};

}  // namespace srdf::binlog_file
