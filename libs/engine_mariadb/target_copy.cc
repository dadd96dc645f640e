#include "engine_mariadb/target_copy.h"

#include <algorithm>
#include <unordered_set>

#include "engine_mariadb/target_erase.h"
#include "failpoint/failpoint.h"

namespace srdf::engine_mariadb {

namespace {

constexpr size_t kKeysMax = 200;
constexpr size_t kScannedKeysMax = 2000;
constexpr size_t kCountedMax = 100;
constexpr size_t kConditionBytesMax = 1 << 20;
constexpr size_t kRunBytesMax = 256 << 10;

std::string From(const KeyedTable& table, const std::string& index) {
  return " FROM " + table.sql.quoted_name +
         (index.empty() ? "" : " FORCE INDEX (" + Connection::QuoteIdentifier(index) + ")");
}

// Appends the images of a run of inserted rows; they have the same columns as those before, if there are any.
Status ImagesOf(ByteView body, std::string* bitmap, std::vector<ByteView>* images) {
  SRDF_ASSIGN_OR_RETURN(RowRunReader run, RowRunReader::Open(body));
  if (!images->empty() && run.header().bitmap_after != *bitmap) {
    return {StatusCode::kDataLoss, "rows of one copy have other columns than its rows before"};
  }
  *bitmap = run.header().bitmap_after;
  for (Row row;;) {
    SRDF_ASSIGN_OR_RETURN(const bool is_one, run.Next(&row));
    if (!is_one) return {};
    images->push_back(row.after);
  }
}

}  // namespace

Status TargetCopy::Denied(const KeyedTable& table, const Status& status) {
  if (status.code() != StatusCode::kPermissionDenied)
    return status.WithContext("copy of " + table.sql.quoted_name);
  return {StatusCode::kPermissionDenied,
          "copy of " + table.sql.quoted_name +
              ": rows to be replaced cannot be read or deleted: " + status.message(),
          "GRANT SELECT, DELETE ON *.* to the user of the target, then resume the flow"};
}

Status TargetCopy::Apply(const Record& record, std::string_view rest) {
  SRDF_ASSIGN_OR_RETURN(const RangeCopy copy, DecodeRangeCopy(record.body));
  SRDF_RETURN_IF_ERROR(rows_->Flush());
  SRDF_ASSIGN_OR_RETURN(const TableSchema* const schema, rows_->CheckedSchema(copy.table_ref));
  auto found = tables_->Find(*schema);
  if (!found.ok()) return found.status();
  KeyedTable* const table = *found;
  if (table->sql.sequence) {
    return {StatusCode::kDataLoss, table->sql.quoted_name + " is a sequence, which is not copied by rows"};
  }
  may_clash_ = false;
  behind_.clear();
  switch (copy.kind) {
    case RangeCopyKind::kRange:
      SRDF_RETURN_IF_ERROR(ClearRange(copy, table));
      if (!table->other_keys.empty()) {
        SRDF_ASSIGN_OR_RETURN(may_clash_, AnyRowBehind(*table, copy));
      }
      return {};
    case RangeCopyKind::kKey:
      may_clash_ = !table->other_keys.empty();
      if (record.whole.data() < keys_done_until_) return {};
      return ClearKeys(copy, rest, table);
    case RangeCopyKind::kCopies:
      return record.whole.data() < copies_done_until_ ? Status() : MakeCopies(copy, rest, table);
    case RangeCopyKind::kMore:
      return {};
  }
  return {StatusCode::kDataLoss, "unknown kind of a range copy"};
}

Status TargetCopy::ClearRange(const RangeCopy& copy, KeyedTable* table) {
  std::string where;
  SRDF_RETURN_IF_ERROR(table->AppendKeyIn(copy.after, copy.until, &where));
  return where.empty() ? Delete(table, "", "") : Delete(table, " WHERE " + where, table->index);
}

// And says in behind_ which these are.
Result<bool> TargetCopy::AnyRowBehind(const KeyedTable& table, const RangeCopy& copy) {
  if (copy.until.empty()) return false;
  SRDF_RETURN_IF_ERROR(table.AppendKeyIn(copy.until, {}, &behind_));
  return AnyRow(table, " WHERE " + behind_, table.index);
}

Status TargetCopy::ClearKeys(const RangeCopy& first, std::string_view rest, KeyedTable* table) {
  const bool scanned = std::any_of(table->other_keys.begin(), table->other_keys.end(),
                                   [](const KeyedTable::UniqueKey& k) { return k.scanned(); });
  std::unordered_set<std::string> keys;
  std::vector<ByteView> images;
  std::string where, image, bitmap;
  RowSlices key;
  const auto add = [&](const RangeCopy& copy) -> Status {
    keys.insert(copy.until);
    where += where.empty() ? " WHERE (" : " OR (";
    SRDF_RETURN_IF_ERROR(table->SplitKey(copy.until, &image, &key));
    SRDF_RETURN_IF_ERROR(table->AppendKeyIs(key, &where));
    where += ")";
    return {};
  };
  SRDF_RETURN_IF_ERROR(add(first));
  keys_done_until_ = rest.data();
  RecordCursor cursor(rest);
  Record record;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) break;
    if (record.type == RecordType::kRangeCopy) {
      SRDF_ASSIGN_OR_RETURN(const RangeCopy copy, DecodeRangeCopy(record.body));
      if (copy.kind != RangeCopyKind::kKey || copy.table_ref != first.table_ref ||
          keys.count(copy.until) != 0 || keys.size() == kKeysMax) {
        break;
      }
      SRDF_RETURN_IF_ERROR(add(copy));
    } else if (record.type != RecordType::kRowRun) {
      break;  // the number of the table may have another meaning from here on
    } else if (scanned) {
      SRDF_RETURN_IF_ERROR(ImagesOf(record.body, &bitmap, &images));
    }
    keys_done_until_ = record.whole.data() + record.whole.size();
  }
  SRDF_RETURN_IF_ERROR(Delete(table, where, table->index));
  for (const KeyedTable::UniqueKey& other : table->other_keys) {
    if (other.scanned()) SRDF_RETURN_IF_ERROR(DeleteClashing(table, other, bitmap, images, ""));
  }
  return {};
}

Status TargetCopy::AddRun(ByteView body) {
  if (may_clash_) {
    SRDF_ASSIGN_OR_RETURN(const RowRunReader run, RowRunReader::Open(body));
    SRDF_ASSIGN_OR_RETURN(const TableSchema* const schema, rows_->CheckedSchema(run.header().table_ref));
    SRDF_ASSIGN_OR_RETURN(KeyedTable* const table, tables_->Find(*schema));
    std::string bitmap;
    std::vector<ByteView> images;
    SRDF_RETURN_IF_ERROR(ImagesOf(body, &bitmap, &images));
    for (const KeyedTable::UniqueKey& key : table->other_keys) {
      if (key.scanned() && body.data() < keys_done_until_) continue;
      SRDF_RETURN_IF_ERROR(DeleteClashing(table, key, bitmap, images, behind_));
    }
  }
  return rows_->AddRun(body, kRunNoForeignKeyChecks);
}

Status TargetCopy::DeleteClashing(KeyedTable* table, const KeyedTable::UniqueKey& key, ByteView bitmap,
                                  const std::vector<ByteView>& images, const std::string& behind) {
  const size_t conditions_max = key.scanned() ? kScannedKeysMax : kKeysMax;
  RowSlices row;
  std::string clash;
  size_t conditions = 0;
  for (const ByteView& image : images) {
    SRDF_RETURN_IF_ERROR(table->SplitImage(bitmap, image, &row));
    clash += conditions == 0 ? "(" : " OR (";
    SRDF_ASSIGN_OR_RETURN(const bool may, table->AppendClash(key, row, &clash));
    if (may) {
      clash += ")";
      ++conditions;
    } else {
      clash.resize(clash.size() - (conditions == 0 ? 1 : 5));
    }
    if (conditions < conditions_max && clash.size() < kConditionBytesMax) continue;
    SRDF_RETURN_IF_ERROR(DeleteClash(table, key, clash, behind));
    clash.clear();
    conditions = 0;
  }
  return DeleteClash(table, key, clash, behind);
}

Status TargetCopy::DeleteClashing(KeyedTable* table, const KeyedTable::UniqueKey& key, const RowSlices& row,
                                  const std::string& behind, const std::string& but) {
  std::string clash;
  SRDF_ASSIGN_OR_RETURN(const bool may, table->AppendClash(key, row, &clash));
  return may ? DeleteClash(table, key, clash + " AND NOT (" + but + ")", behind) : Status();
}

Status TargetCopy::DeleteClash(KeyedTable* table, const KeyedTable::UniqueKey& key, const std::string& clash,
                               const std::string& behind) {
  if (clash.empty()) return {};
  if (!key.scanned()) return Delete(table, " WHERE " + clash, key.index);
  if (behind.empty()) return Delete(table, " WHERE " + clash, "");
  return Delete(table, " WHERE (" + behind + ") AND (" + clash + ")", table->index);
}

Status TargetCopy::Delete(KeyedTable* table, const std::string& where, const std::string& index) {
  SRDF_RETURN_IF_ERROR(tables_->LoadTriggers(table));
  const SqlTable& sql = table->sql;
  if (sql.system_versioned) {
    SRDF_ASSIGN_OR_RETURN(const bool any, AnyRow(*table, where, index));
    if (!any) return {};
    return {StatusCode::kFailedPrecondition,
            sql.quoted_name +
                " is system-versioned and has rows that a copy is to replace: its history "
                "would grow instead of becoming the source's",
            "empty it at the target (ALTER TABLE … DROP SYSTEM VERSIONING and ADD it again, or CREATE OR "
            "REPLACE TABLE), then resume the flow"};
  }
  if (!sql.delete_triggers.empty()) return Erase(*table, where, index);
  const std::string target = " " + sql.quoted_name;
  const Status deleted = connection_->Execute(
      kSettings + ("DELETE" + (where.empty() ? "" : target) + From(*table, index) + where));
  if (!deleted.ok()) return Denied(*table, deleted);
  SRDF_FAILPOINT("applier.copy_after_delete");
  return {};
}

Status TargetCopy::Erase(const KeyedTable& table, const std::string& where, const std::string& index) {
  SRDF_ASSIGN_OR_RETURN(const bool any, AnyRow(table, where, index));
  if (!any) return {};
  const Status erased = RowEraser(connection_, rows_).Erase(table, where, index);
  if (erased.code() != StatusCode::kFailedPrecondition && erased.code() != StatusCode::kAborted) {
    return erased.ok() ? erased : Denied(table, erased);
  }
  return {StatusCode::kFailedPrecondition,
          table.sql.quoted_name + " has triggers at the target (" + table.sql.delete_triggers +
              ") that would fire when a copy replaces rows, and the rows cannot be deleted by row events: " +
              erased.message(),
          "drop these triggers at the target, resume the flow, and create them again when the copy is done"};
}

Result<bool> TargetCopy::AnyRow(const KeyedTable& table, const std::string& where, const std::string& index) {
  const bool versioned = table.sql.system_versioned;
  const auto rows =
      connection_->Query(kSettings + ("SELECT 1" + From(table, versioned ? "" : index) +
                                      (versioned ? " FOR SYSTEM_TIME ALL" : "") + where + " LIMIT 1"));
  if (!rows.ok()) return Denied(table, rows.status());
  return !rows->empty();
}

Status TargetCopy::MakeCopies(const RangeCopy& first, std::string_view rest, KeyedTable* table) {
  const std::string bitmap = SnapshotColumns(table->schema);
  std::vector<RangeCopy> wanted;
  std::string query = kSettings + std::string("SELECT ");
  const auto add = [&](RangeCopy copy) -> Status {
    RowSlices row;
    SRDF_RETURN_IF_ERROR(table->SplitImage(bitmap, copy.until, &row));
    query += wanted.empty() ? "COUNT((" : ",COUNT((";
    SRDF_RETURN_IF_ERROR(table->AppendRowIs(row, &query));
    query += ") OR NULL)";
    wanted.push_back(std::move(copy));
    return {};
  };
  SRDF_RETURN_IF_ERROR(add(first));
  std::unordered_set<std::string> images{first.until};
  copies_done_until_ = rest.data();
  RecordCursor cursor(rest);
  Record record;
  while (wanted.size() < kCountedMax && query.size() < kConditionBytesMax) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more || record.type != RecordType::kRangeCopy) break;
    SRDF_ASSIGN_OR_RETURN(RangeCopy copy, DecodeRangeCopy(record.body));
    if (copy.kind != RangeCopyKind::kCopies || copy.table_ref != first.table_ref ||
        copy.until.size() > kConditionBytesMax || !images.insert(copy.until).second) {
      break;
    }
    SRDF_RETURN_IF_ERROR(add(std::move(copy)));
    copies_done_until_ = record.whole.data() + record.whole.size();
  }
  const auto counts = connection_->Query(query + From(*table, ""));
  if (!counts.ok()) return Denied(*table, counts.status());
  if (counts->size() != 1 || (*counts)[0].size() != wanted.size()) {
    return {StatusCode::kInternal, "the target answered another question than it was asked"};
  }
  // What is too much goes first: it may have unique values (the key is one over NULLs, or over prefixes) of
  // what comes.
  for (const bool surplus : {true, false}) {
    for (size_t i = 0; i < wanted.size(); ++i) {
      const uint64_t there = std::stoull((*counts)[0][i].value_or("0"));
      if ((there > wanted[i].copies) != surplus) continue;
      SRDF_RETURN_IF_ERROR(MakeCopies(wanted[i], bitmap, there));
    }
  }
  return {};
}

Status TargetCopy::MakeCopies(const RangeCopy& copy, const std::string& bitmap, uint64_t there) {
  if (there == copy.copies) return {};
  RowRunHeader header;
  header.table_ref = copy.table_ref;
  header.flags = kRunInPlace | kRunNoForeignKeyChecks | kRunNoCheckConstraints;
  const bool surplus = there > copy.copies;
  header.op = surplus ? RowOp::kDelete : RowOp::kInsert;
  (surplus ? header.bitmap_before : header.bitmap_after) = bitmap;
  return AddRows(header, copy.until, surplus ? there - copy.copies : copy.copies - there);
}

Status TargetCopy::AddRows(const RowRunHeader& header, ByteView image, uint64_t count) {
  Row row;
  (header.op == RowOp::kDelete ? row.before : row.after) = image;
  while (count > 0) {
    run_.clear();
    RowRunWriter run(&run_);
    run.Begin(header);
    do {
      run.Add(row);
    } while (--count > 0 && run.run_bytes() < kRunBytesMax);
    run.End();
    SRDF_RETURN_IF_ERROR(rows_->AddRun(ByteView(run_).substr(kRecordHeaderBytes), 0));
    SRDF_RETURN_IF_ERROR(rows_->Flush());
  }
  return {};
}

}  // namespace srdf::engine_mariadb
