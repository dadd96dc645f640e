// The mixed load: workers send transactions, the calling thread steers: it reads how far the tables' numbers
// go, runs the DDL in the middle, reports progress and ends the workers.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "loadgen/load.h"
#include "loadgen/schema.h"
#include "loadgen/session.h"
#include "loadgen/transaction_mix.h"

namespace srdf::loadgen {

namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

// What the steering thread and the workers share.
class Shared {
 public:
  Extents extents() const {
    std::lock_guard lock(mu_);
    return extents_;
  }
  void set_extents(const Extents& extents) {
    std::lock_guard lock(mu_);
    extents_ = extents;
  }
  void Publish(size_t worker, const Report& report) {
    std::lock_guard lock(mu_);
    reports_.resize(std::max(reports_.size(), worker + 1));
    reports_[worker] = report;
  }
  Report Total() const {
    std::lock_guard lock(mu_);
    Report total;
    for (const Report& report : reports_) total.Add(report);
    return total;
  }
  void Fail(const Status& status) {
    std::lock_guard lock(mu_);
    if (!failed_) failed_ = status;
  }
  std::optional<Status> failed() const {
    std::lock_guard lock(mu_);
    return failed_;
  }

 private:
  mutable std::mutex mu_;
  // guarded by mu_
  Extents extents_;
  std::vector<Report> reports_;
  std::optional<Status> failed_;
};

// Waits until `when`; false when stopped before.
bool WaitUntil(steady_clock::time_point when, const std::stop_token& stop) {
  std::mutex mu;
  std::condition_variable_any never;
  std::unique_lock lock(mu);
  never.wait_until(lock, stop, when, [] { return false; });
  return !stop.stop_requested();
}

void Work(const LoadOptions& options, unsigned worker, Shared* shared, const std::stop_token& stop) {
  Session session(options, stop);
  TransactionMix mix(options.seed, worker);
  const auto step = options.rate == 0 ? duration<double>(0)
                                      : duration<double>(static_cast<double>(options.threads) / options.rate);
  const auto start = steady_clock::now();
  for (uint64_t n = 1; !stop.stop_requested(); ++n) {
    const Status status = session.Run(mix.Next(shared->extents()));
    shared->Publish(worker, session.report());
    if (!status.ok() && status.code() != StatusCode::kAborted) {
      if (!stop.stop_requested()) shared->Fail(status);
      return;
    }
    if (options.rate != 0 &&
        !WaitUntil(start + std::chrono::duration_cast<steady_clock::duration>(step * n), stop)) {
      return;
    }
  }
}

// The statements of the DDL cycle, one per step.
const char* const kDdl[] = {
    "ALTER TABLE events ADD COLUMN IF NOT EXISTS channel VARCHAR(30) NOT NULL DEFAULT 'web' AFTER kind",
    "CREATE OR REPLACE TABLE order_summary AS SELECT status, COUNT(*) AS orders, SUM(total) AS total"
    " FROM orders GROUP BY status",
    "TRUNCATE TABLE scratch",
    "ALTER TABLE order_summary ADD PRIMARY KEY (status)",
    "ALTER TABLE events MODIFY channel VARCHAR(60) NOT NULL DEFAULT 'web'",
    "DROP TABLE order_summary",
};

class Steering {
 public:
  Steering(const LoadOptions& options, Shared* shared, std::stop_token stop)
      : options_(options), shared_(shared), stop_(std::move(stop)), session_(options, stop_) {}

  // Until the time is over, a worker failed, or stopped.
  Status Run() {
    const auto start = steady_clock::now();
    const double ddl_seconds = options_.seconds > 0 ? options_.seconds / (std::size(kDdl) + 1) : 4;
    size_t ddl_done = 0;
    for (int tick = 0;; ++tick) {
      const double elapsed = duration<double>(steady_clock::now() - start).count();
      if (options_.seconds > 0 && elapsed >= options_.seconds) return {};
      if (auto failed = shared_->failed()) return *failed;
      if (tick % 10 == 0) {
        SRDF_RETURN_IF_ERROR(Tolerate(ReadExtents()));
        if (options_.progress) options_.progress(Snapshot(elapsed));
      }
      if (options_.ddl && elapsed >= ddl_seconds * static_cast<double>(ddl_done + 1)) {
        // A step that the server's restart cut off is run again in the next turn: each may be repeated.
        if (options_.seconds == 0 || ddl_done < std::size(kDdl)) {
          const Status status = session_.Run({kDdl[ddl_done % std::size(kDdl)]});
          SRDF_RETURN_IF_ERROR(Tolerate(status));
          if (status.ok()) {
            ++session_.report().ddl;
            ++ddl_done;
          }
        }
      }
      if (!WaitUntil(steady_clock::now() + std::chrono::milliseconds(100), stop_)) return {};
    }
  }

  Report Snapshot(double elapsed) {
    Report report = shared_->Total();
    report.ddl = session_.report().ddl;
    report.seed = options_.seed;
    report.seconds = elapsed;
    return report;
  }

 private:
  static Status Tolerate(Status status) {
    if (status.code() == StatusCode::kAborted || status.code() == StatusCode::kCancelled) return {};
    return status;
  }

  Status ReadExtents() {
    Extents extents = shared_->extents();
    const std::pair<const char*, uint64_t*> tables[] = {{"customers", &extents.customers},
                                                        {"orders", &extents.orders},
                                                        {"events", &extents.events},
                                                        {"documents", &extents.documents}};
    for (const auto& [table, extent] : tables) {
      SRDF_ASSIGN_OR_RETURN(const std::string id,
                            session_.QueryValue(fmt::format("SELECT COALESCE(MAX(id), 1) FROM {}", table)));
      *extent = std::stoull(id);
    }
    const auto channel = session_.QueryValue(
        "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()"
        " AND table_name = 'events' AND column_name = 'channel'");
    if (!channel.ok()) return channel.status();
    extents.events_have_channel = *channel == "1";
    shared_->set_extents(extents);
    return {};
  }

  const LoadOptions& options_;
  Shared* shared_;
  std::stop_token stop_;
  Session session_;
};

}  // namespace

Status Init(const LoadOptions& options) {
  SRDF_ASSIGN_OR_RETURN(auto connection, engine_mariadb::Connection::Open(options.server, {}));
  return InitSchema(connection.get(), options.database, options.seed);
}

Result<Report> RunMixed(const LoadOptions& options, std::stop_token stop) {
  Shared shared;
  Steering steering(options, &shared, stop);
  const auto start = steady_clock::now();
  Status status;
  {
    std::stop_source stop_workers;
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < options.threads; ++i) {
      workers.emplace_back([&, i, token = stop_workers.get_token()] { Work(options, i, &shared, token); });
    }
    status = steering.Run();
    stop_workers.request_stop();
    for (std::jthread& worker : workers) worker.join();
  }
  if (status.ok()) status = shared.failed().value_or(Status());
  if (!status.ok()) return status;
  return steering.Snapshot(duration<double>(steady_clock::now() - start).count());
}

}  // namespace srdf::loadgen
