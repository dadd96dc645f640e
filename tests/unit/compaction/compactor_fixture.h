// CompactorTest: rows written into a compactor, and what it emits read back as sentences.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "unit/compaction/run_builder.h"

namespace srdf::compaction::test {

class CompactorTest : public ::testing::Test {
 protected:
  void Use(const TableSchema& schema) { ASSERT_TRUE(compactor_->AddSchema(schema).ok()); }

  Status TryRun(const TableSchema& schema, const RunSpec& spec, const std::vector<Change>& changes);
  void Run(const TableSchema& schema, const RunSpec& spec, const std::vector<Change>& changes);
  void Insert(const TableSchema& s, Values row, uint8_t flags = 0);
  void Delete(const TableSchema& s, Values row, uint8_t flags = 0);
  void Update(const TableSchema& s, Values from, Values to, bool unique_changed = false, uint8_t flags = 0);

  // Ends the window: "t delete 1,a" "t update 1,a -> 1,b", with flags when other than "no foreign key checks"
  // alone; "?" is a column that is not in the image.
  std::vector<std::string> Emitted();

  TableSchema t_ = MakeSchema(1, "t", 2, {0});
  TableSchema unique_ = MakeSchema(2, "u", 2, {0}, true);
  const TableSchema keyless_ = MakeSchema(3, "log", 2, {});

  std::unique_ptr<Compactor> compactor_ = NewCompactor(true);
  // Of what was emitted.
  CompactionResult result_;
  std::vector<std::string> schemas_emitted_;
  std::vector<size_t> pieces_;
  int runs_ = 0;

 private:
  std::vector<std::string> Describe(const std::string& payload);

  std::vector<std::unique_ptr<std::string>> feed_;  // the compactor keeps views into it
};

}  // namespace srdf::compaction::test
