#include "srdfctl/wagon_rows.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "model/mark.h"
#include "model/prepared.h"
#include "model/record.h"
#include "model/statement.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

// "a valid JSON string", also when the text is not UTF-8.
std::string JsonText(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class RowPrinter {
 public:
  RowPrinter(const RowJson& row_json, const std::function<void(const std::string&)>& print)
      : row_json_(row_json), print_(print) {}

  Status Print(const Record& record) {
    switch (record.type) {
      case RecordType::kTableSchema: {
        SRDF_ASSIGN_OR_RETURN(TableSchema schema, DecodeTableSchema(record.body));
        const uint32_t table_ref = schema.table_ref;
        schemas_[table_ref] = std::move(schema);
        return {};
      }
      case RecordType::kStatement: {
        SRDF_ASSIGN_OR_RETURN(const Statement statement, DecodeStatement(record.body));
        print_(fmt::format(R"({{"statement":{},"database":{}}})", JsonText(statement.sql),
                           JsonText(statement.database)));
        return {};
      }
      case RecordType::kRowRun:
        return PrintRun(record.body, {});
      case RecordType::kPreparedPart:
        return PrintPart(record.body);
      case RecordType::kPreparedOutcome: {
        SRDF_ASSIGN_OR_RETURN(const PreparedOutcome outcome, DecodePreparedOutcome(record.body));
        print_(fmt::format(R"({{"{}":{}}})", outcome.commit ? "xa_commit" : "xa_rollback",
                           JsonText(outcome.xid)));
        return {};
      }
      case RecordType::kMark: {
        SRDF_ASSIGN_OR_RETURN(const Mark mark, DecodeMark(record.body));
        print_(fmt::format(R"({{"mark":{}}})", JsonText(mark.id)));
        return {};
      }
      case RecordType::kRangeCopy:
        return PrintRange(record.body);
      default:
        return {StatusCode::kDataLoss, "the payload has a record that does not belong into a wagon",
                "this wagon was written by another version; use that version's srdfctl"};
    }
  }

 private:
  // Keys and rows are the engine's encoding: shown in hexadecimal digits.
  Status PrintRange(ByteView body) {
    SRDF_ASSIGN_OR_RETURN(const RangeCopy copy, DecodeRangeCopy(body));
    SRDF_ASSIGN_OR_RETURN(const TableSchema* const schema, Schema(copy.table_ref));
    const std::string table = JsonText(schema->database + "." + schema->table);
    if (copy.kind == RangeCopyKind::kRange) {
      print_(fmt::format(R"({{"copy_of":{},"after":"{}","until":"{}"}})", table, Hex(copy.after),
                         Hex(copy.until)));
    } else if (copy.kind == RangeCopyKind::kKey) {
      print_(fmt::format(R"({{"copy_of":{},"key":"{}"}})", table, Hex(copy.until)));
    } else if (copy.kind == RangeCopyKind::kCopies) {
      print_(fmt::format(R"({{"copy_of":{},"row":"{}","copies":{}}})", table, Hex(copy.until), copy.copies));
    } else {
      print_(fmt::format(R"({{"copy_of":{},"more":true}})", table));
    }
    return {};
  }

  Result<const TableSchema*> Schema(uint32_t table_ref) const {
    const auto schema = schemas_.find(table_ref);
    if (schema != schemas_.end()) return &schema->second;
    return Status(StatusCode::kDataLoss, "a run of rows refers to a schema that the wagon does not have",
                  "compare the hash of the wagon in outbox and inbox");
  }

  // A part has its own schemas, whose numbers mean nothing outside of it.
  Status PrintPart(ByteView body) {
    SRDF_ASSIGN_OR_RETURN(const PreparedPart part, DecodePreparedPart(body));
    const std::string xid = fmt::format(R"("xa_prepare":{},)", JsonText(part.xid));
    print_(fmt::format(R"({{{}"part":{},"last":{},"rows":{}}})", xid, part.number, part.last, part.rows));
    std::map<uint32_t, TableSchema> outer;
    outer.swap(schemas_);
    const Status status = PrintPartRows(part.records, xid);
    schemas_.swap(outer);
    return status;
  }

  Status PrintPartRows(ByteView records, const std::string& prefix) {
    RecordCursor cursor(records);
    while (true) {
      Record record;
      SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
      if (!more) return {};
      if (record.type == RecordType::kRowRun) {
        SRDF_RETURN_IF_ERROR(PrintRun(record.body, prefix));
      } else {
        SRDF_RETURN_IF_ERROR(Print(record));
      }
    }
  }

  // `prefix`: members that each line begins with.
  Status PrintRun(ByteView body, const std::string& prefix) {
    SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(body));
    SRDF_ASSIGN_OR_RETURN(const TableSchema* const schema, Schema(run.header().table_ref));
    const std::string begin =
        fmt::format(R"({{{}"table":{},"op":"{}")", prefix, JsonText(schema->database + "." + schema->table),
                    RowOpName(run.header().op));
    while (true) {
      Row row;
      SRDF_ASSIGN_OR_RETURN(const bool more, run.Next(&row));
      if (!more) return {};
      std::string line = begin;
      if (run.header().op != RowOp::kInsert) {
        line += R"(,"before":)";
        SRDF_RETURN_IF_ERROR(row_json_(*schema, run.header().bitmap_before, row.before, &line));
      }
      if (run.header().op != RowOp::kDelete) {
        line += R"(,"after":)";
        SRDF_RETURN_IF_ERROR(row_json_(*schema, run.header().bitmap_after, row.after, &line));
      }
      print_(line + "}");
    }
  }

  const RowJson& row_json_;
  const std::function<void(const std::string&)>& print_;
  std::map<uint32_t, TableSchema> schemas_;
};

}  // namespace

Status PrintRows(wire::WagonReader* reader, const RowJson& row_json,
                 const std::function<void(const std::string& line)>& print) {
  RowPrinter printer(row_json, print);
  while (true) {
    SRDF_ASSIGN_OR_RETURN(const std::string_view records, reader->Next());
    if (records.empty()) return {};
    RecordCursor cursor(records);
    while (true) {
      Record record;
      SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
      if (!more) break;
      SRDF_RETURN_IF_ERROR(printer.Print(record));
    }
  }
}

}  // namespace srdf::ctl
