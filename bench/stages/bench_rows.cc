#include "stages/bench_rows.h"

#include <map>
#include <random>
#include <utility>

#include "engine_mariadb/table_map.h"
#include "model/record.h"
#include "stages/stage_meter.h"

namespace srdf::bench {

namespace {

constexpr uint32_t kHotRows = 25;
constexpr size_t kCutBytes = 512u << 10;
constexpr uint8_t kTypeInt = 3, kTypeString = 254;
constexpr uint8_t kCollation = 45;  // utf8mb4_general_ci: a CHAR(120) has up to 480 bytes
constexpr char kAllColumns = 0x0f, kKeyColumn = 0x01;

// What follows table id and flags in a TABLE_MAP event with binlog_row_metadata=FULL (the server's
// Table_map_log_event): names, types, type metadata, nullable bits, optional fields.
std::string TableMapOf(const std::string& table) {
  const std::string database = "sbtest";
  std::string out;
  ByteWriter w(&out);
  w.U8(static_cast<uint8_t>(database.size()));
  w.Raw(database + '\0');
  w.U8(static_cast<uint8_t>(table.size()));
  w.Raw(table + '\0');
  w.U8(4);
  for (const uint8_t type : {kTypeInt, kTypeInt, kTypeString, kTypeString}) w.U8(type);
  // Of a CHAR: its type with the length's bits 8 and 9 folded in, upside down, then the length's low byte.
  w.U8(4);
  for (const uint32_t length : {480u, 240u}) {
    w.U8(static_cast<uint8_t>(kTypeString ^ ((length & 0x300) >> 4)));
    w.U8(static_cast<uint8_t>(length));
  }
  w.U8(0);  // no column may be NULL
  const auto field = [&w](uint8_t type, const std::string& value) {
    w.U8(type);
    w.U8(static_cast<uint8_t>(value.size()));
    w.Raw(value);
  };
  field(1, std::string(1, '\0'));  // signedness: both numbers are signed
  field(2, {static_cast<char>(kCollation)});
  field(4, std::string("\2id\1k\1c\3pad"));
  field(8, std::string(1, '\0'));  // the primary key is column 0
  return out;
}

class StreamMaker {
 public:
  explicit StreamMaker(const StreamOptions& options)
      : options_(options), random_(options.seed), announced_(kTables, false) {}

  ChangeStream Make() {
    for (uint32_t number = 1; number <= options_.transactions; ++number) {
      Transaction(number);
      if (buffer_.size() >= kCutBytes) Cut();
    }
    if (!buffer_.empty()) Cut();
    stream_.transactions = options_.transactions;
    return std::move(stream_);
  }

 private:
  void Cut() {
    stream_.bytes += buffer_.size();
    stream_.cuts.push_back(std::move(buffer_));
    buffer_ = {};
  }

  void Transaction(uint32_t number) {
    const std::string gtid = "0-1-" + std::to_string(100 + number);
    std::string body;
    EncodeTransactionBegin({gtid, 1'700'000'000'000 + number}, &body);
    AppendRecord(RecordType::kTransactionBegin, body, &buffer_);
    if (options_.load == Load::kOne) {
      Run(1, RowOp::kUpdate, AnyId());
    } else if (options_.load == Load::kInsert) {
      for (int i = 0; i < 4; ++i) Run(AnyTable(), RowOp::kInsert, options_.first_new_id + new_ids_++);
    } else {
      Run(AnyTable(), RowOp::kUpdate, AnyId());
      Run(AnyTable(), RowOp::kUpdate, AnyId());
      const uint32_t table = AnyTable(), id = AnyId();
      Run(table, RowOp::kDelete, id);
      Run(table, RowOp::kInsert, id);
    }
    body.clear();
    EncodeTransactionEnd({{gtid, "binlog.000001", 1000ull * number}, 1600}, &body);
    AppendRecord(RecordType::kTransactionEnd, body, &buffer_);
  }

  void Run(uint32_t table, RowOp op, uint32_t id) {
    if (!announced_[table - 1]) {
      announced_[table - 1] = true;
      std::string body;
      EncodeTableSchema(BenchSchema(table), &body);
      AppendRecord(RecordType::kTableSchema, body, &buffer_);
    }
    RowRunHeader header;
    header.table_ref = table;
    header.op = op;
    const ByteView all(&kAllColumns, 1), key(&kKeyColumn, 1);
    if (op != RowOp::kInsert) header.bitmap_before = key;
    if (op != RowOp::kDelete) header.bitmap_after = all;
    std::string before, after, id_bytes;
    ByteWriter(&id_bytes).U32(id);
    if (op != RowOp::kInsert) before = std::string(1, '\0') + id_bytes;
    if (op != RowOp::kDelete) after = Image(id_bytes);
    RowRunWriter writer(&buffer_);
    writer.Begin(header);
    writer.Add({0, id_bytes, {}, before, after});
    writer.End();
    ++stream_.rows;
  }

  // Bits of NULL columns, id, k, c and pad with their lengths in two bytes and one.
  std::string Image(const std::string& id_bytes) {
    std::string image(1, '\xf0');
    ByteWriter w(&image);
    w.Raw(id_bytes);
    w.U32(static_cast<uint32_t>(random_() % kRowsPerTable));
    w.U16(10 * 12 - 1);
    Digits(10, &image);
    w.U8(5 * 12 - 1);
    Digits(5, &image);
    return image;
  }

  // As sysbench fills c and pad: groups of eleven random digits.
  void Digits(int groups, std::string* out) {
    for (int group = 0; group < groups; ++group) {
      if (group != 0) out->push_back('-');
      uint64_t bits = (static_cast<uint64_t>(random_()) << 32) | random_();
      for (int digit = 0; digit < 11; ++digit, bits /= 10) out->push_back(static_cast<char>('0' + bits % 10));
    }
  }

  uint32_t AnyTable() { return 1 + random_() % kTables; }
  uint32_t AnyId() {
    return 1 + static_cast<uint32_t>(random_() % (options_.load == Load::kHot ? kHotRows : kRowsPerTable));
  }

  const StreamOptions options_;
  std::mt19937 random_;
  std::vector<bool> announced_;
  uint32_t new_ids_ = 0;
  std::string buffer_;
  ChangeStream stream_;
};

}  // namespace

const char* LoadName(Load load) {
  switch (load) {
    case Load::kUniform:
      return "uniform";
    case Load::kHot:
      return "hot";
    case Load::kInsert:
      return "insert";
    case Load::kOne:
      return "one";
  }
  return "?";
}

ChangeStream MakeChangeStream(const StreamOptions& options) { return StreamMaker(options).Make(); }

const ChangeStream& SharedStream(Load load, uint32_t transactions) {
  static std::map<std::pair<Load, uint32_t>, ChangeStream> streams;
  const auto [it, added] = streams.try_emplace({load, transactions});
  if (added) {
    StreamOptions options;
    options.load = load;
    options.transactions = transactions;
    it->second = MakeChangeStream(options);
  }
  return it->second;
}

TableSchema BenchSchema(uint32_t table_ref) {
  TableSchema schema;
  schema.table_ref = table_ref;
  schema.database = "sbtest";
  schema.table = "sbtest" + std::to_string(table_ref);
  schema.engine_meta = TableMapOf(schema.table);
  schema.columns = Must(engine_mariadb::DecodeTableMap(schema.engine_meta)).columns;
  schema.key_kind = KeyKind::kPrimary;
  schema.key_columns = {0};
  schema.constraint_group = table_ref;
  schema.acting_foreign_keys.emplace();
  return schema;
}

std::vector<std::string> CreateTablesSql() {
  std::vector<std::string> sql = {"CREATE DATABASE sbtest", "USE sbtest"};
  for (uint32_t table = 1; table <= kTables; ++table) {
    const std::string name = "sbtest.sbtest" + std::to_string(table);
    sql.push_back(
        "CREATE TABLE " + name +
        " (id INT NOT NULL PRIMARY KEY, k INT NOT NULL, c CHAR(120) NOT NULL, pad CHAR(60) NOT NULL,"
        " KEY k (k)) ENGINE=InnoDB DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci");
    sql.push_back("INSERT INTO " + name +
                  " SELECT seq, seq, REPEAT('0123456789-', 10), REPEAT('0123456789-', 5) FROM seq_1_to_" +
                  std::to_string(kRowsPerTable));
  }
  return sql;
}

}  // namespace srdf::bench
