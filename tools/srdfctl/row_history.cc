#include "srdfctl/row_history.h"

#include <utility>

#include "engine_mariadb/names_in_text.h"
#include "model/prepared.h"

namespace srdf::ctl {
namespace {

Status BadName(std::string_view text, const std::string& what) {
  return {StatusCode::kInvalidArgument, "'" + std::string(text) + "' names no row: " + what,
          "write database.table:key, as shop.orders:7, or \"shop.prices:1,'abc'\" for a key of two columns"};
}

// Up to `end`, or in back-ticks (a doubled one stands for itself); taken off the front together with `end`.
bool TakeIdentifier(std::string_view* text, char end, std::string* out) {
  if (text->starts_with('`')) {
    text->remove_prefix(1);
    for (;;) {
      const size_t tick = text->find('`');
      if (tick == std::string_view::npos) return false;
      *out += text->substr(0, tick);
      text->remove_prefix(tick + 1);
      if (!text->starts_with('`')) break;
      out->push_back('`');
      text->remove_prefix(1);
    }
    if (!text->starts_with(end)) return false;
    text->remove_prefix(1);
    return !out->empty();
  }
  const size_t at = text->find(end);
  if (at == std::string_view::npos) return false;
  *out = text->substr(0, at);
  text->remove_prefix(at + 1);
  return !out->empty();
}

}  // namespace

Result<RowName> RowName::Parse(std::string_view text) {
  RowName name;
  std::string_view rest = text;
  if (!TakeIdentifier(&rest, '.', &name.database)) return BadName(text, "the database is missing");
  if (!TakeIdentifier(&rest, ':', &name.table)) return BadName(text, "the table or the key is missing");
  auto key = engine_mariadb::ParseKeyText(rest);
  if (!key.ok()) {
    const Status bad = BadName(text, key.status().message());
    return key.status().remedy().empty() ? bad : Status(bad.code(), bad.message(), key.status().remedy());
  }
  name.key = std::move(*key);
  return name;
}

Status RowHistory::Add(std::string_view records) {
  RecordCursor cursor(records);
  while (true) {
    Record record;
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) return {};
    SRDF_RETURN_IF_ERROR(AddRecord(record, ""));
  }
}

void RowHistory::Finish() {
  if (std::exchange(removed_unless_, false)) changes_.push_back({"removed", {}, {}, {}});
}

Status RowHistory::AddRecord(const Record& record, const std::string& xid) {
  switch (record.type) {
    case RecordType::kTableSchema:
      return AddSchema(record.body);
    case RecordType::kRowRun:
      return AddRun(record.body, xid);
    case RecordType::kRangeCopy:
      return AddRangeCopy(record.body);
    case RecordType::kPreparedPart:
      return AddPart(record.body);
    case RecordType::kPreparedOutcome: {
      SRDF_ASSIGN_OR_RETURN(PreparedOutcome outcome, DecodePreparedOutcome(record.body));
      changes_.push_back({outcome.commit ? "xa_commit" : "xa_rollback", {}, outcome.xid, {}});
      return {};
    }
    case RecordType::kStatement: {
      SRDF_ASSIGN_OR_RETURN(const Statement statement, DecodeStatement(record.body));
      AddStatement(statement);
      return {};
    }
    default:
      return {};  // a mark; what does not belong into a payload is the applier's to refuse
  }
}

Status RowHistory::AddSchema(ByteView body) {
  SRDF_ASSIGN_OR_RETURN(const TableSchema schema, DecodeTableSchema(body));
  finders_.erase(schema.table_ref);
  if (schema.database != name_.database || schema.table != name_.table) return {};
  SRDF_ASSIGN_OR_RETURN(auto finder, engine_mariadb::RowFinder::New(schema, name_.key));
  finders_[schema.table_ref] = std::move(finder);
  return {};
}

engine_mariadb::RowFinder* RowHistory::Finder(uint32_t table_ref) const {
  const auto found = finders_.find(table_ref);
  return found == finders_.end() ? nullptr : found->second.get();
}

Status RowHistory::AddRun(ByteView body, const std::string& xid) {
  SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(body));
  engine_mariadb::RowFinder* finder = Finder(run.header().table_ref);
  if (finder == nullptr) return {};
  while (true) {
    Row row;
    SRDF_ASSIGN_OR_RETURN(const bool more, run.Next(&row));
    if (!more) return {};
    ++rows_;
    RowChange change;
    SRDF_ASSIGN_OR_RETURN(const bool found, finder->Find(run.header(), row, &change.row));
    if (!found) continue;
    change.what = RowOpName(run.header().op);
    if (copy_ == RangeCopyKind::kRange || copy_ == RangeCopyKind::kMore) change.what = "copied";
    if (copy_ == RangeCopyKind::kKey) change.what = "repaired";
    change.xid = xid;
    removed_unless_ = false;
    changes_.push_back(std::move(change));
  }
}

Status RowHistory::AddRangeCopy(ByteView body) {
  SRDF_ASSIGN_OR_RETURN(const RangeCopy copy, DecodeRangeCopy(body));
  Finish();
  copy_ = copy.kind;
  engine_mariadb::RowFinder* finder = Finder(copy.table_ref);
  if (finder == nullptr || copy.kind != RangeCopyKind::kKey) return {};
  SRDF_ASSIGN_OR_RETURN(removed_unless_, finder->IsKey(copy.until));
  return {};
}

// A part has its own schemas, whose numbers mean nothing outside of it.
Status RowHistory::AddPart(ByteView body) {
  SRDF_ASSIGN_OR_RETURN(const PreparedPart part, DecodePreparedPart(body));
  std::map<uint32_t, std::unique_ptr<engine_mariadb::RowFinder>> outer;
  outer.swap(finders_);
  Status status;
  RecordCursor cursor(part.records);
  while (status.ok()) {
    Record record;
    auto more = cursor.Next(&record);
    if (!more.ok()) status = more.status();
    if (!more.ok() || !*more) break;
    status = AddRecord(record, part.xid);
  }
  finders_.swap(outer);
  return status;
}

// A statement without the table's database beside its name means the default one.
void RowHistory::AddStatement(const Statement& statement) {
  engine_mariadb::NamesInText names(statement.sql);
  const bool names_table =
      names.Has(name_.table) && (statement.database == name_.database || names.Has(name_.database));
  // DROP DATABASE, or SCHEMA, takes the row with it.
  const bool drops_database =
      names.Has(name_.database) && names.Has("drop") && (names.Has("database") || names.Has("schema"));
  if (!names_table && !drops_database) return;
  changes_.push_back({"statement", {}, {}, statement.sql});
}

}  // namespace srdf::ctl
