// FileFormat: whose binlog file it is and how its events are to be read; told by its format description
// event.
//
// Layout: binlog version (2 bytes), server version (50), creation time (4), header length (1), one
// post-header length per event type, and from MySQL 5.6.1 and MariaDB 5.3 on the checksum algorithm (1) and
// the event's own checksum (4). Unlike engine_mariadb's decoder, which guards a live source, this one takes
// the files of every server that wrote binlog version 4: MySQL from 5.0, MariaDB all. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/table_map.h"

namespace srdf::binlog_file {

using engine_mariadb::LogDialect;

constexpr size_t kMagicBytes = 4;
constexpr ByteView kMagic{
    "\xfe"
    "bin",
    kMagicBytes};
constexpr ByteView kMagicEncrypted{
    "\xfd"
    "bin",
    kMagicBytes};

// Flags of an event header that say something of the file.
constexpr uint16_t kEventInUse = 0x0001;  // format description: the file is open, or the server has crashed
constexpr uint16_t kEventRelayLog = 0x0040;  // written by a replica's receiver

struct FileFormat {
  LogDialect dialect = LogDialect::kMariaDb;
  std::string server_version;
  uint32_t version_number = 0;  // 80030 for 8.0.30
  bool checksums = false;
  bool in_use = false;

  const char* ProductName() const { return dialect == LogDialect::kMySql ? "MySQL" : "MariaDB"; }
  std::string EventName(uint8_t type) const;
};

// `event` is the whole event with its header. kFailedPrecondition for formats that are too old.
Result<FileFormat> DecodeFileFormat(ByteView event);

}  // namespace srdf::binlog_file
