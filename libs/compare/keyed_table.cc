#include <algorithm>
#include <future>
#include <unordered_map>
#include <utility>

#include "compare/table_comparison.h"

namespace srdf::compare {

namespace {

using verify::Part;
using verify::RowHash;
using verify::StepsResult;
using RowMap = std::unordered_map<std::string, RowHash>;

// Rows of both sides that are read and matched in one go.
constexpr uint64_t kRowsPerRead = 32'768;

Result<RowMap> ReadHashes(Side* side, const TableName& table, const RowsWanted& wanted) {
  RowMap rows;
  SRDF_RETURN_IF_ERROR(side->ReadRows(table, wanted, [&](ReadRow row) -> Status {
    rows.emplace(std::move(row.key), row.hash);
    return {};
  }));
  return rows;
}

class Batch {
 public:
  Batch(Shared* shared, TableFindings* batch) : shared_(shared), batch_(batch) {}

  // Both read the rows, at the same time, and what differs is noted. `counts`: the rows count too.
  Status Match(const RowsWanted& wanted, bool counts) {
    auto at_source =
        std::async(std::launch::async, [&] { return ReadHashes(shared_->source, batch_->name, wanted); });
    auto target = ReadHashes(shared_->target, batch_->name, wanted);
    auto source = at_source.get();
    if (!source.ok()) return source.status();
    if (!target.ok()) return target.status();
    if (counts) {
      batch_->rows_source += source->size();
      batch_->rows_target += target->size();
    }
    for (auto& [key, hash] : *source) {
      const auto found = target->find(key);
      if (found == target->end()) {
        Note(RowFinding::kMissing, key, hash, {});
      } else {
        if (found->second != hash) Note(RowFinding::kDifferent, key, hash, found->second);
        target->erase(found);
      }
    }
    for (auto& [key, hash] : *target) Note(RowFinding::kExtra, key, {}, hash);
    return {};
  }

  // Parts of which both sides have the digests; the rows of those that differ are found.
  Status Narrow(const std::vector<Part>& source, const std::vector<Part>& target) {
    if (source.size() != target.size())
      return {StatusCode::kInternal, "an answer of another number of parts"};
    RowsWanted wanted;
    uint64_t rows = 0;
    for (size_t i = 0; i < source.size(); ++i) {
      if (source[i].digest == target[i].digest) continue;
      const uint64_t most = std::max(source[i].digest.rows, target[i].digest.rows);
      if (most > kRowsPerRead) {
        SRDF_RETURN_IF_ERROR(Split(source[i], target[i]));
        continue;
      }
      if (rows + most > kRowsPerRead) {
        SRDF_RETURN_IF_ERROR(Match(std::exchange(wanted, {}), false));
        rows = 0;
      }
      wanted.ranges.push_back(source[i].range);
      rows += most;
    }
    return wanted.ranges.empty() ? Status() : Match(wanted, false);
  }

 private:
  // One side has far more rows here than a part has: that side cuts them. What is too much in a part of these
  // is cut by the other side in turn, and then both have no more than a part.
  Status Split(const Part& source, const Part& target) {
    const bool by_source = source.digest.rows > target.digest.rows;
    Side* const cuts = by_source ? shared_->source : shared_->target;
    Side* const follows = by_source ? shared_->target : shared_->source;
    engine::KeyRange left = source.range;
    while (true) {
      if (shared_->Cancelled()) return {StatusCode::kCancelled, "the comparison was given up"};
      SRDF_ASSIGN_OR_RETURN(
          const StepsResult steps,
          cuts->Steps(batch_->name, left, shared_->options->rows_per_part, shared_->options->rows_per_batch));
      std::vector<engine::KeyRange> ranges;
      for (const Part& part : steps.parts) ranges.push_back(part.range);
      SRDF_ASSIGN_OR_RETURN(const auto others, follows->Ranges(batch_->name, ranges));
      SRDF_RETURN_IF_ERROR(by_source ? Narrow(steps.parts, others) : Narrow(others, steps.parts));
      if (steps.end) return {};
      if (steps.parts.empty()) return {StatusCode::kInternal, "an answer without parts and without an end"};
      left.after = steps.parts.back().range.until;
    }
  }

  void Note(RowFinding finding, const std::string& key, const RowHash& source, const RowHash& target) {
    RowDifference difference;
    difference.finding = finding;
    difference.key = key;
    difference.source = source;
    difference.target = target;
    shared_->Note(std::move(difference), batch_);
  }

  Shared* const shared_;
  TableFindings* const batch_;
};

}  // namespace

Result<bool> CompareKeyed(Shared* shared, engine::KeyRange* range, TableFindings* findings) {
  const CompareOptions& options = *shared->options;
  const TableName& name = findings->name;
  const auto ask = [&](engine::KeyRange left) {
    return shared->source->Steps(name, left, options.rows_per_part, options.rows_per_batch);
  };
  SRDF_ASSIGN_OR_RETURN(StepsResult steps, ask(*range));
  while (true) {
    if (shared->Cancelled()) return Status(StatusCode::kCancelled, "the comparison was given up");
    if (steps.parts.empty()) {
      return Status(StatusCode::kInternal, "an answer without parts and without an end");
    }
    const std::string cursor = steps.parts.back().range.until;
    const bool goes_on = !steps.end && shared->pair->age() < options.pair_age_max;
    // The source is ahead by a batch.
    std::future<Result<StepsResult>> ahead;
    if (goes_on) {
      ahead = std::async(std::launch::async, [&] { return ask({cursor, range->until}); });
    }
    std::vector<engine::KeyRange> ranges;
    for (const Part& part : steps.parts) ranges.push_back(part.range);
    const auto others = shared->target->Ranges(name, ranges);
    auto next = goes_on ? ahead.get() : Result<StepsResult>(StepsResult{});
    if (!others.ok()) return others.status();

    TableFindings batch;
    batch.name = name;
    for (const Part& part : steps.parts) batch.rows_source += part.digest.rows;
    for (const Part& part : *others) batch.rows_target += part.digest.rows;
    SRDF_RETURN_IF_ERROR(Batch(shared, &batch).Narrow(steps.parts, *others));
    shared->Commit(std::move(batch), findings);
    if (steps.end) return true;
    range->after = cursor;
    if (!goes_on) return false;
    if (!next.ok()) return next.status();
    steps = std::move(*next);
  }
}

Status CompareKeys(Shared* shared, const std::vector<std::string>& keys, TableFindings* findings) {
  TableFindings batch;
  batch.name = findings->name;
  RowsWanted wanted;
  for (size_t i = 0; i < keys.size(); ++i) {
    wanted.keys.push_back(keys[i]);
    if (wanted.keys.size() < kRowsPerRead && i + 1 < keys.size()) continue;
    if (shared->Cancelled()) return {StatusCode::kCancelled, "the comparison was given up"};
    SRDF_RETURN_IF_ERROR(Batch(shared, &batch).Match(std::exchange(wanted, {}), true));
  }
  shared->Commit(std::move(batch), findings);
  return {};
}

}  // namespace srdf::compare
