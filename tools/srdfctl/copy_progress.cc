#include "srdfctl/copy_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "srdfctl/text.h"

namespace srdf::ctl {

namespace {

constexpr std::chrono::seconds kWindow{15};
constexpr uint64_t kBarCells = 20;

}  // namespace

std::string CopyProgress::Line(const capture::v1::GetCopyResponse& copy, Clock::time_point now) {
  if (!bytes_.empty() && copy.bytes() < bytes_.back().second) bytes_.clear();  // another copy
  bytes_.emplace_back(now, copy.bytes());
  while (bytes_.size() > 2 && now - bytes_.front().first > kWindow) bytes_.pop_front();
  if (!copy.schema_done() && copy.rows() == 0) {
    return copy.waits_for().empty() ? "creating the tables at the target"
                                    : "waits: " + Printable(copy.waits_for());
  }
  // Estimates are wrong by a tenth and more: never full before it is done.
  const uint64_t done = copy.rows();
  const uint64_t all = std::max(copy.rows_estimate(), done + 1);
  const uint64_t percent = std::min<uint64_t>(done * 100 / all, 99);
  const uint64_t cells = percent * kBarCells / 100;
  std::string line = fmt::format("[{}{}] {} %, {} of {} tables, {} rows, {}", std::string(cells, '#'),
                                 std::string(kBarCells - cells, '.'), percent, copy.tables_done(),
                                 copy.tables_total(), FormatCount(done), FormatBytes(copy.bytes()));
  const double seconds = std::chrono::duration<double>(now - bytes_.front().first).count();
  const uint64_t moved = bytes_.back().second - bytes_.front().second;
  if (seconds > 0.5 && moved > 0) {
    const double rate = static_cast<double>(moved) / seconds;
    line += ", " + FormatBytes(static_cast<uint64_t>(rate)) + "/s";
    if (done > 0) {
      const double bytes_left =
          static_cast<double>(all - done) * static_cast<double>(copy.bytes()) / static_cast<double>(done);
      line += ", about " + FormatDuration(static_cast<int64_t>(bytes_left / rate * 1000)) + " left";
    }
  }
  if (copy.paused()) {
    line += "; paused";
  } else if (!copy.waits_for().empty()) {
    line += "; waits: " + Printable(copy.waits_for());
  } else if (copy.tables_size() > 0) {
    line += ": " + Printable(copy.tables(0).database() + "." + copy.tables(0).table());
  }
  return line;
}

}  // namespace srdf::ctl
