// Features: what one scenario may make use of. Each seed draws a subset, so that no scenario has everything
// and a failing one shrinks to few statements.
#pragma once

#include <bitset>
#include <string_view>

#include "differential/generator/random.h"
#include "differential/scenario_generator.h"

namespace srdf::differential {

enum class Feature {
  // Tables.
  kWideTypes,  // all column types, not integers and short texts only
  kTextKeys,
  kBinaryKeys,
  kTemporalKeys,
  kOddKeys,  // DECIMAL, BIT, ENUM, UUID, INET6, DOUBLE, YEAR …
  kCompositeKeys,
  kUniqueNotNullKeys,  // instead of a primary key
  kKeyless,
  kUniqueKeys,
  kOddUniqueKeys,  // over prefixes, by hash, with a part of the key
  kPrefixKeys,     // primary keys over a column's first characters
  kForeignKeys,
  kCascade,
  kSetNull,
  kRestrict,
  kSelfReference,
  kKeyIsForeignKey,
  kGenerated,
  kUniqueOverGenerated,
  kInvisible,
  kDefaults,
  kChecks,
  kTriggers,
  kVersioned,
  kPartitions,
  kSequences,
  kViews,
  kRoutines,
  kAutoIncrement,
  kOddNames,
  kManyColumns,  // more than fit into one byte of a bitmap, or eight
  kSeveralDatabases,
  // Changes.
  kHotKeys,  // so few key values that histories overlap all the time
  kKeyChanges,
  kSwaps,
  kRecreate,
  kReplace,
  kIgnore,
  kUpsert,
  kInsertSelect,
  kMultiTable,
  kLoadData,
  kSavepoints,
  kRollbacks,
  kInterleaved,
  kChecksOff,  // foreign_key_checks, unique_checks, check_constraint_checks
  kSessionContext,
  kDdl,
  kTruncate,
  kRename,
  kTemporaryTables,
  kBlocks,  // anonymous blocks, EXECUTE IMMEDIATE, RETURNING
  kLargeRows,
  kBulk,  // statements that change hundreds of rows
  // By GeneratorOptions only.
  kXa,
  kDomains,
  kNontransactional,
  kUnrepeatableDdl,
  kCount,
};

constexpr size_t kFeatureCount = static_cast<size_t>(Feature::kCount);

class Features {
 public:
  static Features Draw(Random* random, const GeneratorOptions& options);
  bool Has(Feature feature) const { return set_.test(static_cast<size_t>(feature)); }

 private:
  std::bitset<kFeatureCount> set_;
};

std::string_view FeatureName(Feature feature);

}  // namespace srdf::differential
