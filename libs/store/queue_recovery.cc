// How a queue file comes back from a disk that was full, read-only or broken: see queue_database.h.
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/queue_database.h"
#include "store/sqlite_status.h"

namespace srdf::store {
namespace {

// Pages that a failed sync left behind are marked clean on most file systems, and so go away; then what is
// read is what the disk has. Only while no connection is open: closing any descriptor of the file would drop
// the locks of SQLite.
void ForgetCachedPages(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;  // opening it as a database says why
  (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

}  // namespace

StoreHealth QueueDatabase::CheckDisk() {
  StoreHealth health = guard_.Look();
  if (!guard_.NeedsProof()) return health;
  // A write that is under way will tell; one that hangs must not take the caller with it.
  std::unique_lock lock(writer_mu_, std::try_to_lock);
  if (!lock.owns_lock()) return health;
  if (!broken_.ok()) {
    if (const Status opened = Reopen(); !opened.ok()) {
      guard_.Failed(StoreState::kFailing, opened);
      return guard_.Health();
    }
  }
  if (!ProveWrite().ok()) return guard_.Health();
  guard_.Wrote();
  if (health.state == StoreState::kFull) {
    if (const Status room = ProveRoom(); !room.ok()) return guard_.Health();
  }
  guard_.Cleared();
  return guard_.Health();
}

Status QueueDatabase::Reopen() {
  const std::lock_guard reader_lock(reader_mu_);
  Disconnect();
  ForgetCachedPages(path_);
  ForgetCachedPages(path_ + "-wal");
  Status opened = Connect(true);
  if (opened.ok()) {
    try {
      // What the recovery has found good in the log may still be in the kernel's cache only, with nobody to
      // write it. Copied into the database it is dirty again, and the sync of that counts.
      Query checkpoint(*writer_, "PRAGMA wal_checkpoint(TRUNCATE)");
      if (!checkpoint.Step() || checkpoint.I64(0) != 0) {
        opened = Status(StatusCode::kUnavailable, path_ + ": its log cannot be moved into the database yet",
                        "end the other program's transaction on it (an sqlite3 shell?)");
      }
    } catch (const SQLite::Exception& e) {
      opened = ToStatus(e, *writer_);
    }
  }
  if (!opened.ok()) {
    Disconnect();
    unreadable_ = opened;
    return opened.WithContext("opening it again");
  }
  broken_ = Status::Ok();
  ++generation_;
  guard_.Reopened();
  return Status::Ok();
}

// The smallest durable write there is: a value that stays what it was, on the first page.
Status QueueDatabase::ProveWrite() {
  try {
    Transaction transaction(*writer_, Durability::kDisk);
    writer_->Exec(fmt::format("PRAGMA user_version = {}", format_.version));
    SyncTimer timer(&guard_);
    transaction.Commit();
    timer.Succeeded();
    return Status::Ok();
  } catch (const SQLite::Exception& e) {
    return WriteFailed(e);
  }
}

// A full disk has room for a page now and then. It is well when there is room for work: else it would be full
// again at the next wagon, and say so each time.
Status QueueDatabase::ProveRoom() {
  const uint64_t wanted = guard_.RoomWanted();
  if (options_.database_bytes_max != 0) {
    try {
      const int64_t pages = writer_->PragmaInt("max_page_count") - writer_->PragmaInt("page_count") +
                            writer_->PragmaInt("freelist_count");
      if (static_cast<uint64_t>(pages * writer_->PragmaInt("page_size")) < wanted) {
        return {StatusCode::kResourceExhausted, path_ + ": its limit is reached"};
      }
    } catch (const SQLite::Exception& e) {
      return ToStatus(e, *writer_);
    }
  }
  // Free blocks alone say nothing about quotas.
  const std::string path = path_ + ".room";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int error = fd < 0 ? errno : ::posix_fallocate(fd, 0, static_cast<off_t>(wanted));
  if (fd >= 0) {
    ::unlink(path.c_str());
    ::close(fd);
  }
  if (error == 0) return Status::Ok();
  return {StatusCode::kResourceExhausted,
          fmt::format("no room for {} bytes beside {}: {}", wanted, path_, std::strerror(error))};
}

}  // namespace srdf::store
