#include "batcher/window.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/blocking_section.h"
#include "base/clock.h"
#include "model/mark.h"
#include "model/prepared.h"

namespace srdf::batcher {

namespace {

// Closed groups that may wait for the sealer; beyond either the feed waits.
constexpr size_t kClosedGroupsMax = 64;
constexpr size_t kHugePartsMax = 8;
constexpr size_t kHugeBytesMax = 8u << 20;
constexpr size_t kHugePartBytes = 2u << 20;
constexpr size_t kSmallBufferBytes = 16u << 10;
constexpr size_t kBlockBytes = 256u << 10;
// More than this in one period is a busy feed. Beside the latency that such a load has anyway the gap is
// little; measured with four clients at full speed, wagons a fifth as many leave the source a fifth more
// transactions.
constexpr std::chrono::milliseconds kRatePeriod{100};
constexpr uint64_t kBusyTransactions = 80;
constexpr std::chrono::milliseconds kBusyGap{20};

template <typename Sequence>
void MoveAppend(Sequence* to, Sequence* from) {
  to->insert(to->end(), std::make_move_iterator(from->begin()), std::make_move_iterator(from->end()));
  from->clear();
}

Status Malformed(const std::string& what) {
  return {StatusCode::kDataLoss, "change stream: " + what,
          "restart capture; if it happens again, report a bug"};
}

}  // namespace

Status Window::Append(std::string records, const std::stop_token& stop) {
  const auto buffer = std::make_shared<const std::string>(std::move(records));
  RecordCursor cursor(*buffer);
  Record record;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) return {};
    SRDF_RETURN_IF_ERROR(AppendRecord(record, buffer, stop));
  }
}

Status Window::AppendRecord(const Record& record, const Buffer& buffer, const std::stop_token& stop) {
  switch (record.type) {
    case RecordType::kTableSchema: {
      SRDF_ASSIGN_OR_RETURN(TableSchema schema, DecodeTableSchema(record.body));
      const uint32_t ref = schema.table_ref;
      schemas_[ref] = std::make_shared<const TableSchema>(std::move(schema));
      return {};
    }
    case RecordType::kTransactionBegin: {
      if (pending_.open) return Malformed("a transaction begins inside another");
      SRDF_RETURN_IF_ERROR(WaitForRoom(stop));
      SRDF_ASSIGN_OR_RETURN(TransactionBegin begin, DecodeTransactionBegin(record.body));
      pending_ = {};
      pending_.open = true;
      pending_.gtid = std::move(begin.gtid);
      pending_.commit_time_ms = begin.commit_time_ms;
      return {};
    }
    case RecordType::kRowRun:
      SRDF_RETURN_IF_ERROR(AppendRun(record, buffer));
      break;
    case RecordType::kPreparedPart:
    case RecordType::kPreparedOutcome:
      SRDF_RETURN_IF_ERROR(AppendPrepared(record, buffer));
      break;
    case RecordType::kStatement:
      if (!pending_.open) return Malformed("a statement outside of a transaction");
      if (pending_.rows != 0 || pending_.huge != nullptr)
        return Malformed("a statement after rows of its transaction");
      KeepBuffer(buffer);
      pending_.part.statements.push_back(record.body);
      ++pending_.statements;
      pending_.bytes += record.whole.size();
      break;
    case RecordType::kMark:
    case RecordType::kRangeCopy:
      SRDF_RETURN_IF_ERROR(AppendCopy(record, buffer));
      break;
    case RecordType::kTransactionEnd: {
      if (!pending_.open) return Malformed("a transaction ends that did not begin");
      SRDF_ASSIGN_OR_RETURN(TransactionEnd end, DecodeTransactionEnd(record.body));
      SRDF_RETURN_IF_ERROR(EndTransaction(std::move(end), stop));
      pending_ = {};
      return {};
    }
  }
  // Rows count as well as bytes: the compactor keeps some hundred bytes about each, however small it is.
  const bool huge = pending_.bytes > limits_.bytes_max || pending_.rows > limits_.events_max;
  if (pending_.huge == nullptr && huge) SRDF_RETURN_IF_ERROR(BeginHuge(stop));
  if (pending_.huge != nullptr && pending_.bytes > kHugePartBytes) return PushHugePart(nullptr, stop);
  return {};
}

Status Window::AppendRun(const Record& record, const Buffer& buffer) {
  if (!pending_.open) return Malformed("rows outside of a transaction");
  SRDF_ASSIGN_OR_RETURN(const RowRunReader run, RowRunReader::Open(record.body));
  SRDF_RETURN_IF_ERROR(Refer(run.header().table_ref));
  pending_.part.changes.emplace_back(record.type, Keep(record.body, buffer));
  pending_.rows += run.row_count();
  pending_.bytes += record.whole.size();
  return {};
}

Status Window::Refer(uint32_t table_ref) {
  if (!pending_.refs.insert(table_ref).second) return {};
  const auto it = schemas_.find(table_ref);
  if (it == schemas_.end()) return Malformed("rows of a table whose schema was not sent");
  pending_.part.schemas.push_back(it->second);
  return {};
}

// Rows that follow a range are those of the source at this position: among changes of a transaction they
// would mean something else.
Status Window::AppendCopy(const Record& record, const Buffer& buffer) {
  if (!pending_.open || !pending_.gtid.empty()) return Malformed("a mark or rows of a copy in a transaction");
  if (record.type == RecordType::kMark) {
    SRDF_ASSIGN_OR_RETURN([[maybe_unused]] const Mark mark, DecodeMark(record.body));
    if (pending_.alone == SealReason::kUnknown) pending_.alone = SealReason::kMark;
  } else {
    SRDF_ASSIGN_OR_RETURN(const RangeCopy copy, DecodeRangeCopy(record.body));
    SRDF_RETURN_IF_ERROR(Refer(copy.table_ref));
    pending_.alone = SealReason::kCopy;
  }
  KeepBuffer(buffer);
  pending_.part.changes.emplace_back(record.type, record.body);
  pending_.bytes += record.whole.size();
  return {};
}

// The rows of a part stay packed: they are nobody's business before their outcome.
Status Window::AppendPrepared(const Record& record, const Buffer& buffer) {
  if (!pending_.open) return Malformed("a prepared transaction outside of a transaction");
  if (record.type == RecordType::kPreparedPart) {
    SRDF_ASSIGN_OR_RETURN(const PreparedPart part, DecodePreparedPart(record.body));
    pending_.rows += part.rows;
  } else {
    SRDF_ASSIGN_OR_RETURN([[maybe_unused]] const auto outcome, DecodePreparedOutcome(record.body));
  }
  KeepBuffer(buffer);
  pending_.part.changes.emplace_back(record.type, record.body);
  pending_.bytes += record.whole.size();
  return {};
}

void Window::KeepBuffer(const Buffer& buffer) {
  auto& buffers = pending_.part.buffers;
  if (buffers.empty() || buffers.back() != buffer) buffers.push_back(buffer);
}

// Buffers of a busy feed are kept as they came. A small one has little in it but its own frame and the texts
// of positions: its rows move close to those of others, in a third less memory.
ByteView Window::Keep(ByteView body, const Buffer& buffer) {
  if (buffer->size() > kSmallBufferBytes) {
    KeepBuffer(buffer);
    return body;
  }
  if (block_ == nullptr || block_->capacity() - block_->size() < body.size()) {
    block_ = std::make_shared<std::string>();
    block_->reserve(kBlockBytes);
  }
  const size_t at = block_->size();
  block_->append(body);
  KeepBuffer(block_);
  return ByteView(*block_).substr(at);
}

Status Window::WaitForRoom(const std::stop_token& stop) {
  std::unique_lock lock(mu_);
  const auto room = [&] {
    return draining_ || closed_.empty() ||
           (closed_.size() < kClosedGroupsMax && closed_bytes_ + open_.counts.bytes < limits_.bytes_max);
  };
  if (!room()) {
    const BlockingSection section;
    changed_.wait(lock, stop, room);
  }
  if (draining_ || !room()) return {StatusCode::kCancelled, "the batcher is stopping"};
  return {};
}

// From here on the transaction goes to the sealer in parts, as a group of its own.
Status Window::BeginHuge(const std::stop_token& stop) {
  pending_.huge = std::make_shared<BoundedQueue<HugePart>>(kHugePartsMax, kHugeBytesMax);
  {
    std::lock_guard lock(mu_);
    CloseOpen(StandsAlone(pending_.alone) ? SealReason::kBarrier : SealReason::kMaxBytes);
    Group group;
    group.reason = pending_.alone == SealReason::kUnknown ? SealReason::kHugeTransaction : pending_.alone;
    group.first_gtid = pending_.gtid;
    group.commit_time_first_ms = pending_.commit_time_ms;
    group.opened_at_ms = WallClockMs();
    group.huge = pending_.huge;
    group.counts.ends = 1;
    closed_.push_back(std::move(group));
    changed_.notify_all();
  }
  return PushHugePart(nullptr, stop);
}

Status Window::PushHugePart(std::shared_ptr<GroupEnd> end, const std::stop_token& stop) {
  pending_.huge_rows += pending_.rows;
  pending_.huge_statements += pending_.statements;
  const uint64_t bytes = pending_.bytes;
  pending_.rows = pending_.statements = pending_.bytes = 0;
  pending_.refs.clear();
  if (end != nullptr) {
    end->rows = pending_.huge_rows;
    end->statements = pending_.huge_statements;
  }
  HugePart part{std::move(pending_.part), std::move(end)};
  pending_.part = {};
  const BlockingSection section;
  if (!pending_.huge->Push(std::move(part), bytes, stop))
    return {StatusCode::kCancelled, "the batcher is stopping"};
  return {};
}

Status Window::EndTransaction(TransactionEnd end, const std::stop_token& stop) {
  if (pending_.huge != nullptr) {
    auto last = std::make_shared<GroupEnd>();
    {
      std::lock_guard lock(mu_);
      if (end.sets_copy) copy_ = end.position.copy;
      last->last = std::move(end.position);
      last->last.copy = copy_;
    }
    last->last_gtid = pending_.gtid;
    last->commit_time_last_ms = pending_.commit_time_ms;
    last->transactions = pending_.gtid.empty() ? 0 : 1;
    last->source_bytes = end.source_end_bytes;
    return PushHugePart(std::move(last), stop);
  }
  if (end.sets_copy && pending_.alone == SealReason::kUnknown) pending_.alone = SealReason::kCopy;
  std::lock_guard lock(mu_);
  // What is a group of its own.
  const SealReason alone = pending_.statements != 0 ? SealReason::kStatement : pending_.alone;
  if (alone != SealReason::kUnknown) {
    CloseOpen(StandsAlone(alone) ? SealReason::kBarrier : alone);
  } else if (open_.counts.bytes + pending_.bytes > limits_.bytes_max) {
    CloseOpen(SealReason::kMaxBytes);
  } else if (open_.counts.rows + pending_.rows > limits_.events_max) {
    CloseOpen(SealReason::kMaxEvents);
  }
  AddPendingToOpen(std::move(end));
  CountTransaction(std::chrono::steady_clock::now());
  if (alone != SealReason::kUnknown) {
    CloseOpen(alone);
  } else if (limits_.on_commit) {
    CloseOpen(SealReason::kOnCommit);
  } else if (open_.counts.rows >= limits_.events_max) {
    CloseOpen(SealReason::kMaxEvents);
  } else if (open_.counts.bytes >= limits_.bytes_max) {
    CloseOpen(SealReason::kMaxBytes);
  }
  // Of a closed group at once: the feed may wait for room before it comes to TakeSmall.
  if (tell_of_appends_ || !closed_.empty()) changed_.notify_all();
  return {};
}

void Window::AddPendingToOpen(TransactionEnd end) {
  if (open_.counts.ends == 0) {
    open_.first_gtid = pending_.gtid;
    open_.commit_time_first_ms = pending_.commit_time_ms;
    open_.opened_at_ms = WallClockMs();
    opened_at_ = std::chrono::steady_clock::now();
    sealer_knows_ = false;
  }
  // The state of the copy is the window's own until it is closed: it may be long, and ends are many.
  if (end.sets_copy) copy_ = std::move(end.position.copy);
  end.position.copy.clear();
  open_.end.last = std::move(end.position);
  open_.end.last_gtid = pending_.gtid;
  open_.end.commit_time_last_ms = pending_.commit_time_ms;
  GroupCounts& counts = open_.counts;
  ++counts.ends;
  if (!pending_.gtid.empty()) ++counts.transactions;
  counts.rows += pending_.rows;
  counts.statements += pending_.statements;
  // A transaction weighs something even without rows, so that a stream of empty ones is bounded too.
  counts.bytes += pending_.bytes + 64;
  counts.source_bytes += end.source_end_bytes;
  for (SchemaPtr& schema : pending_.part.schemas) {
    if (open_refs_.insert(schema->table_ref).second) open_.part.schemas.push_back(std::move(schema));
  }
  MoveAppend(&open_.part.statements, &pending_.part.statements);
  MoveAppend(&open_.part.changes, &pending_.part.changes);
  for (Buffer& buffer : pending_.part.buffers) {
    if (open_.part.buffers.empty() || open_.part.buffers.back() != buffer) {
      open_.part.buffers.push_back(std::move(buffer));
    }
  }
}

void Window::CloseOpen(SealReason reason) {
  if (open_.counts.ends == 0) return;
  open_.reason = reason;
  open_.end.last.copy = copy_;
  if (reason == SealReason::kAdaptive) adaptive_closed_at_ = std::chrono::steady_clock::now();
  closed_bytes_ += open_.counts.bytes;
  closed_.push_back(std::move(open_));
  open_ = {};
  open_refs_.clear();
}

Group Window::PopClosed() {
  Group group = std::move(closed_.front());
  closed_.pop_front();
  closed_bytes_ -= group.counts.bytes;
  ++in_hand_;
  return group;
}

std::optional<SealReason> Window::Due(SteadyTime now) const {
  if (open_.counts.ends == 0) return std::nullopt;
  if (draining_) return SealReason::kDrain;
  if (MayGo(now)) return SealReason::kAdaptive;
  if (now - opened_at_ >= limits_.age_max) return SealReason::kMaxAge;
  return std::nullopt;
}

bool Window::MayGo(SteadyTime now) const {
  return limits_.adaptive && destination_ready_ && (!busy_ || now >= adaptive_closed_at_ + kBusyGap);
}

Window::SteadyTime Window::NextDue() const {
  const SteadyTime oldest = opened_at_ + limits_.age_max;
  const bool gap = limits_.adaptive && destination_ready_ && busy_;
  return gap ? std::min(oldest, adaptive_closed_at_ + kBusyGap) : oldest;
}

void Window::CountTransaction(SteadyTime now) {
  ++rate_transactions_;
  const auto passed = now - rate_since_;
  if (passed < kRatePeriod) return;
  const bool busy = rate_transactions_ * kRatePeriod > kBusyTransactions * passed;
  if (busy != busy_) sealer_knows_ = false;
  busy_ = busy;
  rate_since_ = now;
  rate_transactions_ = 0;
}

std::optional<Group> Window::TakeNow() {
  std::lock_guard lock(mu_);
  if (closed_.empty()) {
    const auto reason = Due(std::chrono::steady_clock::now());
    if (!reason.has_value()) return std::nullopt;
    CloseOpen(*reason);
  }
  changed_.notify_all();
  return PopClosed();
}

std::optional<Group> Window::TakeSmall(uint64_t bytes_max) {
  std::lock_guard lock(mu_);
  if (closed_.empty() && open_.counts.ends == 0) return std::nullopt;
  const bool may_go = MayGo(std::chrono::steady_clock::now());
  if (!closed_.empty() || !may_go || draining_ || open_.counts.bytes > bytes_max) {
    // It waits until then by itself.
    const bool waits = closed_.empty() && !may_go && !draining_ && std::exchange(sealer_knows_, true);
    if (!waits) changed_.notify_all();
    return std::nullopt;
  }
  CloseOpen(SealReason::kAdaptive);
  return PopClosed();
}

bool Window::IsDrained() const {
  std::lock_guard lock(mu_);
  return draining_ && closed_.empty() && open_.counts.ends == 0;
}

bool Window::WaitUntil(SteadyTime deadline, const std::stop_token& stop) {
  std::unique_lock lock(mu_);
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    if (!closed_.empty() || draining_ || stop.stop_requested() || Due(now).has_value()) return true;
    if (now >= deadline || woken_) {
      woken_ = false;
      return false;
    }
    const bool open = open_.counts.ends != 0;
    const SteadyTime due = NextDue();
    changed_.wait_until(lock, stop, open ? std::min(deadline, due) : deadline, [&] {
      return NextDue() != due || !closed_.empty() || draining_ || woken_ ||
             Due(std::chrono::steady_clock::now()).has_value() || (open_.counts.ends != 0) != open;
    });
  }
}

void Window::Wake() {
  std::lock_guard lock(mu_);
  woken_ = true;
  changed_.notify_all();
}

void Window::Done() {
  std::lock_guard lock(mu_);
  --in_hand_;
}

void Window::SetDestinationReady(bool ready, bool tell) {
  std::lock_guard lock(mu_);
  if (ready != destination_ready_) sealer_knows_ = false;
  destination_ready_ = ready;
  if (tell) changed_.notify_all();
}

bool Window::CloseNow(SealReason reason) {
  std::lock_guard lock(mu_);
  if (open_.counts.ends == 0) return false;
  CloseOpen(reason);
  changed_.notify_all();
  return true;
}

void Window::Drain() {
  std::lock_guard lock(mu_);
  draining_ = true;
  changed_.notify_all();
}

void Window::EndFeed() {
  if (pending_.huge != nullptr) pending_.huge->Close();
  pending_ = {};
  Drain();
}

WindowStatus Window::GetStatus() const {
  std::lock_guard lock(mu_);
  WindowStatus status;
  status.open = open_.counts;
  status.opened_at_ms = open_.counts.ends == 0 ? 0 : open_.opened_at_ms;
  status.commit_time_first_ms = open_.counts.ends == 0 ? 0 : open_.commit_time_first_ms;
  status.closed_groups = closed_.size() + in_hand_;
  return status;
}

}  // namespace srdf::batcher
