// Loads of one kind: a backlog of small transactions, and one huge transaction.
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "loadgen/load.h"
#include "loadgen/session.h"
#include "loadgen/text.h"

namespace srdf::loadgen {

namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr uint64_t kStatementBytes = 1u << 20;
constexpr uint64_t kRowBytes = 16u << 10;

// One thread's part of a backlog.
Status SmallTransactions(const LoadOptions& options, uint64_t transactions, Session* session,
                         const std::stop_token& stop) {
  Text text(options.seed);
  const auto start = steady_clock::now();
  auto reported = start;
  while (session->report().transactions < transactions && !stop.stop_requested()) {
    const uint64_t account = text.Between(1, 20);
    const Status status = session->Run(
        {"BEGIN",
         fmt::format("UPDATE accounts SET balance = balance + 1, version = version + 1 WHERE id = {}",
                     account),
         fmt::format("INSERT INTO events (kind, payload, happened_at) VALUES ({}, {}, NOW(6))", account,
                     text.BytesLiteral(24)),
         "COMMIT"});
    if (!status.ok() && status.code() != StatusCode::kAborted) return status;
    const auto now = steady_clock::now();
    if (options.progress && now - reported > std::chrono::seconds(1)) {
      reported = now;
      Report report = session->report();
      report.seconds = duration<double>(now - start).count();
      options.progress(report);
    }
    if (options.rate != 0 && !stop.stop_requested()) {
      const double due =
          static_cast<double>(session->report().transactions) / static_cast<double>(options.rate);
      std::this_thread::sleep_until(
          start + std::chrono::duration_cast<steady_clock::duration>(duration<double>(due)));
    }
  }
  return {};
}

}  // namespace

Result<Report> RunBacklog(const LoadOptions& options, uint64_t transactions, std::stop_token stop) {
  Session session(options, stop);
  const auto start = steady_clock::now();
  SRDF_RETURN_IF_ERROR(SmallTransactions(options, transactions, &session, stop));
  Report report = session.report();
  report.seed = options.seed;
  report.seconds = duration<double>(steady_clock::now() - start).count();
  return report;
}

Result<Report> RunHugeTransaction(const LoadOptions& options, uint64_t megabytes, std::stop_token stop) {
  Session session(options, stop);
  Text text(options.seed);
  const auto start = steady_clock::now();
  SRDF_RETURN_IF_ERROR(session.Ensure());
  SRDF_RETURN_IF_ERROR(session.Run({"BEGIN"}));
  const uint64_t wanted = megabytes * 1000 * 1000;
  for (uint64_t sent = 0; sent < wanted && !stop.stop_requested();) {
    std::string statement = "INSERT INTO documents (title, body) VALUES ";
    for (uint64_t bytes = 0; bytes < kStatementBytes; bytes += kRowBytes) {
      statement += fmt::format("{}('{}', '{}')", bytes == 0 ? "" : ",", text.Words(2), text.Body(kRowBytes));
    }
    sent += kStatementBytes;
    SRDF_RETURN_IF_ERROR(session.Run({std::move(statement)}));
    if (options.progress) {
      Report report = session.report();
      report.seconds = duration<double>(steady_clock::now() - start).count();
      options.progress(report);
    }
  }
  // Some rows of the same transaction again: updates and deletes of what it inserted.
  SRDF_RETURN_IF_ERROR(session.Run({"UPDATE documents SET revision = revision + 1 WHERE id % 10 = 0",
                                    "DELETE FROM documents WHERE id % 50 = 0", "COMMIT"}));
  Report report = session.report();
  report.seed = options.seed;
  report.seconds = duration<double>(steady_clock::now() - start).count();
  return report;
}

}  // namespace srdf::loadgen
