#include "differential/generator/features.h"

namespace srdf::differential {

namespace {

struct Entry {
  Feature feature;
  std::string_view name;
  int percent;  // of the seeds
};

constexpr Entry kEntries[] = {
    {Feature::kWideTypes, "wide types", 60},
    {Feature::kTextKeys, "text keys", 35},
    {Feature::kBinaryKeys, "binary keys", 20},
    {Feature::kTemporalKeys, "temporal keys", 20},
    {Feature::kOddKeys, "odd keys", 20},
    {Feature::kCompositeKeys, "composite keys", 35},
    {Feature::kUniqueNotNullKeys, "unique not null keys", 20},
    {Feature::kKeyless, "keyless", 15},
    {Feature::kUniqueKeys, "unique keys", 65},
    {Feature::kOddUniqueKeys, "odd unique keys", 25},
    {Feature::kPrefixKeys, "prefix keys", 15},
    {Feature::kForeignKeys, "foreign keys", 60},
    {Feature::kCascade, "cascade", 70},
    {Feature::kSetNull, "set null", 45},
    {Feature::kRestrict, "restrict", 30},
    {Feature::kSelfReference, "self reference", 25},
    {Feature::kKeyIsForeignKey, "key is foreign key", 30},
    {Feature::kGenerated, "generated", 25},
    {Feature::kUniqueOverGenerated, "unique over generated", 30},
    {Feature::kInvisible, "invisible", 15},
    {Feature::kDefaults, "defaults", 25},
    {Feature::kChecks, "checks", 20},
    {Feature::kTriggers, "triggers", 20},
    {Feature::kVersioned, "versioned", 12},
    {Feature::kPartitions, "partitions", 15},
    {Feature::kSequences, "sequences", 15},
    {Feature::kViews, "views", 15},
    {Feature::kRoutines, "routines", 12},
    {Feature::kAutoIncrement, "auto increment", 25},
    {Feature::kOddNames, "odd names", 15},
    {Feature::kManyColumns, "many columns", 12},
    {Feature::kSeveralDatabases, "several databases", 30},
    {Feature::kHotKeys, "hot keys", 55},
    {Feature::kKeyChanges, "key changes", 55},
    {Feature::kSwaps, "swaps", 60},
    {Feature::kRecreate, "recreate", 60},
    {Feature::kReplace, "replace", 35},
    {Feature::kIgnore, "ignore", 25},
    {Feature::kUpsert, "upsert", 35},
    {Feature::kInsertSelect, "insert select", 35},
    {Feature::kMultiTable, "multi table", 30},
    {Feature::kLoadData, "load data", 12},
    {Feature::kSavepoints, "savepoints", 35},
    {Feature::kRollbacks, "rollbacks", 35},
    {Feature::kInterleaved, "interleaved", 30},
    {Feature::kChecksOff, "checks off", 25},
    {Feature::kSessionContext, "session context", 35},
    {Feature::kDdl, "ddl", 30},
    {Feature::kTruncate, "truncate", 15},
    {Feature::kRename, "rename", 15},
    {Feature::kTemporaryTables, "temporary tables", 10},
    {Feature::kBlocks, "blocks", 20},
    {Feature::kLargeRows, "large rows", 8},
    {Feature::kBulk, "bulk", 12},
    {Feature::kXa, "xa", 40},
    {Feature::kDomains, "domains", 40},
    {Feature::kNontransactional, "nontransactional", 40},
    {Feature::kUnrepeatableDdl, "unrepeatable ddl", 40},
};
static_assert(sizeof(kEntries) / sizeof(kEntries[0]) == kFeatureCount);

bool Allowed(Feature feature, const GeneratorOptions& options) {
  switch (feature) {
    case Feature::kXa:
      return options.xa;
    case Feature::kDomains:
      return options.domains;
    case Feature::kNontransactional:
      return options.nontransactional;
    case Feature::kUnrepeatableDdl:
      return options.unrepeatable_ddl;
    default:
      return true;
  }
}

}  // namespace

Features Features::Draw(Random* random, const GeneratorOptions& options) {
  Features features;
  for (const Entry& entry : kEntries) {
    // Drawn in any case, so that an option changes nothing else about a seed.
    const bool drawn = random->Chance(entry.percent);
    if (drawn && Allowed(entry.feature, options)) features.set_.set(static_cast<size_t>(entry.feature));
  }
  return features;
}

std::string_view FeatureName(Feature feature) { return kEntries[static_cast<size_t>(feature)].name; }

}  // namespace srdf::differential
