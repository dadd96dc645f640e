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

QueueDatabase::QueueDatabase(std::string path, QueueFormat format, const StoreOptions& options,
                             std::unique_ptr<FileLock> lock)
    : path_(std::move(path)),
      format_(std::move(format)),
      options_(options),
      lock_(std::move(lock)),
      guard_(path_, options.disk_reserve_bytes, options.disk_slow_sync) {}

QueueDatabase::~QueueDatabase() { Disconnect(); }

Result<std::unique_ptr<QueueDatabase>> QueueDatabase::Open(const std::string& path, const QueueFormat& format,
                                                           const StoreOptions& options) {
  SRDF_ASSIGN_OR_RETURN(auto lock, FileLock::Take(path + ".lock"));
  SRDF_RETURN_IF_ERROR(CreateIfAbsent(path));
  std::unique_ptr<QueueDatabase> db(new QueueDatabase(path, format, options, std::move(lock)));
  // The last connection to close moves the log into the database and removes it: a log with contents means
  // that the last owner was killed.
  db->was_left_open_ = FileBytes(path + "-wal") > 0;
  SRDF_RETURN_IF_ERROR(db->Connect(db->was_left_open_));
  db->guard_.Look();
  return db;
}

Status QueueDatabase::Connect(bool unclean) {
  try {
    writer_ = std::make_unique<Connection>(path_, SQLite::OPEN_READWRITE, kBusyTimeoutMs, kWriterCacheKib);
    SRDF_RETURN_IF_ERROR(Prepare(unclean));
    reader_ = std::make_unique<Connection>(path_, SQLite::OPEN_READONLY, kBusyTimeoutMs, kReaderCacheKib);
  } catch (const SQLite::Exception& e) {
    const int system_errno = writer_ ? writer_->SystemErrno() : 0;
    return SqliteStatus(path_, e.getErrorCode(), e.getExtendedErrorCode(), system_errno, e.what());
  }
  return Status::Ok();
}

void QueueDatabase::Disconnect() {
  // Closing the last connection would copy the log into the database without looking at checksums: what a
  // failed sync has left in the log is for the recovery to judge.
  if (writer_ != nullptr && !broken_.ok()) {
    sqlite3_db_config(writer_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  reader_.reset();
  writer_.reset();
}

Status QueueDatabase::Prepare(bool unclean) {
  bool empty = false;
  SRDF_RETURN_IF_ERROR(CheckFormat(&empty));
  if (unclean) SRDF_RETURN_IF_ERROR(CheckIntegrity());
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
  if (options_.database_bytes_max != 0) {
    const auto page_bytes = static_cast<uint64_t>(writer_->PragmaInt("page_size"));
    const uint64_t pages = std::max<uint64_t>(options_.database_bytes_max / page_bytes, 1);
    writer_->Exec(fmt::format("PRAGMA max_page_count = {}", pages));
  }
  if (empty) {
    Transaction transaction(*writer_, Durability::kDisk);
    writer_->Exec(format_.schema);
    writer_->Exec(fmt::format("PRAGMA application_id = {}", format_.application_id));
    writer_->Exec(fmt::format("PRAGMA user_version = {}", format_.version));
    transaction.Commit();
    // A file that lost its log afterwards is then an empty queue, not an empty file.
    writer_->Exec("PRAGMA wal_checkpoint(TRUNCATE)");
    SRDF_RETURN_IF_ERROR(SyncDirectory(path_));
  }
  return Upgrade();
}

Status QueueDatabase::Upgrade() {
  const int64_t version = writer_->PragmaInt("user_version");
  if (version == format_.version) return Status::Ok();
  // A table that others refer to is replaced without its rows' references being followed; they are checked as
  // a whole before the commit. The pragma does nothing inside a transaction.
  writer_->Exec("PRAGMA foreign_keys = OFF");
  {
    Transaction transaction(*writer_, Durability::kDisk);
    for (int64_t from = version; from < format_.version; ++from) {
      writer_->Exec(format_.upgrades.at(static_cast<size_t>(from - 1)));
    }
    if (Query(*writer_, "PRAGMA foreign_key_check").Step()) {
      return {StatusCode::kDataLoss,
              fmt::format("{}: rows refer to rows that are not there; it stays {} format {}", path_,
                          format_.noun, version),
              DamageRemedy(path_)};
    }
    writer_->Exec(fmt::format("PRAGMA user_version = {}", format_.version));
    SRDF_FAILPOINT("store.before_commit");
    transaction.Commit();
  }
  writer_->Exec("PRAGMA foreign_keys = ON");
  return Status::Ok();
}

Status QueueDatabase::CheckFormat(bool* empty) {
  const int64_t id = writer_->PragmaInt("application_id");
  const int64_t version = writer_->PragmaInt("user_version");
  *empty = Query(*writer_, "SELECT 1 FROM sqlite_schema LIMIT 1").Step() == false;
  if (*empty && id == 0 && version == 0) return Status::Ok();
  if (id != format_.application_id || version < 1) {
    return {StatusCode::kFailedPrecondition,
            fmt::format("{} is not an SRDF {} (application id {:#x}, format {})", path_, format_.noun,
                        static_cast<uint32_t>(id), version),
            fmt::format("name the {}'s own file in the configuration, or move this one away", format_.noun)};
  }
  if (version > format_.version) {
    return {StatusCode::kFailedPrecondition,
            fmt::format("{} has {} format {}; this program knows formats up to {}", path_, format_.noun,
                        version, format_.version),
            "start the newer version of the service that wrote it"};
  }
  return Status::Ok();
}

Status QueueDatabase::CheckIntegrity() {
  std::vector<std::string> checks;
  if (FileBytes(path_) <= kWholeCheckBytesMax) {
    checks.emplace_back("quick_check(1)");
  } else {
    for (const char* table : format_.small_tables) checks.push_back(fmt::format("quick_check({})", table));
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
  const auto fault = DiskFaultOf(e.getErrorCode(), e.getExtendedErrorCode(), writer_->SystemErrno());
  if (!fault.has_value()) return status;
  if (*fault == StoreState::kFailing) {
    broken_ =
        Status(StatusCode::kUnavailable, fmt::format("{}: a write to disk failed ({})", path_, e.what()),
               "look for disk errors in the kernel's log; the file is opened again, checked and used by "
               "itself when the disk works");
    guard_.Failed(*fault, broken_);
    return broken_;
  }
  guard_.Failed(*fault, status);
  if (*fault == StoreState::kFull) {
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
  return SqliteStatus(path_, e.getErrorCode(), e.getExtendedErrorCode(), connection.SystemErrno(), e.what());
}

}  // namespace srdf::store
