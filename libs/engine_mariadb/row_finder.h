// RowFinder: finds the changes of one row, named by its key, among the rows of a table.
//
// Made for one schema: the table may have had other columns, or another key, in the wagon before. Rows are
// compared by the values of their key's columns as they stand in the images (key_text.h); the image that an
// update leaves out of its key is that of before. Pure; driven by one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine_mariadb/key_text.h"
#include "engine_mariadb/row_layout.h"
#include "model/record.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

// What a change of the row looks like, as JSON objects of row_json.h; empty where there is no such image.
struct FoundRow {
  bool is_before = false;  // the row had the key before this change
  bool is_after = false;   // it has it after
  std::string before;
  std::string after;
  // Those that an update changes; of an insert or a delete all that it has.
  std::vector<std::string> columns;
  std::string old_key, new_key;  // JSON, when the change moves the row to another key
};

class RowFinder {
 public:
  // kFailedPrecondition when the table has no key, kInvalidArgument when `values` cannot be values of it: the
  // message names the columns of the key.
  static Result<std::unique_ptr<RowFinder>> New(const TableSchema& schema,
                                                const std::vector<KeyValue>& values);

  // False: it is a change of another row. kDataLoss: an image does not fit the schema.
  Result<bool> Find(const RowRunHeader& header, const Row& row, FoundRow* found);
  // Whether `key` is the row's: the values of the key's columns, as row_key.h has them.
  Result<bool> IsKey(ByteView key);

  const TableSchema& schema() const { return schema_; }

 private:
  struct Side {
    PresentColumns present;
    RowSlices slices;
    Status Take(const RowFinder& finder, ByteView bitmap, ByteView image);
  };
  RowFinder(TableSchema schema, RowLayout layout) : schema_(std::move(schema)), layout_(std::move(layout)) {}
  Result<bool> HasKey(const RowSlices& row, const RowSlices* unchanged);
  Result<std::string> KeyJson(const RowSlices& row, const RowSlices* unchanged) const;
  Status Describe(const RowRunHeader& header, const Row& row, FoundRow* found) const;
  std::string NameOf(size_t ordinal) const;
  Status DoesNotFit() const;

  const TableSchema schema_;
  const RowLayout layout_;
  std::vector<std::vector<std::string>> forms_;  // per column of the key
  Side before_, after_;
  std::string scratch_;
};

}  // namespace srdf::engine_mariadb
