#include "srdfctl/comparing.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "compare/pair.h"
#include "srdfctl/remote_side.h"
#include "srdfctl/row_text.h"
#include "srdfctl/text.h"

namespace srdf::ctl {

namespace {

using Clock = std::chrono::steady_clock;

std::atomic<bool> signalled{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void OnSignal(int) { signalled = true; }

// Signals set the flag while this lives.
class Listening {
 public:
  Listening() {
    signalled = false;
    struct sigaction action {};
    action.sa_handler = OnSignal;
    ::sigaction(SIGINT, &action, &old_int_);
    ::sigaction(SIGTERM, &action, &old_term_);
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() {
    ::sigaction(SIGINT, &old_int_, nullptr);
    ::sigaction(SIGTERM, &old_term_, nullptr);
  }

 private:
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
};

// A line that is written over on a terminal, and a line now and then elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted)
      : wanted_(wanted), terminal_(::isatty(STDERR_FILENO) != 0), begun_(Clock::now()), told_(begun_) {}
  ~ProgressLine() {
    if (open_) std::fputs("\r\x1b[K", stderr);
  }
  void Tell(const compare::Progress& progress) {
    const auto now = Clock::now();
    if (!wanted_ ||
        now - told_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(5000)))
      return;
    told_ = now;
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const auto rate = static_cast<uint64_t>(static_cast<double>(progress.rows_done) / seconds);
    std::string line = fmt::format("{} of {} tables, {} rows, {}/s", progress.tables_done,
                                   progress.tables_total, FormatCount(progress.rows_done), FormatCount(rate));
    if (rate > 0 && progress.rows_estimate > progress.rows_done) {
      line +=
          ", about " +
          FormatDuration(static_cast<int64_t>((progress.rows_estimate - progress.rows_done) * 1000 / rate)) +
          " left";
    }
    if (progress.differences > 0) line += fmt::format(", {}", Counted(progress.differences, "difference"));
    line += ": " + (progress.table.empty() ? "opening a pair of snapshots, which waits for the target"
                                           : Printable(progress.table));
    std::fputs((terminal_ ? "\r\x1b[K" + line : line + "\n").c_str(), stderr);
    open_ = terminal_;
  }

 private:
  const bool wanted_;
  const bool terminal_;
  const Clock::time_point begun_;
  Clock::time_point told_;
  bool open_ = false;
};

// What the operator wrote as keys, in the table's own encoding.
Status ResolveRanges(compare::Side* source, compare::Side* target, ComparingOptions* options) {
  if (options->ranges.empty()) return {};
  compare::Pair pair(source, target);
  SRDF_RETURN_IF_ERROR(pair.Open());
  for (const auto& [name, text] : options->ranges) {
    SRDF_ASSIGN_OR_RETURN(const TableSchema schema, source->Describe(name));
    if (schema.key_kind == KeyKind::kNone) {
      return {StatusCode::kInvalidArgument, name.Text() + " has no key, so no range of it can be compared",
              "compare all of it: --table " + name.Text()};
    }
    engine::KeyRange range;
    SRDF_ASSIGN_OR_RETURN(range.after, KeyOfText(schema, text.first));
    SRDF_ASSIGN_OR_RETURN(range.until, KeyOfText(schema, text.second));
    if (IsReversed(schema, range.after, range.until)) {
      return {
          StatusCode::kInvalidArgument,
          "the range " + text.first + ".." + text.second + " of " + name.Text() + " ends before it begins",
          "write the lesser key first"};
    }
    // A range of keys is one behind FROM: the row with that key comes by itself.
    if (!range.after.empty()) options->compare.keys[name] = {range.after};
    options->compare.ranges[name] = std::move(range);
  }
  return {};
}

}  // namespace

bool Interrupted() { return signalled; }

bool SharesTarget(const config::Config& config, const std::string& name) {
  const config::FlowConfig& flow = *config.FindFlow(name);
  return std::any_of(config.flows.begin(), config.flows.end(), [&](const config::FlowConfig& other) {
    return other.name != flow.name && other.target.host == flow.target.host &&
           other.target.port == flow.target.port && other.target.socket == flow.target.socket;
  });
}

Status WithSides(MeshClient* client, const std::string& flow, uint64_t rows_per_second_max,
                 const std::function<Status(compare::Side* source, compare::Side* target)>& work) {
  RemoteSide source(client, "capture", client->source_snapshots(), flow, rows_per_second_max);
  RemoteSide target(client, "applier", client->target_snapshots(), flow, rows_per_second_max);
  const Listening listening;
  std::jthread watcher([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && !signalled) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (!signalled) return;
    source.Interrupt();
    target.Interrupt();
  });
  const Status status = work(&source, &target);
  if (!status.ok() && signalled) return {StatusCode::kCancelled, "given up: a signal has come"};
  return status;
}

Result<VerifyReport> RunComparison(MeshClient* client, ComparingOptions options) {
  if (options.rows_per_second_max != 0) {
    // A batch is what is done again after a restart, and what progress tells of.
    constexpr uint64_t kSecondsPerBatch = 3;
    compare::CompareOptions& limits = options.compare;
    limits.rows_per_part = std::clamp<uint64_t>(options.rows_per_second_max, 1, limits.rows_per_part);
    limits.rows_per_batch = std::clamp<uint64_t>(options.rows_per_second_max * kSecondsPerBatch,
                                                 limits.rows_per_part, limits.rows_per_batch);
  }
  VerifyReport report;
  report.flow = options.flow;
  report.scope = options.scope;
  const Status status = WithSides(
      client, options.flow, options.rows_per_second_max,
      [&](compare::Side* source, compare::Side* target) -> Status {
        SRDF_RETURN_IF_ERROR(ResolveRanges(source, target, &options));
        ProgressLine line(options.progress);
        options.compare.cancelled = Interrupted;
        options.compare.progress = [&line](const compare::Progress& progress) { line.Tell(progress); };
        SRDF_ASSIGN_OR_RETURN(report.findings, compare::Compare(source, target, options.compare));
        report.source_server = static_cast<RemoteSide*>(source)->server();
        report.target_server = static_cast<RemoteSide*>(target)->server();
        return {};
      });
  if (!status.ok()) return status;
  return report;
}

}  // namespace srdf::ctl
