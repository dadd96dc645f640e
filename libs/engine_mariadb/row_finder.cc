#include "engine_mariadb/row_finder.h"

#include <algorithm>

#include "engine_mariadb/row_json.h"

namespace srdf::engine_mariadb {

namespace {

// The slice of a column, also where the image after an update leaves it out.
const RowSlices::Slice& SliceOf(const RowSlices& row, const RowSlices* unchanged, size_t column) {
  const RowSlices::Slice& slice = row.columns[column];
  return slice.state == RowSlices::kAbsent && unchanged != nullptr ? unchanged->columns[column] : slice;
}

bool SameValue(const RowSlices::Slice& a, const RowSlices::Slice& b) {
  return a.state == b.state && (a.state != RowSlices::kValue || a.view() == b.view());
}

}  // namespace

Result<std::unique_ptr<RowFinder>> RowFinder::New(const TableSchema& schema,
                                                  const std::vector<KeyValue>& values) {
  const std::string name = schema.database + "." + schema.table;
  if (schema.key_columns.empty()) {
    return Status(StatusCode::kFailedPrecondition, name + " has no key that its rows could be named by",
                  "srdfctl wagon show UID --json rows prints all rows of a wagon");
  }
  std::string names;
  for (const uint16_t column : schema.key_columns) {
    if (column >= schema.columns.size())
      return Status(StatusCode::kDataLoss, "the schema of " + name + " names a column that it does not have");
    names +=
        (names.empty() ? "" : ", ") + (schema.columns[column].name.empty() ? "@" + std::to_string(column + 1)
                                                                           : schema.columns[column].name);
  }
  if (values.size() != schema.key_columns.size()) {
    return Status(StatusCode::kInvalidArgument,
                  "the key of " + name + " is (" + names + "), and " + std::to_string(values.size()) +
                      (values.size() == 1 ? " value was" : " values were") + " given",
                  "give one value for each, with commas: " + name + ":1,'abc'");
  }
  auto layout = RowLayout::Build(schema.columns);
  if (!layout.ok()) return layout.status().WithContext(name);
  std::unique_ptr<RowFinder> finder(new RowFinder(schema, std::move(*layout)));
  for (size_t i = 0; i < values.size(); ++i) {
    auto forms = PrintedForms(schema.columns[schema.key_columns[i]], values[i]);
    if (!forms.ok())
      return forms.status().WithContext(name + ", column " + finder->NameOf(schema.key_columns[i]));
    finder->forms_.push_back(std::move(*forms));
  }
  return finder;
}

std::string RowFinder::NameOf(size_t ordinal) const {
  const std::string& name = schema_.columns[ordinal].name;
  return name.empty() ? "@" + std::to_string(ordinal + 1) : name;
}

Status RowFinder::DoesNotFit() const {
  return {StatusCode::kDataLoss,
          "row of " + schema_.database + "." + schema_.table + ": the image does not fit the columns",
          "compare the hash of the wagon in outbox and inbox"};
}

Status RowFinder::Side::Take(const RowFinder& finder, ByteView bitmap, ByteView image) {
  present.Set(bitmap, finder.schema_.columns.size());
  ByteView whole;
  if (!finder.layout_.Take(&image, present, &whole, &slices) || !image.empty()) return finder.DoesNotFit();
  return {};
}

Result<bool> RowFinder::HasKey(const RowSlices& row, const RowSlices* unchanged) {
  for (size_t i = 0; i < schema_.key_columns.size(); ++i) {
    const RowSlices::Slice& slice = SliceOf(row, unchanged, schema_.key_columns[i]);
    if (slice.state != RowSlices::kValue) return false;
    scratch_.clear();
    SRDF_RETURN_IF_ERROR(AppendColumnJson(schema_.columns[schema_.key_columns[i]], slice.view(), &scratch_));
    if (std::find(forms_[i].begin(), forms_[i].end(), scratch_) == forms_[i].end()) return false;
  }
  return true;
}

Result<std::string> RowFinder::KeyJson(const RowSlices& row, const RowSlices* unchanged) const {
  std::string json = "{";
  for (const uint16_t column : schema_.key_columns) {
    if (json.size() > 1) json.push_back(',');
    AppendJsonString(NameOf(column), &json);
    json.push_back(':');
    const RowSlices::Slice& slice = SliceOf(row, unchanged, column);
    if (slice.state != RowSlices::kValue) {
      json += "null";
    } else {
      SRDF_RETURN_IF_ERROR(AppendColumnJson(schema_.columns[column], slice.view(), &json));
    }
  }
  return json + "}";
}

Result<bool> RowFinder::Find(const RowRunHeader& header, const Row& row, FoundRow* found) {
  const bool has_before = header.op != RowOp::kInsert;
  const bool has_after = header.op != RowOp::kDelete;
  *found = {};
  if (has_before) {
    SRDF_RETURN_IF_ERROR(before_.Take(*this, header.bitmap_before, row.before));
    SRDF_ASSIGN_OR_RETURN(found->is_before, HasKey(before_.slices, nullptr));
  }
  if (has_after) {
    SRDF_RETURN_IF_ERROR(after_.Take(*this, header.bitmap_after, row.after));
    SRDF_ASSIGN_OR_RETURN(found->is_after, HasKey(after_.slices, has_before ? &before_.slices : nullptr));
  }
  if (!found->is_before && !found->is_after) return false;
  SRDF_RETURN_IF_ERROR(Describe(header, row, found));
  return true;
}

Status RowFinder::Describe(const RowRunHeader& header, const Row& row, FoundRow* found) const {
  const bool has_before = header.op != RowOp::kInsert;
  const bool has_after = header.op != RowOp::kDelete;
  if (has_before)
    SRDF_RETURN_IF_ERROR(AppendRowJson(schema_, header.bitmap_before, row.before, &found->before));
  if (has_after) SRDF_RETURN_IF_ERROR(AppendRowJson(schema_, header.bitmap_after, row.after, &found->after));
  const Side& shown = has_after ? after_ : before_;
  for (const uint16_t column : shown.present.ordinals) {
    // The image after an update may have columns that it does not change.
    const bool same =
        has_before && has_after && SameValue(before_.slices.columns[column], after_.slices.columns[column]);
    if (!same) found->columns.push_back(NameOf(column));
  }
  if (has_before && has_after && found->is_before != found->is_after) {
    SRDF_ASSIGN_OR_RETURN(found->old_key, KeyJson(before_.slices, nullptr));
    SRDF_ASSIGN_OR_RETURN(found->new_key, KeyJson(after_.slices, &before_.slices));
  }
  return {};
}

Result<bool> RowFinder::IsKey(ByteView key) {
  // As an image of these columns: before the values stands the bitmap of those that are NULL, here none.
  std::string bitmap((schema_.columns.size() + 7) / 8, '\0');
  for (const uint16_t column : schema_.key_columns)
    bitmap[column / 8] = static_cast<char>(bitmap[column / 8] | 1 << (column % 8));
  const std::string image = std::string((schema_.key_columns.size() + 7) / 8, '\0') + std::string(key);
  SRDF_RETURN_IF_ERROR(before_.Take(*this, bitmap, image));
  return HasKey(before_.slices, nullptr);
}

}  // namespace srdf::engine_mariadb
