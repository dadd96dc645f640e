#include "capture/stream_gate.h"

#include <algorithm>
#include <thread>

#include "base/clock.h"
#include "failpoint/failpoint.h"
#include "model/statement.h"

namespace srdf::capture {

namespace {

// A message to the batcher carries so much at most, unless one record is larger.
constexpr size_t kMessageBytes = 512u << 10;
// How often a wait asks whether anybody still wants its result.
constexpr std::chrono::milliseconds kAskAgain{200};
// The log has a transaction before the storage engine has committed it: with semi-synchronous replication by
// seconds, else by less than a millisecond.
constexpr std::chrono::milliseconds kSnapshotPauseMax{100};
constexpr std::chrono::seconds kHeldMax{10};

Status TornRecords() { return {StatusCode::kInternal, "the reader handed on a torn record"}; }

TableCopy* FindTable(const engine::TableId& id, CopyState* copy) {
  return const_cast<TableCopy*>(copy->Find(id.database, id.table));
}

// None of its rows count any more.
void BeginAnew(TableCopy* table, CopyState* copy) {
  copy->rows -= std::min(copy->rows, table->rows);
  table->phase = CopyPhase::kWaiting;
  table->cursor.clear();
  table->key.clear();
  table->rows = 0;
}

void Rename(const engine::TableRename& rename, CopyState* copy) {
  if (rename.from == rename.to) return;
  TableCopy* const taken = FindTable(rename.to, copy);
  if (taken != nullptr && rename.if_exists && FindTable(rename.from, copy) == nullptr) {
    // Nobody knows whether it was renamed: the name has all of its rows anew.
    return BeginAnew(taken, copy);
  }
  // A table that had the name before is gone.
  std::erase_if(copy->tables, [&](const TableCopy& table) {
    return table.database == rename.to.database && table.table == rename.to.table;
  });
  TableCopy* const table = FindTable(rename.from, copy);
  if (table == nullptr) return;
  table->database = rename.to.database;
  table->table = rename.to.table;
}

void Drop(const engine::TableId& id, CopyState* copy) {
  std::erase_if(copy->tables, [&](const TableCopy& table) {
    return table.database == id.database && (id.table.empty() || table.table == id.table);
  });
}

// Rows went from one table to another, and of at least one of them the target has not all: each is copied
// anew, from behind the statement on.
void ListMoved(const std::vector<engine::TableId>& moved, CopyState* copy) {
  const bool any = std::any_of(moved.begin(), moved.end(),
                               [&](const engine::TableId& id) { return FindTable(id, copy) != nullptr; });
  if (!any) return;
  for (const engine::TableId& id : moved) {
    if (TableCopy* const listed = FindTable(id, copy); listed != nullptr) {
      BeginAnew(listed, copy);
      continue;
    }
    TableCopy anew;
    anew.database = id.database;
    anew.table = id.table;
    copy->tables.push_back(std::move(anew));
    ++copy->tables_total;
  }
}

Status CheckLimits(const CallLimits& limits, std::chrono::steady_clock::time_point now) {
  if (limits.cancelled != nullptr && limits.cancelled())
    return {StatusCode::kCancelled, "nobody waits for it"};
  if (now >= limits.deadline) return {StatusCode::kDeadlineExceeded, "the stream did not come there in time"};
  return {};
}

}  // namespace

Result<std::shared_ptr<StreamGate>> StreamGate::New(engine::SourceEngine* source, FeedSession* session) {
  std::shared_ptr<StreamGate> gate(new StreamGate(source, session));
  const std::string encoded = session->resume().copy;
  if (!encoded.empty()) {
    SRDF_ASSIGN_OR_RETURN(gate->copy_, DecodeCopyState(encoded));
    gate->filter_.Follow(gate->copy_, encoded);
  }
  return gate;
}

Status StreamGate::Consume(std::string_view records, bool) {
  while (!records.empty()) {
    std::optional<SourcePosition> up_to;
    {
      std::unique_lock lock(mu_);
      SRDF_RETURN_IF_ERROR(WaitToPass(&lock));
      passing_ = true;
      if (!spots_.empty()) up_to = spots_.front()->at;
    }
    Status status = Pass(&records, up_to);
    std::lock_guard lock(mu_);
    passing_ = false;
    FindDue();
    changed_.notify_all();
    SRDF_RETURN_IF_ERROR(status);
  }
  SRDF_FAILPOINT("capture.after_hand_on");
  return {};
}

void StreamGate::Idle(const engine::SourceLag&) {}

// A transaction that has begun goes on; before the next one, those who want the gate come first.
Status StreamGate::WaitToPass(std::unique_lock<std::mutex>* lock) {
  changed_.wait(*lock, [&] {
    if (!ended_.ok()) return true;
    if (held_) return false;
    return open_ || (takers_ == 0 && (spots_.empty() || !spots_.front()->due));
  });
  return ended_;
}

Status StreamGate::Pass(std::string_view* records, const std::optional<SourcePosition>& up_to) {
  SRDF_ASSIGN_OR_RETURN(const size_t bytes, Walk(*records, up_to));
  const std::string_view part = records->substr(0, bytes);
  records->remove_prefix(bytes);
  // The end of a transaction that ended the copy says so.
  return filter_.active() || followed_ ? PassFiltered(part) : session_->Send(part);
}

// How much may pass: all of it, or up to the end of the transaction that reaches the place.
Result<size_t> StreamGate::Walk(std::string_view records, const std::optional<SourcePosition>& up_to) {
  size_t at = 0;
  bool open = open_;  // written by this thread alone
  ByteView end;
  uint64_t statements = 0;
  uint64_t ends = 0;
  while (at < records.size()) {
    ByteReader r(records.substr(at));
    const auto type = static_cast<RecordType>(r.U8());
    const ByteView body = r.Raw(r.U32());
    if (!r.ok()) return TornRecords();
    at += kRecordHeaderBytes + body.size();
    if (type == RecordType::kTableSchema) SRDF_RETURN_IF_ERROR(filter_.SeeSchema(body));
    if (type == RecordType::kStatement) ++statements;
    if (type == RecordType::kTransactionBegin) open = true;
    if (type != RecordType::kTransactionEnd) continue;
    open = false;
    ++ends;
    end = body;
    if (!up_to) continue;
    SRDF_ASSIGN_OR_RETURN(const TransactionEnd here, DecodeTransactionEnd(body));
    SRDF_ASSIGN_OR_RETURN(const bool reached, source_->Contains(here.position, *up_to));
    if (reached) break;
  }
  std::optional<TransactionEnd> last;
  if (!end.empty()) {
    SRDF_ASSIGN_OR_RETURN(last, DecodeTransactionEnd(end));
    last->position.copy = filter_.encoded();
  }
  std::lock_guard lock(mu_);
  statements_ += statements;
  ends_ += ends;
  open_ = open;
  if (last) position_ = std::move(last->position);
  return at;
}

Status StreamGate::PassFiltered(std::string_view records) {
  filtered_.clear();
  RecordCursor cursor(records);
  Record record;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) break;
    if (!filtered_.empty() && filtered_.size() + record.whole.size() > kMessageBytes) {
      SRDF_RETURN_IF_ERROR(session_->Send(filtered_));
      filtered_.clear();
    }
    if (record.type == RecordType::kStatement) SRDF_RETURN_IF_ERROR(FollowStatement(record.body));
    if (record.type == RecordType::kTableSchema) SRDF_RETURN_IF_ERROR(FollowSchema(record.body));
    if (record.type == RecordType::kTransactionEnd && followed_) {
      SRDF_ASSIGN_OR_RETURN(TransactionEnd end, DecodeTransactionEnd(record.body));
      end.position.copy = filter_.encoded();
      end.sets_copy = true;
      std::string body;
      EncodeTransactionEnd(end, &body);
      AppendRecord(RecordType::kTransactionEnd, body, &filtered_);
      followed_ = false;
      continue;
    }
    SRDF_RETURN_IF_ERROR(filter_.Append(record, &filtered_));
  }
  return filtered_.empty() ? Status() : session_->Send(filtered_);
}

Status StreamGate::FollowStatement(ByteView body) {
  SRDF_ASSIGN_OR_RETURN(const Statement statement, DecodeStatement(body));
  const engine::TableEffects effects = source_->EffectsOf(statement);
  return Follow([&](CopyState* copy) {
    for (const engine::TableRename& rename : effects.renamed) Rename(rename, copy);
    ListMoved(effects.mixed, copy);
    for (const engine::TableId& id : effects.dropped) Drop(id, copy);
  });
}

// Without a key rows cannot be told apart, so that none can be left out; and a key that comes back says
// nothing of what was before.
Status StreamGate::FollowSchema(ByteView body) {
  SRDF_ASSIGN_OR_RETURN(const TableSchema schema, DecodeTableSchema(body));
  if (schema.key_kind != KeyKind::kNone) return {};
  return Follow([&](CopyState* copy) {
    TableCopy* const table = FindTable({schema.database, schema.table}, copy);
    if (table != nullptr && table->phase == CopyPhase::kCopying) BeginAnew(table, copy);
  });
}

Status StreamGate::Follow(const std::function<void(CopyState*)>& change) {
  const std::optional<CopyState> before = copy();
  // While nothing is sent the tables are listed anew when it begins.
  if (!before || (before->all_tables && !before->schema_done)) return {};
  std::optional<CopyState> followed = before;
  change(&*followed);
  if (followed == before) return {};
  if (followed->tables.empty()) followed.reset();
  std::string encoded;
  if (followed) {
    SRDF_ASSIGN_OR_RETURN(encoded, EncodeCopyState(*followed));
  }
  filter_.Follow(followed, encoded);
  followed_ = true;
  std::lock_guard lock(mu_);
  copy_ = std::move(followed);
  position_.copy = std::move(encoded);
  return {};
}

void StreamGate::FindDue() {
  if (open_ || spots_.empty() || spots_.front()->due) return;
  Spot& spot = *spots_.front();
  auto reached = source_->Contains(position_, spot.at);
  auto exact = source_->Contains(spot.at, position_);
  for (const auto* result : {&reached, &exact}) {
    if (result->ok()) continue;
    if (ended_.ok()) ended_ = result->status();
    return;
  }
  spot.due = *reached;
  spot.missed = *reached && !*exact;
}

template <typename Ready>
Status StreamGate::WaitUntil(std::unique_lock<std::mutex>* lock, const CallLimits& limits,
                             const Ready& ready) {
  for (;;) {
    if (!ended_.ok()) return ended_;
    if (ready()) return {};
    const auto now = std::chrono::steady_clock::now();
    SRDF_RETURN_IF_ERROR(CheckLimits(limits, now));
    changed_.wait_until(*lock, std::min(limits.deadline, now + kAskAgain));
  }
}

Status StreamGate::Take(const CallLimits& limits) {
  std::unique_lock lock(mu_);
  ++takers_;
  Status status = WaitUntil(&lock, limits, [&] { return BetweenTransactions(); });
  --takers_;
  if (status.ok()) held_ = true;
  changed_.notify_all();
  return status;
}

void StreamGate::Release() {
  std::lock_guard lock(mu_);
  held_ = false;
  changed_.notify_all();
}

Result<StreamGate::PlacedSnapshot> StreamGate::OpenSnapshot(const CallLimits& limits) {
  SRDF_RETURN_IF_ERROR(Take(limits));
  auto snapshot = OpenReached(limits);
  std::shared_ptr<Spot> spot;
  {
    std::lock_guard lock(mu_);
    if (snapshot.ok() && ended_.ok()) {
      spot = std::make_shared<Spot>(Spot{(*snapshot)->position()});
      spots_.push_back(spot);
      FindDue();
    }
    held_ = false;
    changed_.notify_all();
    if (snapshot.ok() && !ended_.ok()) return ended_;
  }
  if (!snapshot.ok()) return snapshot.status();
  return PlacedSnapshot{std::move(*snapshot), std::make_unique<Place>(shared_from_this(), std::move(spot))};
}

Result<std::unique_ptr<StreamGate::Place>> StreamGate::PlaceAfter(const SourcePosition& position,
                                                                  const CallLimits& limits) {
  SRDF_RETURN_IF_ERROR(Take(limits));
  const auto place = [&]() -> Result<std::unique_ptr<Place>> {
    std::lock_guard lock(mu_);
    const SourcePosition& last = spots_.empty() ? position_ : spots_.back()->at;
    SRDF_ASSIGN_OR_RETURN(const bool contained, source_->Contains(last, position));
    auto spot = std::make_shared<Spot>(Spot{contained ? last : position});
    spots_.push_back(spot);
    FindDue();
    return std::make_unique<Place>(shared_from_this(), std::move(spot));
  };
  auto placed = place();
  Release();
  return placed;
}

// Places are in the order of the log: each snapshot also lies at or after the last place. The stream is held
// meanwhile, so that a source which does not come there is not waited for.
Result<std::unique_ptr<engine::Snapshot>> StreamGate::OpenReached(const CallLimits& limits) {
  SourcePosition reached;
  {
    std::lock_guard lock(mu_);
    reached = spots_.empty() ? position_ : spots_.back()->at;
  }
  const auto give_up = std::chrono::steady_clock::now() + kHeldMax;
  for (std::chrono::milliseconds pause{1};; pause = std::min(pause * 2, kSnapshotPauseMax)) {
    SRDF_ASSIGN_OR_RETURN(auto snapshot, source_->OpenSnapshot());
    SRDF_ASSIGN_OR_RETURN(const bool contained, source_->Contains(snapshot->position(), reached));
    if (contained) return snapshot;
    std::unique_lock lock(mu_);
    if (!ended_.ok()) return ended_;
    SRDF_RETURN_IF_ERROR(CheckLimits(limits, std::chrono::steady_clock::now()));
    if (std::chrono::steady_clock::now() >= give_up) {
      return Status(StatusCode::kUnavailable,
                    "the source's snapshots end at \"" + snapshot->position().gtid +
                        "\", its log was read up to \"" + reached.gtid + "\"",
                    "tried again by itself; if it stays, look at whether the server that is read lags");
    }
    changed_.wait_for(lock, pause);
  }
}

Status StreamGate::Change(const CopyChange& change, const CallLimits& limits) {
  SRDF_RETURN_IF_ERROR(Take(limits));
  Status status = SendHere({}, change);
  Release();
  return status;
}

Status StreamGate::SendAt(const std::shared_ptr<Spot>& spot, std::string_view records,
                          const CopyChange& change, bool last, const CallLimits& limits) {
  {
    std::unique_lock lock(mu_);
    SRDF_RETURN_IF_ERROR(WaitUntil(&lock, limits, [&] {
      return BetweenTransactions() && !spots_.empty() && spots_.front() == spot && spot->due;
    }));
    if (spot->missed) {
      return {StatusCode::kAborted,
              "the stream passed by \"" + spot->at.gtid + "\", where a snapshot of the source lies"};
    }
    held_ = true;
  }
  Status status = SendHere(records, change);
  {
    std::lock_guard lock(mu_);
    held_ = false;
    changed_.notify_all();
  }
  if (last && status.ok()) Leave(spot);
  return status;
}

Status StreamGate::SendHere(std::string_view records, const CopyChange& change) {
  SourcePosition position;
  std::optional<CopyState> copy;
  {
    std::lock_guard lock(mu_);
    if (!ended_.ok()) return ended_;
    ++users_;
    position = position_;
    copy = copy_;
  }
  bool changed = false;
  bool sent = false;
  const auto send = [&]() -> Status {
    if (change != nullptr) {
      const std::optional<CopyState> before = copy;
      SRDF_RETURN_IF_ERROR(change(&copy));
      changed = copy != before;
    }
    if (changed) {
      position.copy.clear();
      if (copy) {
        SRDF_ASSIGN_OR_RETURN(position.copy, EncodeCopyState(*copy));
      }
    }
    if (!changed && records.empty()) return {};
    sent = true;
    std::string message;
    std::string body;
    EncodeTransactionBegin({"", WallClockMs()}, &body);
    AppendRecord(RecordType::kTransactionBegin, body, &message);
    RecordCursor cursor(records);
    Record record;
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
      if (!more) break;
      if (message.size() + record.whole.size() > kMessageBytes) {
        SRDF_RETURN_IF_ERROR(session_->Send(message));
        message.clear();
      }
      message.append(record.whole);
    }
    body.clear();
    EncodeTransactionEnd({position, 0, changed}, &body);
    AppendRecord(RecordType::kTransactionEnd, body, &message);
    return session_->Send(message);
  };
  Status status = send();
  if (status.ok() && changed) filter_.Follow(copy, position.copy);
  std::lock_guard lock(mu_);
  --users_;
  if (status.ok()) {
    if (sent) put_ends_ = ++ends_;
    position_ = std::move(position);
    copy_ = std::move(copy);
  }
  changed_.notify_all();
  return status;
}

Status StreamGate::WaitDurable(const CallLimits& limits) {
  uint64_t ends = 0;
  {
    std::lock_guard lock(mu_);
    if (!ended_.ok()) return ended_;
    ++users_;
    ends = put_ends_;
  }
  Status status;
  for (;;) {
    status = CheckLimits(limits, std::chrono::steady_clock::now());
    if (!status.ok()) break;
    status = session_->WaitDurable(ends, kAskAgain);
    if (status.code() != StatusCode::kDeadlineExceeded) break;
  }
  std::lock_guard lock(mu_);
  --users_;
  changed_.notify_all();
  return status;
}

void StreamGate::Leave(const std::shared_ptr<Spot>& spot) {
  std::lock_guard lock(mu_);
  spots_.erase(std::remove(spots_.begin(), spots_.end(), spot), spots_.end());
  FindDue();
  changed_.notify_all();
}

SourcePosition StreamGate::position() const {
  std::lock_guard lock(mu_);
  return position_;
}

std::optional<CopyState> StreamGate::copy() const {
  std::lock_guard lock(mu_);
  return copy_;
}

uint64_t StreamGate::statements() const {
  std::lock_guard lock(mu_);
  return statements_;
}

Status StreamGate::ended() const {
  std::lock_guard lock(mu_);
  return ended_;
}

void StreamGate::Interrupt(Status why) {
  std::lock_guard lock(mu_);
  if (ended_.ok()) ended_ = std::move(why);
  changed_.notify_all();
}

void StreamGate::Close() {
  Interrupt({StatusCode::kUnavailable, "the flow's stream has ended"});
  std::unique_lock lock(mu_);
  changed_.wait(lock, [&] { return users_ == 0; });
}

}  // namespace srdf::capture
