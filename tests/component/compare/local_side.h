// LocalSide: one side of a comparison without a service: a snapshot of the server, digested in this process.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "compare/side.h"

namespace srdf::test {

class LocalSide : public compare::Side {
 public:
  using Opener = std::function<Result<std::unique_ptr<engine::Snapshot>>()>;
  explicit LocalSide(Opener opener) : opener_(std::move(opener)) {}

  Status Expect(const std::string&) override { return {}; }
  Result<SourcePosition> Open(const std::string&) override {
    SRDF_ASSIGN_OR_RETURN(snapshot_, opener_());
    return snapshot_->position();
  }
  void Close() override { snapshot_.reset(); }
  Result<std::vector<engine::TableInfo>> ListTables() override { return snapshot_->ListTables(); }
  Result<TableSchema> Describe(const compare::TableName& table) override {
    return snapshot_->Describe(table.database, table.table);
  }
  Result<verify::StepsResult> Steps(const compare::TableName& table, const engine::KeyRange& range,
                                    uint64_t rows_per_step, uint64_t rows_max) override {
    SRDF_ASSIGN_OR_RETURN(const TableSchema schema, Describe(table));
    return verify::DigestSteps(snapshot_.get(), schema, range, rows_per_step, rows_max, {});
  }
  Result<std::vector<verify::Part>> Ranges(const compare::TableName& table,
                                           const std::vector<engine::KeyRange>& ranges) override {
    SRDF_ASSIGN_OR_RETURN(const TableSchema schema, Describe(table));
    return verify::DigestRanges(snapshot_.get(), schema, ranges, {});
  }
  Result<std::vector<verify::RowDigest>> Buckets(const compare::TableName& table, uint32_t buckets) override {
    SRDF_ASSIGN_OR_RETURN(const TableSchema schema, Describe(table));
    return verify::DigestBuckets(snapshot_.get(), schema, buckets, {});
  }
  Status ReadRows(const compare::TableName& table, const compare::RowsWanted& wanted,
                  const std::function<Status(compare::ReadRow)>& each) override {
    SRDF_ASSIGN_OR_RETURN(const TableSchema schema, Describe(table));
    Sink sink(&wanted, &each);
    for (const engine::KeyRange& range : wanted.ranges) {
      SRDF_RETURN_IF_ERROR(snapshot_->ReadRange(schema, range, {}, &sink).status());
    }
    if (!wanted.keys.empty()) SRDF_RETURN_IF_ERROR(snapshot_->ReadKeys(schema, wanted.keys, &sink).status());
    if (wanted.buckets != 0) SRDF_RETURN_IF_ERROR(snapshot_->ReadRange(schema, {}, {}, &sink).status());
    return {};
  }

 private:
  class Sink : public engine::RowSink {
   public:
    Sink(const compare::RowsWanted* wanted, const std::function<Status(compare::ReadRow)>* each)
        : wanted_(wanted), each_(each) {}
    Status Row(ByteView key, ByteView image) override {
      compare::ReadRow row{std::string(key), hasher_.Hash(image),
                           wanted_->with_images ? std::string(image) : std::string()};
      if (wanted_->buckets != 0) {
        const uint32_t bucket = verify::BucketOf(row.hash, wanted_->buckets);
        if (std::count(wanted_->bucket.begin(), wanted_->bucket.end(), bucket) == 0) return {};
      }
      return (*each_)(std::move(row));
    }

   private:
    const compare::RowsWanted* const wanted_;
    const std::function<Status(compare::ReadRow)>* const each_;
    verify::RowHasher hasher_;
  };

  const Opener opener_;
  std::unique_ptr<engine::Snapshot> snapshot_;
};

}  // namespace srdf::test
