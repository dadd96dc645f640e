// srdf-latency-probe: commits one row after the other at a source and tells how long each took to be visible
// at a target.
//
//   srdf-latency-probe SOURCE_SOCKET TARGET_SOCKET DATABASE COUNT PAUSE_US
//
// A thread commits, another asks the target. Times are of this host's steady clock: from the return of the
// commit at the source to the return of the query at the target that first showed the row. The question is
// one read of the table's largest key, asked again after a pause of 100 µs, so a latency is too long by up to
// that pause and one round trip, for every system alike. Output: one latency per line, in microseconds, in
// order of commit.
#include <mysql.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::microseconds kAskAgain{100};
constexpr std::chrono::seconds kGiveUp{60};

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "srdf-latency-probe: %s\n", what.c_str());
  std::exit(1);
}

class Connection {
 public:
  Connection(const char* socket, const char* database) : mysql_(mysql_init(nullptr)) {
    if (mysql_real_connect(mysql_, nullptr, "root", nullptr, database, 0, socket, 0) == nullptr)
      Die(mysql_error(mysql_));
  }
  ~Connection() { mysql_close(mysql_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Execute(const std::string& sql) {
    if (mysql_real_query(mysql_, sql.data(), sql.size()) != 0) Die(sql + ": " + mysql_error(mysql_));
  }
  uint64_t Number(const std::string& sql) {
    Execute(sql);
    MYSQL_RES* const result = mysql_store_result(mysql_);
    const MYSQL_ROW row = result == nullptr ? nullptr : mysql_fetch_row(result);
    const uint64_t number = row == nullptr || row[0] == nullptr ? 0 : std::strtoull(row[0], nullptr, 10);
    mysql_free_result(result);
    return number;
  }

 private:
  MYSQL* const mysql_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) Die("usage: srdf-latency-probe SOURCE_SOCKET TARGET_SOCKET DATABASE COUNT PAUSE_US");
  const uint64_t count = std::strtoull(argv[4], nullptr, 10);
  const double pause_us = std::strtod(argv[5], nullptr);
  Connection source(argv[1], argv[3]);
  Connection target(argv[2], argv[3]);
  const uint64_t first = source.Number("SELECT COALESCE(MAX(id), 0) FROM probe") + 1;
  std::vector<std::atomic<int64_t>> committed(count);

  std::thread writer([&] {
    std::mt19937_64 random(first);
    std::uniform_real_distribution<double> pause(0.5 * pause_us, 1.5 * pause_us);  // in step with nothing
    for (uint64_t i = 0; i < count; ++i) {
      std::this_thread::sleep_for(std::chrono::duration<double, std::micro>(pause(random)));
      source.Execute("INSERT INTO probe (id, note) VALUES (" + std::to_string(first + i) +
                     ", 'latency probe')");
      committed[i] = Clock::now().time_since_epoch().count();
    }
  });
  std::vector<Clock::time_point> seen(count);
  uint64_t next = 0;
  auto progress = Clock::now();
  while (next < count) {
    const uint64_t visible = target.Number("SELECT COALESCE(MAX(id), 0) FROM probe");
    const auto now = Clock::now();
    if (first + next <= visible) progress = now;
    for (; next < count && first + next <= visible; ++next) seen[next] = now;
    if (now - progress > kGiveUp) Die("row " + std::to_string(first + next) + " did not come within 60 s");
    std::this_thread::sleep_for(kAskAgain);
  }
  writer.join();
  for (uint64_t i = 0; i < count; ++i) {
    // Seen before the source's own answer had arrived: no latency.
    const auto latency = seen[i].time_since_epoch() - Clock::duration(committed[i].load());
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(latency).count();
    std::printf("%lld\n", static_cast<long long>(us < 0 ? 0 : us));
  }
  return 0;
}
