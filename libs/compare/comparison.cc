#include "compare/comparison.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "compare/table_comparison.h"

namespace srdf::compare {

namespace {

using Clock = std::chrono::steady_clock;
using TableMap = std::map<TableName, engine::TableInfo>;

constexpr std::chrono::milliseconds kPauseFirst{100};
constexpr std::chrono::milliseconds kPauseMax{2000};

// What another pair may mend.
bool Passes(StatusCode code) {
  switch (code) {
    case StatusCode::kNotFound:
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kAborted:
    case StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

TableMap ByName(std::vector<engine::TableInfo> tables) {
  TableMap map;
  for (engine::TableInfo& table : tables) {
    TableName name{table.database, table.table};
    map.emplace(std::move(name), std::move(table));
  }
  return map;
}

class Comparer {
 public:
  Comparer(Side* source, Side* target, const CompareOptions& options)
      : options_(options), source_(source), target_(target), pair_(source, target) {
    shared_.source = source;
    shared_.target = target;
    shared_.options = &options_;
    shared_.pair = &pair_;
    shared_.progress = &progress_;
  }

  Result<Findings> Run() {
    findings_.started_at_ms = WallClockMs();
    SRDF_RETURN_IF_ERROR(List());
    SRDF_ASSIGN_OR_RETURN(const auto names, Wanted());
    progress_.tables_total = names.size();
    for (const TableName& name : names) {
      const auto info = tables_source_.find(name);
      if (info != tables_source_.end()) progress_.rows_estimate += info->second.rows_estimate;
    }
    std::vector<TableName> on_one_side;
    for (const TableName& name : names) {
      if (tables_source_.count(name) != tables_target_.count(name)) {
        on_one_side.push_back(name);
        continue;
      }
      TableFindings table;
      table.name = name;
      SRDF_RETURN_IF_ERROR(CompareTable(&table, &on_one_side));
      if (!table.name.table.empty()) Done(std::move(table));
    }
    SRDF_RETURN_IF_ERROR(LookAgain(on_one_side));
    std::sort(findings_.tables.begin(), findings_.tables.end(),
              [](const TableFindings& a, const TableFindings& b) { return a.name < b.name; });
    findings_.last = pair_.position();
    findings_.pairs = pair_.opened();
    findings_.completed_at_ms = WallClockMs();
    return std::move(findings_);
  }

 private:
  // A new pair, tried until the patience is used up.
  Status Reopen() {
    progress_.table.clear();
    Report();
    std::chrono::milliseconds pause = kPauseFirst;
    while (true) {
      if (shared_.Cancelled()) return {StatusCode::kCancelled, "the comparison was given up"};
      const Status opened = pair_.Open(options_.lag_max, options_.cancelled);
      if (opened.ok()) {
        if (!findings_.first.known()) findings_.first = pair_.position();
        return {};
      }
      // After a restart of a service its flow streams again within seconds.
      const bool passes = Passes(opened.code()) || opened.code() == StatusCode::kFailedPrecondition;
      if (!passes || !Patient()) return opened;
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, kPauseMax);
    }
  }

  // False when nothing has gone well for too long.
  bool Patient() {
    const auto now = Clock::now();
    if (trouble_since_ == Clock::time_point()) trouble_since_ = now;
    return now - trouble_since_ < options_.patience;
  }
  void WentWell() { trouble_since_ = {}; }

  // The tables of both sides, in a pair that is open afterwards.
  Status List() {
    while (true) {
      if (!pair_.open()) SRDF_RETURN_IF_ERROR(Reopen());
      const Status listed = ListOnce();
      if (listed.ok()) {
        WentWell();
        return {};
      }
      if (!Passes(listed.code()) || !Patient()) return listed;
      pair_.Close();
      std::this_thread::sleep_for(kPauseFirst);
    }
  }

  // In the pair that is open.
  Status ListOnce() {
    SRDF_ASSIGN_OR_RETURN(auto at_source, source_->ListTables());
    SRDF_ASSIGN_OR_RETURN(auto at_target, target_->ListTables());
    tables_source_ = ByName(std::move(at_source));
    tables_target_ = ByName(std::move(at_target));
    listed_in_ = pair_.opened();
    return {};
  }

  Result<std::vector<TableName>> Wanted() const {
    std::set<TableName> names;
    for (const TableName& name : options_.tables) {
      if (tables_source_.count(name) == 0 && tables_target_.count(name) == 0) {
        return Status(StatusCode::kInvalidArgument, "neither source nor target has a table " + name.Text(),
                      "write it as the server does: database.table");
      }
      names.insert(name);
    }
    if (options_.tables.empty()) {
      for (const auto& [name, info] : tables_source_) names.insert(name);
      for (const auto& [name, info] : tables_target_) {
        if (options_.extra_tables || tables_source_.count(name) != 0) names.insert(name);
      }
    }
    return std::vector<TableName>(names.begin(), names.end());
  }

  // Of a table, what has not been compared.
  struct Left {
    engine::KeyRange range;
    bool keys = true;
  };

  // Compares a table that both have. Its name is taken away when that is no longer so.
  Status CompareTable(TableFindings* table, std::vector<TableName>* on_one_side) {
    const auto range = options_.ranges.find(table->name);
    const engine::KeyRange whole = range == options_.ranges.end() ? engine::KeyRange() : range->second;
    Left left{whole};
    while (true) {
      if (!pair_.open()) SRDF_RETURN_IF_ERROR(Reopen());
      progress_.table = table->name.Text();
      Report();
      const std::string before = left.range.after;
      const auto done = CompareOnce(whole, &left, table);
      if (done.ok() && *done) {
        WentWell();
        return {};
      }
      if (done.ok() || left.range.after != before) WentWell();
      pair_.Close();
      if (done.ok()) continue;
      const Status& error = done.status();
      if (error.code() == StatusCode::kCancelled) return error;
      if (!Passes(error.code())) {
        // It is about this table: others may be compared.
        GiveUp(error.ToString(), table);
        return {};
      }
      if (!Patient()) {
        // Others may be; when it is a side that is away, the next pair cannot be opened.
        const bool altered = error.code() == StatusCode::kAborted;
        GiveUp((altered ? "altered again and again: " : "failed again and again: ") + error.ToString(),
               table);
        WentWell();
        return {};
      }
      if (error.code() != StatusCode::kAborted) continue;
      // Altered, or dropped, since the snapshot was taken.
      SRDF_RETURN_IF_ERROR(List());
      if (tables_source_.count(table->name) != 0 && tables_target_.count(table->name) != 0) continue;
      on_one_side->push_back(table->name);
      table->name = {};
      return {};
    }
  }

  // What was found of it is so all the same.
  static void GiveUp(const std::string& why, TableFindings* table) {
    const bool differs = table->missing + table->extra + table->different != 0;
    table->state = differs ? TableState::kDifferent : TableState::kNotCompared;
    table->counted_all = !differs;
    table->to_its_end = false;
    table->note = (differs ? "not compared to its end: " : "") + why;
  }

  // In the pair that is open; false: go on in another one.
  Result<bool> CompareOnce(const engine::KeyRange& whole, Left* left, TableFindings* table) {
    SRDF_ASSIGN_OR_RETURN(TableSchema at_source, source_->Describe(table->name));
    SRDF_ASSIGN_OR_RETURN(const TableSchema at_target, target_->Describe(table->name));
    std::string digest = verify::SchemaDigest(at_source);
    if (digest != table->schema_digest || at_source.engine_meta != table->schema.engine_meta) {
      // The first time; or the table was altered between two pairs, and keys of before mean nothing now, or
      // other rows lie behind them: the digest does not have the order of the key's columns.
      shared_.kept -= table->rows.size();
      progress_.differences -= table->missing + table->extra + table->different;
      TableFindings fresh;
      fresh.name = table->name;
      *table = std::move(fresh);
      *left = {whole};
    }
    table->other_unique_keys = at_source.has_secondary_unique || at_target.has_secondary_unique;
    table->schema = std::move(at_source);
    table->schema_digest = std::move(digest);
    SRDF_ASSIGN_OR_RETURN(const bool same_order, SameKeyOrder(*table, at_target));
    if (!same_order || table->schema_digest != verify::SchemaDigest(at_target)) {
      // The catalogue tells of now: an ALTER may be on its way. Another pair is behind it on both sides.
      if (std::exchange(suspect_, table->name) != table->name) {
        return Status(StatusCode::kAborted, table->name.Text() + " has other columns at the target");
      }
      table->state = TableState::kSchema;
      table->note = "columns or key are not the same; see SHOW CREATE TABLE on both sides";
      return true;
    }
    NoteDefinition(table);
    const auto keys = options_.keys_alone || !table->other_unique_keys ? options_.keys.find(table->name)
                                                                       : options_.keys.end();
    const bool keyed = table->schema.key_kind != KeyKind::kNone;
    table->only_part = keyed && (!whole.until.empty() || !whole.after.empty() || keys != options_.keys.end());
    if (!keyed) {
      const auto info = tables_source_.find(table->name);
      SRDF_RETURN_IF_ERROR(
          CompareKeyless(&shared_, info == tables_source_.end() ? 0 : info->second.rows_estimate, table));
      return true;
    }
    const bool some_keys = keys != options_.keys.end();
    const bool a_range = options_.ranges.count(table->name) != 0;
    if (some_keys && left->keys) {
      SRDF_RETURN_IF_ERROR(CompareKeys(&shared_, keys->second, table));
      left->keys = false;
    }
    bool done = true;
    if (a_range || !some_keys) {
      SRDF_ASSIGN_OR_RETURN(done, CompareKeyed(&shared_, &left->range, table));
    }
    if (done && a_range && table->rows_source == 0 && table->rows_target == 0) {
      table->note += (table->note.empty() ? "" : "; ") + std::string("neither side has a row in the range");
    }
    return done;
  }

  // The schemas have the key's columns in the table's order; a range means other rows in another one. Equal
  // descriptions by the engine have the same order; of others the lists tell it, which must be of this pair.
  Result<bool> SameKeyOrder(const TableFindings& table, const TableSchema& at_target) {
    const TableSchema& at_source = table.schema;
    if (at_source.key_kind == KeyKind::kNone) return true;
    if (!at_source.engine_meta.empty() && at_source.engine_meta == at_target.engine_meta) return true;
    if (listed_in_ != pair_.opened()) SRDF_RETURN_IF_ERROR(ListOnce());
    const auto info_source = tables_source_.find(table.name);
    const auto info_target = tables_target_.find(table.name);
    return info_source != tables_source_.end() && info_target != tables_target_.end() &&
           info_source->second.key_columns == info_target->second.key_columns;
  }

  void NoteDefinition(TableFindings* table) const {
    const auto at_source = tables_source_.find(table->name);
    const auto at_target = tables_target_.find(table->name);
    if (at_source == tables_source_.end() || at_target == tables_target_.end()) return;
    table->note.clear();
    table->other_definition = at_source->second.definition != at_target->second.definition;
    if (table->other_definition) {
      table->note = "definitions are not the same: indexes, defaults or options; see SHOW CREATE TABLE";
    }
    if (!at_source->second.transactional || !at_target->second.transactional) {
      if (!table->note.empty()) table->note += "; ";
      table->note += "its engine has no snapshots: what was written meanwhile may count as different";
    }
  }

  // A table that one side alone had may be one that was made, dropped or renamed just then: its statement was
  // on its way. What is so in a pair taken afterwards is so.
  Status LookAgain(const std::vector<TableName>& names) {
    if (names.empty()) return {};
    const TableMap source = tables_source_;
    const TableMap target = tables_target_;
    pair_.Close();
    SRDF_RETURN_IF_ERROR(List());
    for (const TableName& name : names) {
      const bool at_source = tables_source_.count(name) != 0;
      const bool at_target = tables_target_.count(name) != 0;
      if (!at_source && !at_target) continue;
      TableFindings table;
      table.name = name;
      if (at_source && at_target) {
        std::vector<TableName> again;
        SRDF_RETURN_IF_ERROR(CompareTable(&table, &again));
        if (!again.empty()) {
          table = {};
          table.name = again.front();
          table.state = TableState::kNotCompared;
          table.note = "made or dropped while it was compared";
        }
      } else if ((at_source && source.count(name) == 0) || (at_target && target.count(name) == 0)) {
        table.state = TableState::kNotCompared;
        table.note = "made or dropped while it was compared";
      } else {
        table.state = at_source ? TableState::kMissing : TableState::kExtra;
        Describe(at_source ? source_ : target_, &table);
      }
      Done(std::move(table));
    }
    return {};
  }

  static void Describe(Side* side, TableFindings* table) {
    auto schema = side->Describe(table->name);
    if (!schema.ok()) return;
    table->schema_digest = verify::SchemaDigest(*schema);
    table->schema = std::move(*schema);
  }

  void Done(TableFindings table) {
    // What was not counted is a difference too.
    const bool differs = table.missing + table.extra + table.different != 0 || !table.counted_all;
    if (table.state == TableState::kEqual && differs) table.state = TableState::kDifferent;
    ++progress_.tables_done;
    findings_.tables.push_back(std::move(table));
    Report();
  }

  void Report() const {
    if (options_.progress) options_.progress(progress_);
  }

  const CompareOptions& options_;
  Side* const source_;
  Side* const target_;
  Pair pair_;
  Progress progress_;
  Shared shared_{};
  Findings findings_;
  TableMap tables_source_;
  TableMap tables_target_;
  uint64_t listed_in_ = 0;  // the pair, as Pair::opened
  TableName suspect_;       // had other columns at the target in the last pair that looked
  Clock::time_point trouble_since_;
};

}  // namespace

void Shared::Note(RowDifference difference, TableFindings* batch) const {
  switch (difference.finding) {
    case RowFinding::kMissing:
      ++batch->missing;
      break;
    case RowFinding::kExtra:
      ++batch->extra;
      break;
    case RowFinding::kDifferent:
      ++batch->different;
      break;
  }
  if (kept + batch->rows.size() < options->differences_max) batch->rows.push_back(std::move(difference));
}

void Shared::Commit(TableFindings batch, TableFindings* findings) {
  kept += batch.rows.size();
  progress->rows_done += batch.rows_source;
  progress->differences += batch.missing + batch.extra + batch.different;
  findings->rows_source += batch.rows_source;
  findings->rows_target += batch.rows_target;
  findings->missing += batch.missing;
  findings->extra += batch.extra;
  findings->different += batch.different;
  findings->counted_all = findings->counted_all && batch.counted_all;
  findings->rows.insert(findings->rows.end(), std::make_move_iterator(batch.rows.begin()),
                        std::make_move_iterator(batch.rows.end()));
  if (options->progress) options->progress(*progress);
}

Result<Findings> Compare(Side* source, Side* target, const CompareOptions& options) {
  return Comparer(source, target, options).Run();
}

}  // namespace srdf::compare
