#include "binlog_file/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace srdf::binlog_file {

namespace {

using engine_mariadb::EventType;
using engine_mariadb::kChecksumBytes;
using engine_mariadb::kEventHeaderBytes;

constexpr size_t kReadAheadBytes = 256 * 1024;
// The server's own bound of a packet is 1 GiB; an event has a header more.
constexpr uint64_t kEventBytesMax = (1ull << 30) + (1u << 20);
constexpr size_t kLengthAt = 9, kFlagsAt = 17;

std::string BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

uint32_t U32At(ByteView bytes, size_t at) {
  ByteReader r(bytes.substr(at));
  return r.U32();
}

// The flag of a file in use is set and cleared in place: the checksum is that of the event without it.
bool ChecksumFits(std::string* event, bool is_format) {
  const size_t covered = event->size() - kChecksumBytes;
  const char flag = (*event)[kFlagsAt];
  if (is_format) (*event)[kFlagsAt] = static_cast<char>(flag & ~kEventInUse);
  const uLong crc = crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(event->data()), covered);
  (*event)[kFlagsAt] = flag;
  return static_cast<uint32_t>(crc) == U32At(*event, covered);
}

}  // namespace

EventFile::EventFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
EventFile::~EventFile() { ::close(fd_); }

std::string EventFile::Where(uint64_t offset) const { return fmt::format("{}:{}", BaseName(path_), offset); }

Result<std::unique_ptr<EventFile>> EventFile::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    return Status(error == ENOENT ? StatusCode::kNotFound : StatusCode::kFailedPrecondition,
                  fmt::format("cannot open {}: {}", path, std::strerror(error)),
                  error == EACCES ? "run as a user who may read the server's files, or copy the file"
                                  : "SHOW BINARY LOGS lists the files; they are beside @@log_bin_basename");
  }
  std::unique_ptr<EventFile> file(new EventFile(fd, path));
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return Status(StatusCode::kInvalidArgument, path + " is not a regular file", "name a binlog file");
  }
  std::string magic;
  SRDF_RETURN_IF_ERROR(file->ReadAt(0, kMagicBytes, &magic));
  if (magic == kMagicEncrypted) {
    return Status(
        StatusCode::kFailedPrecondition, path + " is encrypted (MySQL binlog_encryption)",
        "read it through its server: mysqlbinlog --read-from-remote-server --raw writes it in clear");
  }
  if (magic != kMagic) {
    return Status(StatusCode::kFailedPrecondition, path + " is not a binlog file: it does not begin as one",
                  "name a binlog or relay log file, uncompressed; an index file only lists such files");
  }
  SRDF_ASSIGN_OR_RETURN(const bool any, file->Next());
  if (!any) {
    return Status(StatusCode::kFailedPrecondition,
                  path + " has no whole event" + (file->tail_.torn ? ": only " + file->tail_.what : ""),
                  "a server writes the first event when it opens the file; copy the file again");
  }
  if (file->event_.header.event_type() != EventType::kFormatDescription) {
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("{} does not begin with a format description but with an event of type {}",
                              path, file->event_.header.type),
                  "the file is damaged, or of a server before MySQL 5.0");
  }
  SRDF_RETURN_IF_ERROR(file->Seek(kMagicBytes));
  return file;
}

Status EventFile::Seek(uint64_t offset) {
  if (offset < kMagicBytes) {
    return {StatusCode::kInvalidArgument, fmt::format("offset {} is before the first event, at 4", offset),
            "give the offset at which an event begins; without one, the file is read from its start"};
  }
  SRDF_ASSIGN_OR_RETURN(const uint64_t file_bytes, FileBytes());
  if (offset > file_bytes) {
    return {StatusCode::kInvalidArgument,
            fmt::format("offset {} is behind the end of {}, which has {} bytes", offset, path_, file_bytes),
            "give the offset at which an event begins"};
  }
  SRDF_ASSIGN_OR_RETURN(const bool begins_there, LeadsTo(offset));
  next_ = offset;
  sought_ = !begins_there;
  tail_ = {};
  return {};
}

Result<bool> EventFile::LeadsTo(uint64_t offset) {
  uint64_t at = kMagicBytes;
  while (at < offset) {
    SRDF_ASSIGN_OR_RETURN(const ByteView header, Take(at, kEventHeaderBytes));
    if (header.size() < kEventHeaderBytes) return false;
    const uint64_t length = U32At(header, kLengthAt);
    if (length < kEventHeaderBytes || length > kEventBytesMax) return false;
    const auto type = static_cast<EventType>(header[4]);
    if (type == EventType::kFormatDescription || type == EventType::kStartEncryption) {
      next_ = at;
      sought_ = false;
      SRDF_RETURN_IF_ERROR(Next().status());
    }
    at += length;
  }
  return at == offset;
}

Result<ByteView> EventFile::Take(uint64_t offset, size_t bytes) {
  const bool inside = offset >= read_ahead_at_ && offset + bytes <= read_ahead_at_ + read_ahead_.size();
  // What is in the read-ahead may be older than what the server has written since.
  if (!inside) {
    SRDF_RETURN_IF_ERROR(ReadAt(offset, std::max(bytes, kReadAheadBytes), &read_ahead_));
    read_ahead_at_ = offset;
  }
  return ByteView(read_ahead_).substr(offset - read_ahead_at_, bytes);
}

Result<uint64_t> EventFile::FileBytes() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) {
    return Status(StatusCode::kUnavailable,
                  fmt::format("cannot look at {}: {}", path_, std::strerror(errno)));
  }
  return static_cast<uint64_t>(info.st_size);
}

Status EventFile::ReadAt(uint64_t offset, size_t bytes, std::string* out) {
  out->resize(bytes);
  size_t have = 0;
  while (have < bytes) {
    const ssize_t n = ::pread(fd_, out->data() + have, bytes - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return {StatusCode::kUnavailable,
              fmt::format("cannot read {}: {}", Where(offset), std::strerror(errno)), "check the disk"};
    }
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  out->resize(have);
  return {};
}

Result<bool> EventFile::AllZero(uint64_t from, uint64_t to) {
  std::string piece;
  while (from < to) {
    SRDF_RETURN_IF_ERROR(ReadAt(from, std::min<uint64_t>(kReadAheadBytes, to - from), &piece));
    if (piece.empty()) break;
    if (piece.find_first_not_of('\0') != std::string::npos) return false;
    from += piece.size();
  }
  return true;
}

Status EventFile::NoEventAt(uint64_t offset) const {
  return {StatusCode::kInvalidArgument, fmt::format("no event begins at {}", Where(offset)),
          "give the offset at which an event begins, as --events shows it"};
}

bool EventFile::EndTorn(uint64_t file_bytes, std::string what) {
  tail_ = {true, next_, file_bytes - next_, std::move(what)};
  return false;
}

Result<bool> EventFile::Next() {
  SRDF_ASSIGN_OR_RETURN(const uint64_t file_bytes, FileBytes());
  if (next_ >= file_bytes) {
    tail_ = {false, next_, 0, {}};
    return false;
  }
  SRDF_ASSIGN_OR_RETURN(const ByteView header, Take(next_, kEventHeaderBytes));
  if (header.size() < kEventHeaderBytes) {
    return EndTorn(file_bytes, fmt::format("{} bytes of an event's header", header.size()));
  }
  const uint64_t length = U32At(header, kLengthAt);
  const auto type = static_cast<uint8_t>(header[4]);
  if (length == 0 && type == 0) {
    // A file system may keep the length of a file and lose what was written last.
    SRDF_ASSIGN_OR_RETURN(const bool zero, AllZero(next_, file_bytes));
    if (zero) return EndTorn(file_bytes, fmt::format("{} zero bytes", file_bytes - next_));
  }
  if (length < kEventHeaderBytes || length > kEventBytesMax) {
    return Status(StatusCode::kDataLoss,
                  fmt::format("no event begins at {}: its length would be {}", Where(next_), length),
                  sought_ ? "give the offset at which an event begins, as --events shows it"
                          : "the file is damaged; copy it again, or check the server's disk");
  }
  if (length > file_bytes - next_ && sought_) return NoEventAt(next_);
  if (length > file_bytes - next_) {
    return EndTorn(file_bytes, fmt::format("{} bytes of an event of {} bytes ({})", file_bytes - next_,
                                           length, format_.EventName(type)));
  }
  if (length <= kReadAheadBytes) {
    SRDF_ASSIGN_OR_RETURN(const ByteView whole, Take(next_, length));
    bytes_.assign(whole);
  } else {
    SRDF_RETURN_IF_ERROR(ReadAt(next_, length, &bytes_));
  }
  if (bytes_.size() < length) {  // cut while it was read
    return EndTorn(next_ + bytes_.size(),
                   fmt::format("{} bytes of an event of {} bytes", bytes_.size(), length));
  }
  offset_ = next_;
  next_ += length;
  SRDF_RETURN_IF_ERROR(Check(sought_));
  sought_ = false;
  return true;
}

Status EventFile::Check(bool first_after_seek) {
  SRDF_ASSIGN_OR_RETURN(event_, engine_mariadb::DecodeEvent(bytes_));
  const bool is_format = event_.header.event_type() == EventType::kFormatDescription;
  if (is_format) {
    auto format = DecodeFileFormat(bytes_);
    if (!format.ok()) return format.status().WithContext(Where(offset_));
    const bool in_use = format_.in_use;
    format_ = std::move(*format);
    if (offset_ != kMagicBytes) format_.in_use = in_use;  // the file's own is the first one
  }
  if (format_.checksums) {
    if (bytes_.size() < kEventHeaderBytes + kChecksumBytes || !ChecksumFits(&bytes_, is_format)) {
      return {StatusCode::kDataLoss,
              fmt::format("the checksum of the {} event at {} is wrong",
                          format_.EventName(event_.header.type), Where(offset_)),
              first_after_seek ? "give the offset at which an event begins, as --events shows it"
                               : "the file is damaged; copy it again, or check the server's disk"};
    }
    event_.body.remove_suffix(kChecksumBytes);
  } else if (first_after_seek && event_.header.end_position != 0 &&
             event_.header.end_position != static_cast<uint32_t>(next_)) {
    return NoEventAt(offset_);
  }
  if (event_.header.event_type() == EventType::kStartEncryption && format_.dialect == LogDialect::kMariaDb) {
    return {StatusCode::kFailedPrecondition, path_ + " is encrypted (MariaDB encrypt_binlog)",
            "read it through its server: mariadb-binlog --read-from-remote-server --raw writes it in clear"};
  }
  return {};
}

}  // namespace srdf::binlog_file
