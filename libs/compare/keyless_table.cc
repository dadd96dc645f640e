#include <algorithm>
#include <future>
#include <unordered_map>
#include <utility>

#include "compare/table_comparison.h"

namespace srdf::compare {

namespace {

using verify::RowDigest;
using verify::RowHash;

// Rows per bucket, about: what is read of a table of which one row differs.
constexpr uint64_t kRowsPerBucket = 1000;

struct Copies {
  uint64_t source = 0;
  uint64_t target = 0;
  std::string image;
};
using CopiesMap = std::unordered_map<RowHash, Copies>;

// Uses the side's snapshot now and then until `done` is ready. What is wrong with it, the next call tells.
template <typename Future>
void KeepOpen(const Shared& shared, Side* side, const TableName& table, const Future& done) {
  while (done.wait_for(shared.options->snapshot_use_every) == std::future_status::timeout) {
    (void)side->Describe(table);
  }
}

// Calls the same of both sides at the same time. One of them may have its answer long before the other, which
// reads a large table: its snapshot must not count as idle meanwhile.
template <typename Call>
auto OfBoth(Shared* shared, const TableName& table, const Call& call) {
  std::promise<void> target_done;
  auto at_source = std::async(std::launch::async, [&] {
    auto source = call(shared->source);
    KeepOpen(*shared, shared->source, table, target_done.get_future());
    return source;
  });
  auto target = call(shared->target);
  target_done.set_value();
  KeepOpen(*shared, shared->target, table, at_source);
  return std::pair(at_source.get(), std::move(target));
}

Result<std::unordered_map<RowHash, uint64_t>> CountRows(Side* side, const TableName& table,
                                                        const RowsWanted& wanted) {
  std::unordered_map<RowHash, uint64_t> counts;
  SRDF_RETURN_IF_ERROR(side->ReadRows(table, wanted, [&](const ReadRow& row) -> Status {
    ++counts[row.hash];
    return {};
  }));
  return counts;
}

// Of the rows in these buckets, those that one side has more often.
Result<CopiesMap> Unequal(Shared* shared, const TableName& table, const RowsWanted& wanted) {
  auto [source, target] = OfBoth(shared, table, [&](Side* side) { return CountRows(side, table, wanted); });
  if (!source.ok()) return source.status();
  if (!target.ok()) return target.status();
  CopiesMap unequal;
  for (const auto& [hash, copies] : *source) {
    const auto found = target->find(hash);
    const uint64_t others = found == target->end() ? 0 : found->second;
    if (others != copies) unequal[hash] = {copies, others, {}};
    if (found != target->end()) target->erase(found);
  }
  for (const auto& [hash, copies] : *target) unequal[hash] = {0, copies, {}};
  return unequal;
}

void Count(const Copies& copies, TableFindings* batch) {
  if (copies.source > copies.target) {
    batch->missing += copies.source - copies.target;
  } else {
    batch->extra += copies.target - copies.source;
  }
}

// The rows themselves, each from the side that has it more often.
Status ReadImages(Shared* shared, const TableName& table, RowsWanted wanted, CopiesMap* rows) {
  wanted.with_images = true;
  const auto read = [&](Side* side) -> Status {
    // Each side writes to rows of its own.
    const bool is_source = side == shared->source;
    const auto is_its = [&](const Copies& copies) { return (copies.source > copies.target) == is_source; };
    if (std::none_of(rows->begin(), rows->end(), [&](const auto& row) { return is_its(row.second); }))
      return {};
    return side->ReadRows(table, wanted, [&](ReadRow row) -> Status {
      const auto found = rows->find(row.hash);
      if (found == rows->end() || !is_its(found->second)) return {};
      if (found->second.image.empty()) found->second.image = std::move(row.image);
      return {};
    });
  };
  const auto [source, target] = OfBoth(shared, table, read);
  return source.ok() ? target : source;
}

}  // namespace

Status CompareKeyless(Shared* shared, uint64_t rows_estimate, TableFindings* findings) {
  const CompareOptions& options = *shared->options;
  const TableName& name = findings->name;
  const auto buckets =
      static_cast<uint32_t>(std::clamp<uint64_t>(rows_estimate / kRowsPerBucket, 16, verify::kBucketsMax));
  const auto [source, target] =
      OfBoth(shared, name, [&](Side* side) { return side->Buckets(name, buckets); });
  if (!source.ok()) return source.status();
  if (!target.ok()) return target.status();
  if (source->size() != buckets || target->size() != buckets) {
    return {StatusCode::kInternal, "an answer of another number of buckets"};
  }
  TableFindings batch;
  batch.name = name;
  std::vector<uint32_t> differ;
  for (uint32_t i = 0; i < buckets; ++i) {
    batch.rows_source += (*source)[i].rows;
    batch.rows_target += (*target)[i].rows;
    if ((*source)[i] != (*target)[i]) differ.push_back(i);
  }

  for (size_t at = 0; at < differ.size();) {
    if (shared->Cancelled()) return {StatusCode::kCancelled, "the comparison was given up"};
    if (shared->kept + batch.rows.size() >= options.differences_max) {
      // Every group of buckets costs a pass over the table: not for what would not be kept.
      batch.counted_all = false;
      break;
    }
    RowsWanted wanted;
    wanted.buckets = buckets;
    for (uint64_t rows = 0; at < differ.size(); ++at) {
      const uint32_t i = differ[at];
      rows += (*source)[i].rows + (*target)[i].rows;
      if (!wanted.bucket.empty() && rows > options.rows_in_memory_max) break;
      wanted.bucket.push_back(i);
    }
    SRDF_ASSIGN_OR_RETURN(CopiesMap unequal, Unequal(shared, name, wanted));
    // What is not kept needs no image, and no memory.
    while (unequal.size() > options.differences_max - shared->kept - batch.rows.size()) {
      Count(unequal.begin()->second, &batch);
      unequal.erase(unequal.begin());
    }
    if (!unequal.empty()) SRDF_RETURN_IF_ERROR(ReadImages(shared, name, wanted, &unequal));
    for (auto& [hash, copies] : unequal) {
      RowDifference difference;
      const bool missing = copies.source > copies.target;
      difference.finding = missing ? RowFinding::kMissing : RowFinding::kExtra;
      (missing ? difference.source : difference.target) = hash;
      difference.image = std::move(copies.image);
      difference.copies_source = copies.source;
      difference.copies_target = copies.target;
      batch.rows.push_back(std::move(difference));
      Count(copies, &batch);
    }
  }
  shared->Commit(std::move(batch), findings);
  return {};
}

}  // namespace srdf::compare
