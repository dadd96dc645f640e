#include "target_fixture.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine_mariadb/ddl_fingerprint.h"
#include "model/prepared.h"

namespace srdf::test {

namespace {

constexpr uint8_t kInt = 3, kVarchar = 15, kBlob = 252;

uint8_t TypeCode(const std::string& type) { return type == "i" ? kInt : type == "b" ? kBlob : kVarchar; }
uint16_t TypeMeta(const std::string& type) {
  return type == "i" ? 0 : type == "b" ? 4 : static_cast<uint16_t>(std::atoi(type.c_str() + 1));
}
bool Bit(const std::string& bitmap, size_t i) {
  return (static_cast<uint8_t>(bitmap[i / 8]) >> (i % 8) & 1) != 0;
}

}  // namespace

TableSchema SimpleTable::Schema(uint32_t table_ref) const {
  TableSchema schema;
  schema.table_ref = table_ref;
  schema.database = database;
  schema.table = table;
  schema.key_kind = key ? KeyKind::kPrimary : KeyKind::kNone;
  if (key) schema.key_columns = {0};
  schema.acting_foreign_keys = acting_foreign_keys;
  ByteWriter w(&schema.engine_meta);
  w.U8(static_cast<uint8_t>(database.size()));
  w.Raw(database + '\0');
  w.U8(static_cast<uint8_t>(table.size()));
  w.Raw(table + '\0');
  w.U8(static_cast<uint8_t>(types.size()));
  std::string meta;
  for (size_t i = 0; i < types.size(); ++i) {
    Column column;
    column.name = "c" + std::to_string(i);
    column.type = TypeCode(types[i]);
    column.type_meta = TypeMeta(types[i]);
    column.nullable = !(key && i == 0);
    column.collation = column.type == kVarchar ? 45 : column.type == kBlob ? 63 : 0;
    schema.columns.push_back(column);
    w.U8(column.type);
    if (column.type == kVarchar) ByteWriter(&meta).U16(column.type_meta);
    if (column.type == kBlob) ByteWriter(&meta).U8(4);
  }
  w.Blob(meta);
  std::string nullable((types.size() + 7) / 8, '\0');
  for (size_t i = 0; i < types.size(); ++i) {
    if (schema.columns[i].nullable) nullable[i / 8] = static_cast<char>(nullable[i / 8] | (1 << (i % 8)));
  }
  w.Raw(nullable);
  return schema;
}

std::string SimpleTable::AllColumns() const {
  std::string bitmap((types.size() + 7) / 8, '\0');
  for (size_t i = 0; i < types.size(); ++i) bitmap[i / 8] = static_cast<char>(bitmap[i / 8] | (1 << (i % 8)));
  return bitmap;
}

std::string SimpleTable::KeyColumn() const {
  std::string bitmap((types.size() + 7) / 8, '\0');
  bitmap[0] = 1;
  return bitmap;
}

std::string SimpleTable::Image(const std::string& bitmap, const Cells& cells) const {
  std::string nulls, values;
  size_t present = 0;
  for (size_t i = 0; i < types.size(); ++i) {
    if (!Bit(bitmap, i)) continue;
    if (present % 8 == 0) nulls.push_back('\0');
    if (!cells[i].has_value()) {
      nulls.back() = static_cast<char>(nulls.back() | (1 << (present % 8)));
    } else if (TypeCode(types[i]) == kInt) {
      ByteWriter(&values).U32(static_cast<uint32_t>(std::atoll(cells[i]->c_str())));
    } else {
      ByteWriter w(&values);
      if (types[i] == "b") {
        w.U32(static_cast<uint32_t>(cells[i]->size()));
      } else if (TypeMeta(types[i]) > 255) {
        w.U16(static_cast<uint16_t>(cells[i]->size()));
      } else {
        w.U8(static_cast<uint8_t>(cells[i]->size()));
      }
      w.Raw(*cells[i]);
    }
    ++present;
  }
  return nulls + values;
}

uint32_t PayloadBuilder::Table(const SimpleTable& table) {
  tables_.push_back(table);
  std::string body;
  const auto ref = static_cast<uint32_t>(tables_.size());
  EncodeTableSchema(table.Schema(ref), &body);
  AppendRecord(RecordType::kTableSchema, body, &pieces_.back());
  return ref;
}

void PayloadBuilder::Insert(uint32_t ref, const std::vector<Cells>& rows, uint8_t flags) {
  const SimpleTable& table = tables_[ref - 1];
  const std::string all = table.AllColumns();
  RowRunWriter run(&pieces_.back());
  RowRunHeader header;
  header.table_ref = ref;
  header.op = RowOp::kInsert;
  header.flags = flags;
  header.bitmap_after = all;
  run.Begin(header);
  for (const auto& cells : rows) {
    const std::string after = table.Image(all, cells);
    Row row;
    row.after = after;
    run.Add(row);
  }
  run.End();
}

void PayloadBuilder::Delete(uint32_t ref, const std::vector<Cells>& rows, bool key_only, uint8_t flags) {
  const SimpleTable& table = tables_[ref - 1];
  const std::string bitmap = key_only ? table.KeyColumn() : table.AllColumns();
  RowRunWriter run(&pieces_.back());
  RowRunHeader header;
  header.table_ref = ref;
  header.op = RowOp::kDelete;
  header.flags = flags;
  header.bitmap_before = bitmap;
  run.Begin(header);
  for (const auto& cells : rows) {
    const std::string before = table.Image(bitmap, cells);
    Row row;
    row.before = before;
    run.Add(row);
  }
  run.End();
}

void PayloadBuilder::Update(uint32_t ref, const std::vector<std::pair<Cells, Cells>>& rows, bool key_only,
                            uint8_t flags) {
  const SimpleTable& table = tables_[ref - 1];
  const std::string bitmap = key_only ? table.KeyColumn() : table.AllColumns();
  const std::string all = table.AllColumns();
  RowRunWriter run(&pieces_.back());
  RowRunHeader header;
  header.table_ref = ref;
  header.op = RowOp::kUpdate;
  header.flags = flags;
  header.bitmap_before = bitmap;
  header.bitmap_after = all;
  run.Begin(header);
  for (const auto& [old_cells, new_cells] : rows) {
    const std::string before = table.Image(bitmap, old_cells);
    const std::string after = table.Image(all, new_cells);
    Row row;
    row.before = before;
    row.after = after;
    run.Add(row);
  }
  run.End();
}

void PayloadBuilder::Ddl(const Statement& statement) {
  std::string body;
  EncodeStatement(statement, &body);
  AppendRecord(RecordType::kStatement, body, &pieces_.back());
}

void PayloadBuilder::Mark(const std::string& id) {
  std::string body;
  EncodeMark({id}, &body);
  AppendRecord(RecordType::kMark, body, &pieces_.back());
}

std::string PayloadBuilder::KeyOf(uint32_t ref, const Cell& key) const {
  const SimpleTable& table = tables_[ref - 1];
  return key ? table.Image(table.KeyColumn(), {key}).substr(1) : "";
}

void PayloadBuilder::Range(const RangeCopy& copy) {
  std::string body;
  EncodeRangeCopy(copy, &body);
  AppendRecord(RecordType::kRangeCopy, body, &pieces_.back());
}

void PayloadBuilder::Range(uint32_t ref, const Cell& after, const Cell& until) {
  Range({ref, RangeCopyKind::kRange, KeyOf(ref, after), KeyOf(ref, until), 0});
}

void PayloadBuilder::Key(uint32_t ref, const Cell& key) {
  Range({ref, RangeCopyKind::kKey, "", KeyOf(ref, key), 0});
}

void PayloadBuilder::Copies(uint32_t ref, const Cells& row, uint64_t copies) {
  const SimpleTable& table = tables_[ref - 1];
  Range({ref, RangeCopyKind::kCopies, "", table.Image(table.AllColumns(), row), copies});
}

void PayloadBuilder::More(uint32_t ref) { Range({ref, RangeCopyKind::kMore, "", "", 0}); }

void PayloadBuilder::Prepared(const std::string& xid, uint32_t number, bool last,
                              const PayloadBuilder& inner) {
  PreparedPart part;
  part.xid = xid;
  part.gtid = "0-1-77";
  part.number = number;
  part.last = last;
  std::string body;
  EncodePreparedPartFront(part, &body);
  AppendRecord(RecordType::kPreparedPart, body + inner.bytes(), &pieces_.back());
}

void PayloadBuilder::Outcome(const std::string& xid, bool commit) {
  std::string body;
  EncodePreparedOutcome({xid, commit}, &body);
  AppendRecord(RecordType::kPreparedOutcome, body, &pieces_.back());
}

void PayloadBuilder::EndPiece() { pieces_.emplace_back(); }

uint64_t PayloadBuilder::raw_bytes() const {
  uint64_t sum = 0;
  for (const std::string& piece : pieces_) sum += piece.size();
  return sum;
}

Result<std::string_view> PayloadBuilder::Next() {
  if (next_ >= pieces_.size()) return std::string_view();
  return std::string_view(pieces_[next_++]);
}

Statement OrdinaryStatement(const std::string& database, const std::string& sql) {
  Statement s;
  s.database = database;
  s.sql = sql;
  s.timestamp_us = 1700000000123456;
  s.has_sql_mode = true;
  s.sql_mode = 1411383296;  // the default of 10.11
  s.has_flags2 = true;
  s.flags2 = 1u << 24;  // explicit_defaults_for_timestamp, the default of 10.11
  s.has_charset = true;
  s.charset_client = 45;
  s.collation_connection = 45;
  s.collation_server = 45;
  return s;
}

namespace {

std::unique_ptr<MariaDbServer> StartServer(const MariaDbServerOptions& options) {
  auto started = MariaDbServer::Start(options);
  if (!started.ok()) {
    ADD_FAILURE() << started.status().ToString();
    std::abort();
  }
  return std::move(started).value();
}

// Between two tests the shared server rests here.
std::unique_ptr<MariaDbServer>& SharedServer() {
  static std::unique_ptr<MariaDbServer> server;
  return server;
}

}  // namespace

Target::Target() : shared_(true), server_(std::move(SharedServer())) {
  if (server_ == nullptr) server_ = StartServer({});
  auto connection = server_->ConnectOrDie();
  auto databases = connection->Query(
      "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN "
      "('mysql','information_schema','performance_schema','sys')");
  for (const auto& row : databases.value())
    Execute({"SET foreign_key_checks=0", "DROP DATABASE `" + *row[0] + "`"});
  Execute({"SET GLOBAL slave_exec_mode='STRICT', GLOBAL log_bin_trust_function_creators=1"});
  Begin();
}

Target::Target(const MariaDbServerOptions& options, bool compare_before_images)
    : compare_before_images_(compare_before_images), server_(StartServer(options)) {
  Begin();
}

Target::~Target() {
  session_.reset();
  engine_.reset();
  if (shared_ && server_->running()) SharedServer() = std::move(server_);
}

void Target::Begin() {
  engine_mariadb::TargetOptions options{server_->Endpoint(), kFlow, kOrigin, kApplyMethod};
  options.compare_before_images = compare_before_images_;
  engine_ = engine_mariadb::NewTargetEngine(std::move(options));
  engine::Checkpoint start;
  start.flow = kFlow;
  start.wagon_hash = ZeroHash();
  start.position = start_;
  const Status status = session().InitCheckpoint(start);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

engine::TargetSession& Target::session() {
  if (session_ == nullptr) {
    auto session = engine_->Connect();
    if (!session.ok()) {
      ADD_FAILURE() << session.status().ToString();
      std::abort();
    }
    session_ = std::move(session).value();
  }
  return *session_;
}

WagonHeader Target::NextHeader() const {
  WagonHeader header;
  header.sequence = sequence_ + 1;
  header.uid = "wagon-" + std::to_string(header.sequence);
  header.flow = kFlow;
  header.previous_hash = hash_;
  header.first =
      sequence_ == 0 ? start_ : SourcePosition{"0-1-" + std::to_string(100 + sequence_), "binlog.000001", 4};
  header.last = {"0-1-" + std::to_string(101 + sequence_), "binlog.000001", 1000 + sequence_};
  header.first.copy = copy_;
  header.last.copy = copy_after_;
  header.commit_time_last_ms = 1700000000000;
  return header;
}

void Target::SetStart(const SourcePosition& start) {
  start_ = start;
  copy_ = copy_after_ = start.copy;
  sequence_ = 0;
  hash_ = ZeroHash();
  Execute({"DELETE FROM srdf.checkpoint"});
  session_.reset();
  Begin();
}

std::string Target::HashOf(const WagonHeader& header) { return engine_mariadb::Digest(header.uid); }

Result<engine::ApplyStats> Target::Apply(engine::PayloadReader* payload, const SourcePosition& last) {
  WagonHeader header = NextHeader();
  if (last.known()) header.last = last;
  if (const auto* p = dynamic_cast<const PayloadBuilder*>(payload)) header.payload_raw_bytes = p->raw_bytes();
  auto stats = session().Apply(header, HashOf(header), payload);
  if (stats.ok()) Advance(header);
  return stats;
}

void Target::Advance(const WagonHeader& header) {
  sequence_ = header.sequence;
  hash_ = HashOf(header);
  copy_ = copy_after_ = header.last.copy;
}

void Target::MoveCopy(std::string encoded) {
  copy_after_ = std::move(encoded);
  PayloadBuilder mark;
  mark.Mark("copy");
  const auto applied = Apply(&mark);
  EXPECT_TRUE(applied.ok()) << applied.status().ToString();
}

engine::Checkpoint Target::Checkpoint() { return session().ReadCheckpoint(kFlow).value().value(); }

void Target::Execute(const std::vector<std::string>& statements) {
  const Status status = server_->Execute(statements);
  ASSERT_TRUE(status.ok()) << status.ToString();
}

std::string Target::Value(const std::string& query) {
  auto value = server_->Value(query);
  EXPECT_TRUE(value.ok()) << value.status().ToString();
  return value.ok() ? *value : "";
}

}  // namespace srdf::test
