#include "engine_mariadb/catalogue.h"

#include <algorithm>

#include "engine_mariadb/foreign_key_change.h"

namespace srdf::engine_mariadb {

namespace {

// A table that is locked now is asked for again after this long; its rows are not merged meanwhile.
constexpr auto kRetryAfter = std::chrono::seconds(2);

}  // namespace

Status Catalogue::Connect() {
  ConnectionOptions options;
  options.read_timeout_seconds = 30;
  SRDF_ASSIGN_OR_RETURN(connection_, Connection::Open(endpoint_, options));
  {
    std::lock_guard lock(mu_);
    socket_ = SocketHandle(connection_.get());
  }
  // A locked table must not hold up the stream.
  return connection_->Execute("SET SESSION lock_wait_timeout = 1");
}

void Catalogue::Interrupt() {
  std::lock_guard lock(mu_);
  socket_.Shutdown();
}

Status Catalogue::Start(const GtidPosition& from) {
  SRDF_RETURN_IF_ERROR(Connect());
  SRDF_ASSIGN_OR_RETURN(
      const std::string identity,
      connection_->QueryValue("SELECT CONCAT_WS(' ', @@server_id, @@hostname, @@port, @@datadir)"));
  retry_at_.clear();
  if (identity != identity_ || !passed_.Contains(from)) {
    identity_ = identity;
    Forget();
  } else if (from != passed_) {
    // The stream goes back. What was certain at the old place is certain again once that place is reached.
    std::erase_if(entries_, [](const auto& item) { return !item.second.certain(); });
    uncertain_ = 0;
    for (auto& [name, entry] : entries_) {
      for (const Gtid& gtid : passed_.entries()) {
        const Gtid* start = from.Find(gtid.domain);
        if (start == nullptr || *start != gtid) entry.pending.push_back(gtid);
      }
      if (!entry.certain()) ++uncertain_;
    }
    ++version_;
  }
  passed_ = from;
  return {};
}

void Catalogue::Passed(const Gtid& gtid) {
  passed_.Advance(gtid);
  if (uncertain_ == 0) return;
  for (auto& [name, entry] : entries_) {
    if (std::erase(entry.pending, gtid) != 0 && entry.certain()) {
      --uncertain_;
      ++version_;
    }
  }
}

void Catalogue::StatementSeen(std::string_view sql, std::string_view database) {
  ForgetTables();
  if (!graph_) return;
  ForeignKeyChange change = ForeignKeysChangedBy(sql, database);
  bool keep = !graph_outdated_ && change.effect != ForeignKeyEffect::kAny;
  if (keep && change.effect == ForeignKeyEffect::kRemoves) {
    // Kept, it would still be right, and name more than there is: tables could be merged less than they may.
    NamesInText names(sql);
    keep = !graph_->HasATableOf(&names);
  }
  if (!keep) {
    ForgetForeignKeys();
  } else if (change.effect == ForeignKeyEffect::kAdds) {
    new_children_.emplace_back(std::move(change.database), std::move(change.table));
  }
}

// Happens only between a statement, which closes every window, and the first rows after it: within a window
// each table keeps the group it has.
Result<bool> Catalogue::RefreshForeignKeys() {
  if (graph_) {
    bool added = true;
    for (const auto& [database, table] : new_children_) {
      SRDF_ASSIGN_OR_RETURN(added, graph_->Add(connection_.get(), database, table));
      if (!added) break;
    }
    new_children_.clear();
    if (added) return true;
  }
  ForgetForeignKeys();
  SRDF_ASSIGN_OR_RETURN(graph_, ForeignKeyGraph::Load(connection_.get()));
  return graph_.has_value();
}

void Catalogue::ForgetForeignKeys() {
  graph_.reset();
  new_children_.clear();
  graph_outdated_ = false;
}

void Catalogue::Forget() {
  ForgetForeignKeys();
  ForgetTables();
}

void Catalogue::ForgetTables() {
  entries_.clear();
  retry_at_.clear();
  uncertain_ = 0;
  ++version_;
}

Result<const Catalogue::Entry*> Catalogue::Find(const std::string& database, const std::string& table) {
  const Entry* const unknown = nullptr;
  const Name name(database, table);
  const auto now = std::chrono::steady_clock::now();
  const auto retry = retry_at_.find(name);
  const bool too_early = retry != retry_at_.end() && now < retry->second;
  if (const auto it = entries_.find(name); it != entries_.end()) {
    if (it->second.foreign_keys_known || too_early) return &it->second;
    entries_.erase(it);
  }
  if (too_early) return unknown;
  const auto try_later = [&] { retry_at_[name] = std::chrono::steady_clock::now() + kRetryAfter; };
  bool foreign_keys_known = true;
  if (!graph_ || !new_children_.empty()) {
    SRDF_ASSIGN_OR_RETURN(foreign_keys_known, RefreshForeignKeys());
  }
  const ForeignKeyGraph none;
  SRDF_ASSIGN_OR_RETURN(
      auto facts, LoadTableFacts(connection_.get(), foreign_keys_known ? *graph_ : none, database, table));
  if (!facts) {
    graph_outdated_ = foreign_keys_known;  // the table is locked, or lacks a column that the graph knows
    try_later();
    return unknown;
  }
  if (!foreign_keys_known) {
    try_later();
    return &entries_.emplace(name, Entry{std::move(*facts), {}, false}).first->second;
  }
  // After the facts, never before them.
  SRDF_ASSIGN_OR_RETURN(const std::string text, connection_->QueryValue("SELECT @@global.gtid_binlog_pos"));
  SRDF_ASSIGN_OR_RETURN(const GtidPosition read_at, GtidPosition::Parse(text));
  Entry entry{std::move(*facts), {}};
  for (const Gtid& gtid : read_at.entries()) {
    const Gtid* passed = passed_.Find(gtid.domain);
    if (passed == nullptr || *passed != gtid) entry.pending.push_back(gtid);
  }
  if (!entry.certain()) ++uncertain_;
  ++version_;
  return &entries_.emplace(name, std::move(entry)).first->second;
}

Result<std::vector<ResultRow>> Catalogue::Query(std::string_view sql) { return connection_->Query(sql); }

}  // namespace srdf::engine_mariadb
