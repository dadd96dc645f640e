// The change stream: every record's decoder, and that what it accepts is written again as it was.
#include "fuzz/fuzz_target.h"
#include "model/mark.h"
#include "model/prepared.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/statement.h"

namespace srdf::fuzz {

namespace {

// `write` has the form of the model's encoders.
template <typename T, typename Write, typename Read>
void RoundTrip(ByteView body, Read read, Write write) {
  const auto value = read(body);
  if (!value.ok()) return;
  std::string written;
  write(*value, &written);
  const auto again = read(ByteView(written));
  Require(again.ok(), "a record cannot be read again");
  std::string rewritten;
  write(*again, &rewritten);
  Require(rewritten == written, "a record changes when it is written again");
}

void ReadRun(ByteView body) {
  auto reader = RowRunReader::Open(body);
  if (!reader.ok()) return;
  std::string copy;
  RowRunWriter writer(&copy);
  writer.Begin(reader->header());
  Row row;
  uint32_t rows = 0;
  for (;; ++rows) {
    const auto more = reader->Next(&row);
    if (!more.ok()) return;
    if (!*more) break;
    writer.Add(row);
  }
  Require(rows == reader->row_count(), "a run has more or fewer rows than it says");
  writer.End();
  Record record;
  const auto whole = RecordCursor(copy).Next(&record);
  Require(whole.ok() && *whole, "a run cannot be read again");
}

void ReadRecords(ByteView records, int depth) {
  RecordCursor cursor(records);
  Record record;
  for (;;) {
    const auto more = cursor.Next(&record);
    if (!more.ok() || !*more) return;
    switch (record.type) {
      case RecordType::kTableSchema:
        RoundTrip<TableSchema>(record.body, DecodeTableSchema, EncodeTableSchema);
        break;
      case RecordType::kTransactionBegin:
        RoundTrip<TransactionBegin>(record.body, DecodeTransactionBegin, EncodeTransactionBegin);
        break;
      case RecordType::kRowRun:
        ReadRun(record.body);
        break;
      case RecordType::kStatement:
        RoundTrip<Statement>(record.body, DecodeStatement, EncodeStatement);
        break;
      case RecordType::kTransactionEnd:
        RoundTrip<TransactionEnd>(record.body, DecodeTransactionEnd, EncodeTransactionEnd);
        break;
      case RecordType::kPreparedPart:
        if (const auto part = DecodePreparedPart(record.body); part.ok() && depth > 0) {
          ReadRecords(part->records, depth - 1);
        }
        break;
      case RecordType::kPreparedOutcome:
        RoundTrip<PreparedOutcome>(record.body, DecodePreparedOutcome, EncodePreparedOutcome);
        break;
      case RecordType::kMark:
        RoundTrip<Mark>(record.body, DecodeMark, EncodeMark);
        break;
      case RecordType::kRangeCopy:
        RoundTrip<RangeCopy>(record.body, DecodeRangeCopy, EncodeRangeCopy);
        break;
    }
  }
}

std::string Whole(RecordType type, const std::string& body) {
  std::string out;
  AppendRecord(type, body, &out);
  return out;
}

}  // namespace

void FuzzOne(std::string_view input) { ReadRecords(input, 2); }

std::vector<std::string> Seeds() {
  TableSchema schema;
  schema.table_ref = 1;
  schema.database = "shop";
  schema.table = "orders";
  schema.columns.resize(2);
  schema.columns[0] = {"id", 3, 0, true, false, 0, {}};
  schema.columns[1] = {"state", 247, 1, false, true, 45, {"new", "paid"}};
  schema.key_kind = KeyKind::kPrimary;
  schema.key_columns = {0};
  schema.acting_foreign_keys = {{"shop.lines(order) ON DELETE CASCADE"}};
  std::string body;
  EncodeTableSchema(schema, &body);
  const std::string schema_record = Whole(RecordType::kTableSchema, body);

  std::string run;
  RowRunWriter writer(&run);
  writer.Begin({1, RowOp::kUpdate, kRunInPlace, "\x01", "\x03"});
  writer.Add({kRowUniqueChanged, "key", "new key", "before", "after"});
  writer.Add({0, "key", {}, "before", "after"});
  writer.End();

  Statement statement;
  statement.database = "shop";
  statement.sql = "ALTER TABLE orders ADD COLUMN note TEXT";
  statement.has_sql_mode = statement.has_flags2 = statement.has_charset = true;
  statement.time_zone = "SYSTEM";
  body.clear();
  EncodeStatement(statement, &body);
  const std::string statement_record = Whole(RecordType::kStatement, body);

  body.clear();
  EncodePreparedPartFront({"X'6731',X'71',1", "0-1-7", 1, true, 2, {}}, &body);
  const std::string part = Whole(RecordType::kPreparedPart, body + schema_record + run);
  body.clear();
  EncodePreparedOutcome({"X'6731',X'71',1", true}, &body);
  const std::string outcome = Whole(RecordType::kPreparedOutcome, body);

  body.clear();
  EncodeMark({"mark"}, &body);
  const std::string mark = Whole(RecordType::kMark, body);
  body.clear();
  EncodeRangeCopy({1, RangeCopyKind::kRange, "a", "z", 0}, &body);
  const std::string range = Whole(RecordType::kRangeCopy, body);

  body.clear();
  EncodeTransactionBegin({"0-1-101", 1'700'000'000'000}, &body);
  const std::string begin = Whole(RecordType::kTransactionBegin, body);
  body.clear();
  EncodeTransactionEnd({{"0-1-101", "bin.000001", 1234}, 512}, &body);
  const std::string end = Whole(RecordType::kTransactionEnd, body);
  body.clear();
  EncodeTransactionEnd({{"0-1-101", "bin.000001", 1234, "state of a copy"}, 512, true}, &body);
  const std::string copy_end = Whole(RecordType::kTransactionEnd, body);
  return {begin + schema_record + run + end, begin + statement_record + end, begin + part + outcome + end,
          begin + mark + end, begin + schema_record + range + run + copy_end};
}

}  // namespace srdf::fuzz
