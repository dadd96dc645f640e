// How many row changes a second compaction takes in and settles: compaction_bench [rows].
//
// Rows look like sysbench's (4-byte key, images of some 190 bytes), in runs of one row, as short transactions
// make them, and of a hundred.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "compaction/compactor.h"
#include "model/record.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kTables = 4;

struct Load {
  const char* name;
  uint32_t keys;  // per table
  uint32_t rows_per_run;
  bool inserts;  // every key once, else updates of random keys
};

std::string Feed(const Load& load, uint32_t rows) {
  std::mt19937 random(1);
  std::string image(190, 'x'), feed;
  const std::string full(1, '\x0f');
  srdf::RowRunWriter writer(&feed);
  for (uint32_t at = 0; at < rows; at += load.rows_per_run) {
    srdf::RowRunHeader header;
    header.table_ref = 1 + (at / load.rows_per_run) % kTables;
    header.op = load.inserts ? srdf::RowOp::kInsert : srdf::RowOp::kUpdate;
    if (!load.inserts) header.bitmap_before = full;
    header.bitmap_after = full;
    writer.Begin(header);
    for (uint32_t i = 0; i < load.rows_per_run; ++i) {
      const uint32_t key = load.inserts ? at + i : static_cast<uint32_t>(random() % load.keys);
      const std::string_view key_bytes(reinterpret_cast<const char*>(&key), sizeof key);
      image.replace(0, sizeof key, key_bytes);
      image[100] = static_cast<char>(random());
      writer.Add({0, key_bytes, {}, load.inserts ? srdf::ByteView() : image, image});
    }
    writer.End();
  }
  return feed;
}

void Measure(const Load& load, uint32_t rows, bool merge) {
  const std::string feed = Feed(load, rows);
  const auto begin = Clock::now();
  auto compactor = srdf::compaction::NewCompactor(merge);
  for (uint32_t ref = 1; ref <= kTables; ++ref) {
    srdf::TableSchema schema;
    schema.table_ref = ref;
    schema.database = "bench";
    schema.table = "t" + std::to_string(ref);
    schema.columns.resize(4);
    schema.key_kind = srdf::KeyKind::kPrimary;
    schema.key_columns = {0};
    if (!compactor->AddSchema(schema).ok()) std::abort();
  }
  srdf::RecordCursor cursor(feed);
  srdf::Record record;
  while (cursor.Next(&record).value()) {
    if (!compactor->AddRun(record.body).ok()) std::abort();
  }
  const auto folded = Clock::now();
  uint64_t bytes = 0;
  const auto result = compactor->Finish([&](std::string_view records) {
    bytes += records.size();
    return srdf::Status::Ok();
  });
  const auto end = Clock::now();
  if (!result.ok()) std::abort();
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  std::printf("%-34s %s: %5.2f M rows/s (fold %.3f s, emit %.3f s), %llu rows -> %llu, %.1f MB -> %.1f MB\n",
              load.name, merge ? "merge" : "pass ", rows / seconds(end - begin) / 1e6,
              seconds(folded - begin), seconds(end - folded),
              static_cast<unsigned long long>(result->rows_before),
              static_cast<unsigned long long>(result->rows_after), static_cast<double>(feed.size()) / 1e6,
              static_cast<double>(bytes) / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const uint32_t rows = argc > 1 ? static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10)) : 1'000'000;
  for (const Load& load :
       {Load{"100 hot keys, runs of 1", 25, 1, false}, Load{"100 hot keys, runs of 100", 25, 100, false},
        Load{"200,000 keys, runs of 1", 50'000, 1, false},
        Load{"200,000 keys, runs of 100", 50'000, 100, false}, Load{"inserts, runs of 100", 0, 100, true}}) {
    Measure(load, rows, true);
    Measure(load, rows, false);
  }
}
