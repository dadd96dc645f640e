// QueueDatabase: one owned SQLite file with a writing and a reading connection; the base of outbox and inbox.
//
// Open takes the owner's lock, creates the file (mode 0600, its directory synced), sets WAL mode, checks
// application id and format version, and, when the last owner did not close the file (its write-ahead log was
// left behind), the integrity of what is in it. A file of an older format is brought to today's in one
// transaction: a crash or a full disk in it leaves the old format, and the next Open begins again. Nothing
// throws across this class: bodies given to Write and Read may throw SQLite::Exception, which becomes a
// Status.
//
// A disk that fails is a state (store_health.h), found by the writes and ended by CheckDisk. After an I/O
// error nothing is written any more, for nobody can tell what of the kernel's cache the disk has (a second
// fsync may well say "done" about pages it has dropped). Then CheckDisk closes the file, forgets the cached
// pages, opens it again as after a crash, and moves all of the log into the database with a sync of its own
// before it is used.
//
// Threads: Write bodies run one at a time under one mutex, Read bodies under another; in WAL mode readers do
// not block the writer, and see everything committed before they began.
//
// Never open() the database file with anything but SQLite while this object lives: closing any descriptor of
// it drops the process's POSIX locks.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

#include "base/status.h"
#include "failpoint/failpoint.h"
#include "store/disk_guard.h"
#include "store/file_lock.h"
#include "store/sqlite_connection.h"
#include "store/store_options.h"

namespace srdf::store {

// What makes a file an outbox or an inbox.
struct QueueFormat {
  const char* noun;                        // "outbox"
  int64_t application_id;                  // PRAGMA application_id
  int64_t version;                         // PRAGMA user_version; the newest this program knows
  std::string schema;                      // statements that create version `version` in an empty file
  std::vector<const char*> small_tables;   // checked after every crash; wagon_chunk only in a small file
  std::vector<const char*> upgrades = {};  // statements: the first make version 2 of version 1, and so on
};

class QueueDatabase final : public StoreDisk {
 public:
  static Result<std::unique_ptr<QueueDatabase>> Open(const std::string& path, const QueueFormat& format,
                                                     const StoreOptions& options);

  ~QueueDatabase() override;

  const std::string& path() const { return path_; }
  // By its last owner: it was killed, or the host went down.
  bool was_left_open() const { return was_left_open_; }

  StoreHealth Health() const override { return guard_.Health(); }
  StoreHealth CheckDisk() override;
  void Observe(std::function<void()> on_change, std::function<void(double)> on_sync) override {
    guard_.Observe(std::move(on_change), std::move(on_sync));
  }
  // To be asked before what can wait elsewhere is written: kResourceExhausted while the reserve is touched.
  Status Admit() { return guard_.Admit(); }
  // Grows when the file was opened again: what was then half written in several transactions is void.
  uint64_t generation() const { return generation_; }

  // Runs body(connection) in one transaction: committed when it returns ok, else rolled back.
  template <typename Body>
  std::invoke_result_t<Body&, Connection&> Write(Durability durability, Body&& body) {
    std::lock_guard lock(writer_mu_);
    if (!broken_.ok()) return broken_;
    try {
      Transaction transaction(*writer_, durability);
      auto result = body(*writer_);
      if (!result.ok()) return result;
      SRDF_FAILPOINT("store.before_commit");
      {
        SyncTimer timer(durability == Durability::kDisk ? &guard_ : nullptr);
        transaction.Commit();
        timer.Succeeded();
      }
      SRDF_FAILPOINT("store.after_commit");
      return result;
    } catch (const SQLite::Exception& e) {
      return WriteFailed(e);
    }
  }

  // Runs body(connection) on one snapshot.
  template <typename Body>
  std::invoke_result_t<Body&, Connection&> Read(Body&& body) {
    std::lock_guard lock(reader_mu_);
    if (reader_ == nullptr) return unreadable_;
    try {
      Snapshot snapshot(*reader_);
      return body(*reader_);
    } catch (const SQLite::Exception& e) {
      return ToStatus(e, *reader_);
    }
  }

  // Gives pages that a purge left free back to the file system when they are more than a quarter of the
  // file (fewer are simply used again), a few MiB per transaction.
  Status ReleaseFreePages();

 private:
  class Snapshot {
   public:
    explicit Snapshot(Connection& connection) : connection_(connection) { Query(connection, "BEGIN").Run(); }
    ~Snapshot() { connection_.RollbackIfOpen(); }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

   private:
    Connection& connection_;
  };

  class SyncTimer {
   public:
    explicit SyncTimer(DiskGuard* guard) : guard_(guard) {
      if (guard_ != nullptr) guard_->SyncBegan();
    }
    ~SyncTimer() {
      if (guard_ != nullptr) guard_->SyncEnded(succeeded_);
    }
    SyncTimer(const SyncTimer&) = delete;
    SyncTimer& operator=(const SyncTimer&) = delete;
    void Succeeded() { succeeded_ = true; }

   private:
    DiskGuard* const guard_;
    bool succeeded_ = false;
  };

  QueueDatabase(std::string path, QueueFormat format, const StoreOptions& options,
                std::unique_ptr<FileLock> lock);
  // Opens both connections. The file exists; `unclean` when its log is not known to be whole.
  Status Connect(bool unclean);
  void Disconnect();
  Status Prepare(bool unclean);
  Status CheckFormat(bool* empty);
  Status CheckIntegrity();
  Status Upgrade();

  // With writer_mu_ held; queue_recovery.cc.
  Status Reopen();
  Status ProveWrite();
  Status ProveRoom();
  Status WriteFailed(const SQLite::Exception& e);
  Status ToStatus(const SQLite::Exception& e, Connection& connection) const;

  // constant after Open
  const std::string path_;
  const QueueFormat format_;
  const StoreOptions options_;
  const std::unique_ptr<FileLock> lock_;  // before the connections: released after they are closed
  bool was_left_open_ = false;

  DiskGuard guard_;                       // locks for itself
  std::atomic<uint64_t> generation_ = 0;  // changes with writer_mu_ held

  std::mutex writer_mu_;
  // guarded by writer_mu_
  std::unique_ptr<Connection> writer_;
  Status broken_;  // after an I/O error, until the file was opened again

  std::mutex reader_mu_;
  // guarded by reader_mu_
  std::unique_ptr<Connection> reader_;
  Status unreadable_;  // why there is no reader_
};

}  // namespace srdf::store
