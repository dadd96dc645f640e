#include "capture/copy_runner.h"

#include <algorithm>

#include "capture/copy_plan.h"
#include "obs/log.h"

namespace srdf::capture {

namespace {

using std::chrono::steady_clock;

// Nothing tells when the source or the target has time again.
constexpr std::chrono::milliseconds kLookAgain{200};
constexpr std::chrono::seconds kTryAgain{5};
constexpr int kRacesMax = 30;
// A place in the stream is reached as soon as the stream has come there.
constexpr std::chrono::hours kPatience{24};
constexpr int64_t kRateSeconds = 10;
// What can have a problem beside tables; no table has such a name.
constexpr char kSchema[] = "schema";
constexpr char kOrder[] = "order";

int64_t NowSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now().time_since_epoch()).count();
}

std::string NameOf(const std::vector<TableCopy>& tables) {
  if (tables.empty()) return "the tables' definitions";
  return tables.front().database + "." + tables.front().table +
         (tables.size() > 1 ? " and " + std::to_string(tables.size() - 1) + " that are copied with it" : "");
}

// Is there still what had the problem? Names as in CopyRunner::Done.
bool IsListed(const std::optional<CopyState>& copy, const std::string& name) {
  return copy && (name == kOrder || (name == kSchema && !copy->schema_done) ||
                  std::any_of(copy->tables.begin(), copy->tables.end(), [&](const TableCopy& table) {
                    return name == table.database + "." + table.table;
                  }));
}

}  // namespace

CopyRunner::CopyRunner(std::string flow, engine::SourceEngine* source, FeedSession* session,
                       std::shared_ptr<StreamGate> gate)
    : flow_(std::move(flow)), source_(source), gate_(std::move(gate)), throttle_(source, session) {}

CopyRunner::~CopyRunner() { Stop(); }

void CopyRunner::Begin(const CopyOptions& options) {
  if (!gate_->copy()) return;
  throttle_.SetThreadsRunningMax(options.threads_running_max);
  std::unique_lock lock(mu_);
  options_ = options;
  changed_.notify_all();
  if (stopping_) return;
  if (working_ == 0) {
    // Those of a copy that is done have ended.
    std::vector<std::jthread> ended = std::exchange(readers_, {});
    lock.unlock();
    ended.clear();
    lock.lock();
  }
  while (!stopping_ && working_ < std::max<size_t>(options.readers, 1)) {
    ++working_;
    readers_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
  }
}

void CopyRunner::Stop() {
  std::vector<std::jthread> readers;
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
    for (std::jthread& reader : readers_) reader.request_stop();
    readers = std::exchange(readers_, {});
    changed_.notify_all();
  }
}

void CopyRunner::Work(const std::stop_token& stop) {
  for (;;) {
    while (auto item = Next(stop)) Done(*item, Do(*item, stop));
    std::lock_guard lock(mu_);
    // Another copy may have begun meanwhile, for which nobody was started because this one was there.
    if (!stopping_ && gate_->ended().ok() && gate_->copy()) continue;
    if (--working_ == 0) waits_for_.clear();
    return;
  }
}

std::optional<CopyRunner::Item> CopyRunner::Next(const std::stop_token& stop) {
  while (!stop.stop_requested() && gate_->ended().ok()) {
    const std::optional<CopyState> copy = gate_->copy();
    if (!copy) return std::nullopt;
    std::string hindrance;
    if (copy->unplanned()) {
      hindrance = "the copy is not planned yet";
    } else if (copy->paused) {
      hindrance = "the copy is paused";
    } else {
      hindrance = throttle_.Hindrance();
    }
    if (hindrance.empty()) {
      if (Status s = RefreshForeignKeys(); !s.ok()) hindrance = s.message();
    }
    std::unique_lock lock(mu_);
    if (hindrance.empty()) {
      auto chosen = Choose(*copy);
      if (!chosen.ok()) {
        hindrance = chosen.status().message();
        problems_.insert_or_assign(kOrder, chosen.status());
      } else if (*chosen) {
        waits_for_.clear();
        return std::move(*chosen);
      }
    }
    if (!hindrance.empty() || busy_.empty()) waits_for_ = hindrance;
    changed_.wait_for(lock, stop, kLookAgain, [] { return false; });
  }
  return std::nullopt;
}

Result<std::optional<CopyRunner::Item>> CopyRunner::Choose(const CopyState& copy) {
  if (!copy.schema_done) {
    if (schema_busy_ || again_at_[kSchema] > steady_clock::now()) return std::optional<Item>();
    schema_busy_ = true;
    return std::optional<Item>(Item{{}, copy});
  }
  // What failed a moment ago is let alone for a while.
  std::vector<engine::TableId> resting;
  for (const TableCopy& table : copy.tables) {
    const auto it = again_at_.find(table.database + "." + table.table);
    if (it != again_at_.end() && it->second > steady_clock::now())
      resting.push_back({table.database, table.table});
  }
  SRDF_ASSIGN_OR_RETURN(std::vector<TableCopy> tables, NextTables(copy, *keys_, busy_, resting));
  problems_.erase(kOrder);
  if (tables.empty()) return std::optional<Item>();
  for (const TableCopy& table : tables) busy_.push_back({table.database, table.table});
  return std::optional<Item>(Item{std::move(tables), {}});
}

Status CopyRunner::RefreshForeignKeys() {
  const uint64_t statements = gate_->statements();
  {
    std::lock_guard lock(mu_);
    if (keys_ && keys_of_ == statements) return {};
  }
  SRDF_ASSIGN_OR_RETURN(auto keys, source_->ForeignKeys());
  std::lock_guard lock(mu_);
  keys_ = std::move(keys);
  keys_of_ = statements;
  return {};
}

Status CopyRunner::Do(const Item& item, const std::stop_token& stop) {
  CopyContext context{source_, gate_, &refs_, 0, {steady_clock::now() + kPatience, [&stop] {
                                                    return stop.stop_requested();
                                                  }}};
  {
    std::lock_guard lock(mu_);
    context.chunk_bytes = options_.chunk_bytes;
  }
  if (item.tables.empty()) {
    std::vector<std::string> remarks;
    SRDF_RETURN_IF_ERROR(CopySchema(context, item.copy, &remarks));
    for (const std::string& remark : remarks)
      obs::Warn("copy_schema_remark", {{"flow", flow_}, {"what", remark}});
    std::lock_guard lock(mu_);
    remarks_ = std::move(remarks);
    return {};
  }
  const TableCopy& first = item.tables.front();
  bool whole = item.tables.size() > 1 || first.group != 0;
  {
    std::lock_guard lock(mu_);
    // Also by a foreign key that came since the copy was planned.
    whole = whole || IsReadAtOnce({first.database, first.table}, *keys_);
  }
  SRDF_ASSIGN_OR_RETURN(const uint64_t rows, whole ? CopyWhole(context, item.tables)
                                                   : CopyNextRange(context, item.tables.front()));
  CountRows(rows);
  return {};
}

void CopyRunner::Done(const Item& item, const Status& status) {
  const std::optional<CopyState> left = gate_->copy();
  std::lock_guard lock(mu_);
  const std::string name =
      item.tables.empty() ? kSchema : item.tables.front().database + "." + item.tables.front().table;
  if (item.tables.empty()) schema_busy_ = false;
  for (const TableCopy& table : item.tables) {
    std::erase(busy_, engine::TableId{table.database, table.table});
    if (status.ok() && (!left || left->Find(table.database, table.table) == nullptr)) {
      obs::Info("copy_table_done", {{"flow", flow_}, {"table", table.database + "." + table.table}});
    }
  }
  if (status.ok() || status.code() == StatusCode::kCancelled || !gate_->ended().ok()) {
    problems_.erase(name);
    races_.erase(name);
  } else {
    // A race with a statement or with an operator is run again at once, but not in a circle; one that is lost
    // again and again somebody has to end.
    const bool race = status.code() == StatusCode::kAborted && ++races_[name] < kRacesMax;
    again_at_[name] =
        steady_clock::now() + (race ? std::chrono::milliseconds(20) : std::chrono::milliseconds(kTryAgain));
    if (!race && !stopping_) {
      const Status problem = status.WithContext("copying " + NameOf(item.tables));
      obs::Warn("copy_failed", {{"flow", flow_}, {"error", problem}});
      problems_.insert_or_assign(name, problem);
    }
  }
  if (!left) obs::Info("copy_done", {{"flow", flow_}});
  changed_.notify_all();
}

void CopyRunner::CountRows(uint64_t rows) {
  const int64_t now = NowSeconds();
  std::lock_guard lock(mu_);
  if (!recent_.empty() && recent_.back().first == now) {
    recent_.back().second += rows;
  } else {
    recent_.emplace_back(now, rows);
  }
  std::erase_if(recent_, [&](const auto& second) { return second.first <= now - kRateSeconds; });
}

CopyWorkStatus CopyRunner::GetStatus() const {
  const int64_t now = NowSeconds();
  const std::optional<CopyState> copy = gate_->copy();
  std::lock_guard lock(mu_);
  CopyWorkStatus status;
  status.waits_for = waits_for_;
  for (const auto& [name, problem] : problems_) {
    if (IsListed(copy, name)) status.problems.push_back(problem);
  }
  for (const std::string& remark : remarks_) {
    status.problems.emplace_back(StatusCode::kFailedPrecondition,
                                 "not created at the target as it is at the source: " + remark,
                                 "look at it at both sides, and create it at the target by hand");
  }
  status.busy = busy_;
  uint64_t rows = 0;
  int64_t first = now;
  for (const auto& [second, count] : recent_) {
    if (second <= now - kRateSeconds) continue;
    rows += count;
    first = std::min(first, second);
  }
  status.rows_per_second = rows / static_cast<uint64_t>(now - first + 1);
  return status;
}

}  // namespace srdf::capture
