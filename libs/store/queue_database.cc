#include "store/queue_database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "store/sqlite_status.h"

namespace srdf::store {
namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr int kWriterCacheKib = 8192;
constexpr int kReaderCacheKib = 2048;
constexpr int kAutocheckpointPages = 2000;         // 8 MiB of log, then its pages move to the database file
constexpr int64_t kWalBytesMax = 64 << 20;         // a longer log is cut back when it is next reset
constexpr int64_t kWholeCheckBytesMax = 64 << 20;  // larger files: wagon_chunk is left out of the check
constexpr int kReleasePagesPerStep = 1024;
constexpr int64_t kFreePagesKept = 4096;  // 16 MiB

int64_t FileBytes(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 ? static_cast<int64_t>(st.st_size) : -1;
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status SyncDirectory(const std::string& path) {
  const std::string directory = DirectoryOf(path);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (synced) return Status::Ok();
  return {StatusCode::kUnavailable,
          fmt::format("cannot sync directory {}: {}", directory, std::strerror(error)),
          "put the data directory on a local file system"};
}

// SQLite gives its -wal and -shm files the mode of the database file.
Status CreateIfAbsent(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
    return Status::Ok();
  }
  if (errno == EEXIST) return Status::Ok();
  const int error = errno;
  return {error == ENOSPC || error == EDQUOT ? StatusCode::kResourceExhausted : StatusCode::kPermissionDenied,
          fmt::format("cannot create {}: {}", path, std::strerror(error)),
          "let this service's user write the directory, and look at its free space"};
}

}  // namespace

Result<std::unique_ptr<QueueDatabase>> QueueDatabase::Open(const std::string& path, const QueueFormat& format,
                                                           const StoreOptions& options) {
  SRDF_ASSIGN_OR_RETURN(auto lock, FileLock::Take(path + ".lock"));
  SRDF_RETURN_IF_ERROR(CreateIfAbsent(path));
  // The last connection to close moves the log into the database and removes it: a log with contents means
  // that the last owner was killed.
  const bool unclean = FileBytes(path + "-wal") > 0;
  std::unique_ptr<QueueDatabase> db(new QueueDatabase(path, std::move(lock)));
  try {
    db->writer_ = std::make_unique<Connection>(path, SQLite::OPEN_READWRITE, kBusyTimeoutMs, kWriterCacheKib);
    SRDF_RETURN_IF_ERROR(db->Prepare(format, options, unclean));
    db->reader_ = std::make_unique<Connection>(path, SQLite::OPEN_READONLY, kBusyTimeoutMs, kReaderCacheKib);
  } catch (const SQLite::Exception& e) {
    const int system_errno = db->writer_ ? sqlite3_system_errno(db->writer_->handle()) : 0;
    return SqliteStatus(path, e.getErrorCode(), e.getExtendedErrorCode(), system_errno, e.what());
  }
  return db;
}

Status QueueDatabase::Prepare(const QueueFormat& format, const StoreOptions& options, bool unclean) {
  bool empty = false;
  SRDF_RETURN_IF_ERROR(CheckFormat(format, &empty));
  if (unclean) SRDF_RETURN_IF_ERROR(CheckIntegrity(format));
  if (empty) writer_->Exec("PRAGMA auto_vacuum = INCREMENTAL");  // only possible before the first table
  if (const std::string mode = writer_->PragmaText("journal_mode = WAL"); mode != "wal") {
    return {StatusCode::kFailedPrecondition,
            fmt::format("{}: cannot use a write-ahead log (journal mode stays {})", path_, mode),
            "put the data directory on a local file system"};
  }
  writer_->Exec("PRAGMA synchronous = FULL");
  // Freed pages are overwritten only where they are written anyway: zeroing a purged 300 MB wagon would cost
  // 300 MB of log.
  writer_->Exec("PRAGMA secure_delete = FAST");
  writer_->Exec(fmt::format("PRAGMA wal_autocheckpoint = {}", kAutocheckpointPages));
  writer_->Exec(fmt::format("PRAGMA journal_size_limit = {}", kWalBytesMax));
  if (options.database_bytes_max != 0) {
    const auto page_bytes = static_cast<uint64_t>(writer_->PragmaInt("page_size"));
    const uint64_t pages = std::max<uint64_t>(options.database_bytes_max / page_bytes, 1);
    writer_->Exec(fmt::format("PRAGMA max_page_count = {}", pages));
  }
  if (empty) {
    Transaction transaction(*writer_, Durability::kDisk);
    writer_->Exec(format.schema);
    writer_->Exec(fmt::format("PRAGMA application_id = {}", format.application_id));
    writer_->Exec(fmt::format("PRAGMA user_version = {}", format.version));
    transaction.Commit();
    // A file that lost its log afterwards is then an empty queue, not an empty file.
    writer_->Exec("PRAGMA wal_checkpoint(TRUNCATE)");
    SRDF_RETURN_IF_ERROR(SyncDirectory(path_));
  }
  return Upgrade(format);
}

Status QueueDatabase::Upgrade(const QueueFormat& format) {
  const int64_t version = writer_->PragmaInt("user_version");
  if (version == format.version) return Status::Ok();
  // A table that others refer to is replaced without its rows' references being followed; they are checked as
  // a whole before the commit. The pragma does nothing inside a transaction.
  writer_->Exec("PRAGMA foreign_keys = OFF");
  {
    Transaction transaction(*writer_, Durability::kDisk);
    for (int64_t from = version; from < format.version; ++from) {
      writer_->Exec(format.upgrades.at(static_cast<size_t>(from - 1)));
    }
    if (Query(*writer_, "PRAGMA foreign_key_check").Step()) {
      return {StatusCode::kDataLoss,
              fmt::format("{}: rows refer to rows that are not there; it stays {} format {}", path_,
                          format.noun, version),
              DamageRemedy(path_)};
    }
    writer_->Exec(fmt::format("PRAGMA user_version = {}", format.version));
    SRDF_FAILPOINT("store.before_commit");
    transaction.Commit();
  }
  writer_->Exec("PRAGMA foreign_keys = ON");
  return Status::Ok();
}

Status QueueDatabase::CheckFormat(const QueueFormat& format, bool* empty) {
  const int64_t id = writer_->PragmaInt("application_id");
  const int64_t version = writer_->PragmaInt("user_version");
  *empty = Query(*writer_, "SELECT 1 FROM sqlite_schema LIMIT 1").Step() == false;
  if (*empty && id == 0 && version == 0) return Status::Ok();
  if (id != format.application_id || version < 1) {
    return {StatusCode::kFailedPrecondition,
            fmt::format("{} is not an SRDF {} (application id {:#x}, format {})", path_, format.noun,
                        static_cast<uint32_t>(id), version),
            fmt::format("name the {}'s own file in the configuration, or move this one away", format.noun)};
  }
  if (version > format.version) {
    return {StatusCode::kFailedPrecondition,
            fmt::format("{} has {} format {}; this program knows formats up to {}", path_, format.noun,
                        version, format.version),
            "start the newer version of the service that wrote it"};
  }
  return Status::Ok();
}

Status QueueDatabase::CheckIntegrity(const QueueFormat& format) {
  std::vector<std::string> checks;
  if (FileBytes(path_) <= kWholeCheckBytesMax) {
    checks.emplace_back("quick_check(1)");
  } else {
    for (const char* table : format.small_tables) checks.push_back(fmt::format("quick_check({})", table));
  }
  for (const std::string& check : checks) {
    const std::string found = writer_->PragmaText(check.c_str());
    if (found != "ok") {
      return {StatusCode::kDataLoss, fmt::format("{} is damaged: {}", path_, found), DamageRemedy(path_)};
    }
  }
  return Status::Ok();
}

Status QueueDatabase::ReleaseFreePages() {
  for (;;) {
    bool more = false;
    std::unique_lock lock(writer_mu_);
    if (!broken_.ok()) return broken_;
    try {
      const int64_t free_pages = writer_->PragmaInt("freelist_count");
      if (free_pages <= kFreePagesKept || free_pages * 4 <= writer_->PragmaInt("page_count"))
        return Status::Ok();
      writer_->SetDurability(Durability::kProcess);  // moving free space about may be forgotten
      writer_->Exec(fmt::format("PRAGMA incremental_vacuum({})", kReleasePagesPerStep));
      more = writer_->PragmaInt("freelist_count") < free_pages;
    } catch (const SQLite::Exception& e) {
      return WriteFailed(e);
    }
    if (!more) return Status::Ok();
    lock.unlock();
    std::this_thread::yield();
  }
}

Status QueueDatabase::WriteFailed(const SQLite::Exception& e) {
  Status status = ToStatus(e, *writer_);
  if (IsFailedSync(e.getExtendedErrorCode())) {
    broken_ = Status(StatusCode::kUnavailable, fmt::format("{}: a sync to disk failed ({})", path_, e.what()),
                     "look for disk errors in the kernel's log, then restart the service");
    return broken_;
  }
  if (status.code() == StatusCode::kResourceExhausted) {
    // Moving the log's pages to the database lets the log be used again from its start, so that a purge finds
    // room to write. When that fails too there is nothing to add to the error at hand.
    try {
      writer_->Exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch (const SQLite::Exception& checkpoint) {
      return status;
    }
  }
  return status;
}

Status QueueDatabase::ToStatus(const SQLite::Exception& e, Connection& connection) const {
  return SqliteStatus(path_, e.getErrorCode(), e.getExtendedErrorCode(),
                      sqlite3_system_errno(connection.handle()), e.what());
}

}  // namespace srdf::store
