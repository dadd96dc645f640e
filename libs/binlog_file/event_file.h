// EventFile: a binlog file, event by event, from disk.
//
// Works on closed files, on files that a server is still writing (what is whole when it is read is read; the
// rest is the tail), on copies that were cut, and on relay logs. Each event's checksum is verified when the
// file has checksums. Memory: the largest event, which is never longer than the file. Nothing is written.
// Driven by one thread.
//
// Every error names file and offset. A length or checksum that cannot be is an error; that the file ends
// before an event does is not: Next returns false and tail() says so, for the caller to judge by
// format().in_use.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "binlog_file/file_format.h"
#include "engine_mariadb/binlog_event.h"

namespace srdf::binlog_file {

class EventFile {
 public:
  struct Tail {
    bool torn = false;    // bytes are left that are not a whole event
    uint64_t offset = 0;  // where whole events end
    uint64_t bytes = 0;   // left behind them
    std::string what;     // "10 bytes of an event of 200 bytes (WRITE_ROWS)"
  };

  // Checks the magic and reads the format description. kFailedPrecondition for encrypted files and for files
  // that are no binlog, kNotFound for no file.
  static Result<std::unique_ptr<EventFile>> Open(const std::string& path);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  // Continues at this offset, which must be the beginning of an event. The headers before it are followed
  // from the file's beginning, and format descriptions among them count; where damage hides the way, the
  // first event at the offset is checked the more. 4, the beginning, gives the format description itself.
  Status Seek(uint64_t offset);

  // Reads the next event; false at the end.
  Result<bool> Next();
  // Valid until the next call of Next or Seek. The body has no checksum.
  const engine_mariadb::EventView& event() const { return event_; }
  uint64_t offset() const { return offset_; }
  uint64_t end_offset() const { return next_; }

  // Of the last format description read: a relay log has those of both servers.
  const FileFormat& format() const { return format_; }
  const Tail& tail() const { return tail_; }
  const std::string& path() const { return path_; }
  // "binlog.000003:1234"
  std::string Where(uint64_t offset) const;

 private:
  EventFile(int fd, std::string path);
  // Reads up to `bytes` at `offset` into *out; fewer at the file's end.
  Status ReadAt(uint64_t offset, size_t bytes, std::string* out);
  // The same, from the read-ahead where it can be; valid until the next read.
  Result<ByteView> Take(uint64_t offset, size_t bytes);
  Result<uint64_t> FileBytes() const;
  // Whether following the headers from the beginning leads to this offset.
  Result<bool> LeadsTo(uint64_t offset);
  Result<bool> AllZero(uint64_t from, uint64_t to);
  Status NoEventAt(uint64_t offset) const;
  bool EndTorn(uint64_t file_bytes, std::string what);
  Status Check(bool first_after_seek);

  const int fd_;
  const std::string path_;
  FileFormat format_;
  Tail tail_;
  uint64_t offset_ = 0;  // of event_
  uint64_t next_ = kMagicBytes;
  bool sought_ = false;  // the next event is the first one after Seek, and not known to begin there
  std::string read_ahead_;
  uint64_t read_ahead_at_ = 0;
  std::string bytes_;
  engine_mariadb::EventView event_;
};

}  // namespace srdf::binlog_file
