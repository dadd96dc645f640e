// The compactor on runs that no source has made: an error or whole records, which it takes as they are again.
#include "compaction/compactor.h"
#include "engine_mariadb/image_merger.h"
#include "engine_mariadb/key_place.h"
#include "fuzz/fuzz_target.h"
#include "model/record.h"
#include "model/schema.h"
#include "unit/compaction/history_generator.h"

namespace srdf::fuzz {

namespace {

Status Feed(std::string_view records, compaction::Compactor* compactor) {
  RecordCursor cursor(records);
  Record record;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) return {};
    if (record.type == RecordType::kTableSchema) {
      SRDF_ASSIGN_OR_RETURN(const TableSchema schema, DecodeTableSchema(record.body));
      SRDF_RETURN_IF_ERROR(compactor->AddSchema(schema));
    } else if (record.type == RecordType::kRowRun) {
      SRDF_RETURN_IF_ERROR(compactor->AddRun(record.body));
    } else if (record.type == RecordType::kPreparedPart || record.type == RecordType::kPreparedOutcome) {
      SRDF_RETURN_IF_ERROR(compactor->AddPrepared(record.type, record.body));
    }
  }
}

}  // namespace

void FuzzOne(std::string_view input) {
  for (const bool merge : {true, false}) {
    const auto compactor =
        compaction::NewCompactor(merge, engine_mariadb::NewImageMerger, engine_mariadb::NewKeyPlacer);
    if (!Feed(input, compactor.get()).ok()) continue;
    std::string out;
    const auto result = compactor->Finish([&](std::string_view records) {
      out.append(records);
      return Status();
    });
    if (!result.ok()) continue;
    Require(result->rows_after <= 2 * result->rows_before, "compaction makes rows");
    const auto again = compaction::NewCompactor(false);
    Require(Feed(out, again.get()).ok(), "compaction gives what it does not take");
  }
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (uint16_t n = 1; n <= 12; ++n) {
    std::vector<std::vector<uint16_t>> steps;
    for (uint16_t step = 0; step < 8; ++step) {
      steps.push_back({static_cast<uint16_t>(n * 31 + step * 7), static_cast<uint16_t>(step * 13 + n),
                       static_cast<uint16_t>(n * step), 3, static_cast<uint16_t>(n + 5)});
    }
    const auto history = compaction::test::MakeHistory({n, static_cast<uint16_t>(n * 17), 4, 9}, steps, {});
    std::string seed;
    for (const TableSchema& schema : history.schemas) {
      std::string body;
      EncodeTableSchema(schema, &body);
      AppendRecord(RecordType::kTableSchema, body, &seed);
    }
    for (const std::string& run : history.runs) seed += run;
    seeds.push_back(std::move(seed));
  }
  return seeds;
}

}  // namespace srdf::fuzz
