#include "differential/scenario_generator.h"

#include "differential/generator/session_generator.h"

namespace srdf::differential {

namespace {

// Ends of wagons: 3 to 12, the last one at the end.
void PlaceCuts(Random* random, std::vector<Step>* steps) {
  const int cuts = random->Between(3, 12);
  for (int i = 1; i < cuts; ++i) {
    (*steps)[static_cast<size_t>(random->Below(static_cast<int>(steps->size())))].cut = true;
  }
  steps->back().cut = true;
}

}  // namespace

Generated GenerateWithNotes(uint64_t seed, const GeneratorOptions& options) {
  Random random(seed);
  const Features features = Features::Draw(&random, options);
  Generated out;
  out.scenario.seed = seed;
  for (size_t i = 0; i < kFeatureCount; ++i) {
    const auto feature = static_cast<Feature>(i);
    if (features.Has(feature)) out.notes["feature: " + std::string(FeatureName(feature))] = 1;
  }
  Schema schema = SchemaGenerator(&random, &features).Make(&out.scenario.setup);
  RowTracker tracker(&schema,
                     features.Has(Feature::kHotKeys) ? random.Between(5, 9) : random.Between(16, 30));
  DmlGenerator dml(&random, &features, &schema, &tracker, &out.notes);
  dml.set_file_prefix("srdf_" + std::to_string(seed));
  DdlGenerator ddl(&random, &features, &schema, &tracker, &out.notes);
  auto& steps = out.scenario.steps;
  SessionGenerator sessions(&random, &features, &schema, &tracker, &out.notes, &dml, &ddl, &steps);

  const auto wanted = static_cast<size_t>(random.Between(20, 140));
  sessions.set_first_definition(random.Chance(60) ? wanted * static_cast<size_t>(random.Between(3, 8)) / 10
                                                  : 0);
  if (random.Chance(60)) {
    const int focus = random.Below(static_cast<int>(schema.tables.size()));
    dml.set_focus(static_cast<size_t>(focus), random.Between(40, 80));
  }
  dml.text().set_large(features.Has(Feature::kLargeRows));
  sessions.Fill();
  while (steps.size() < wanted) sessions.Unit();
  sessions.Finish();
  PlaceCuts(&random, &steps);
  return out;
}

Scenario Generate(uint64_t seed, const GeneratorOptions& options) {
  return GenerateWithNotes(seed, options).scenario;
}

}  // namespace srdf::differential
