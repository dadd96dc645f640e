// ModelDatabase: a database small enough to be obviously right, which applies row changes strictly.
//
// Strictly: a deleted or updated row must be there and be as its before image says, an inserted one must not
// clash; unique keys are checked row by row, at once; foreign keys and check constraints unless the run's
// flags say otherwise; cascades happen inside, and are in nobody's log. What fails leaves it half changed:
// copy it first.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "unit/compaction/run_builder.h"

namespace srdf::compaction::test {

enum class OnDelete { kRestrict, kCascade, kSetNull };

struct ForeignKey {  // a child's column refers to the (single-column) key of another table
  uint16_t column = 0;
  std::string parent;
  OnDelete on_delete = OnDelete::kRestrict;  // an update of the parent's key: cascades, unless kRestrict
};

struct ModelTable {
  TableSchema schema;
  std::vector<std::vector<uint16_t>> uniques;  // secondary unique keys; a NULL never clashes
  std::vector<ForeignKey> foreign_keys;
  uint16_t checked_column = 0;              // may not be "bad", unless the run carries kRunNoCheckConstraints
  std::map<std::string, Values> rows;       // by key
  std::map<std::string, int> keyless_rows;  // whole image → how many
};

class ModelDatabase {
 public:
  void AddTable(ModelTable table) { tables_[table.schema.table] = std::move(table); }
  ModelTable& table(const std::string& name) { return tables_.at(name); }
  const std::map<std::string, ModelTable>& tables() const { return tables_; }

  // Empty, or why the change is impossible. Keys of `row` are not looked at.
  std::string Apply(const std::string& table, const RowRunHeader& header, const Row& row);

  // A table whose changes may cascade into others.
  bool IsCascadingParent(const std::string& table) const;

  std::string Dump() const;

 private:
  std::string ApplyKeyless(ModelTable* t, const RowRunHeader& header, const Row& row);
  std::string Insert(ModelTable* t, const Values& row, uint8_t flags);
  std::string Remove(ModelTable* t, const std::string& key, uint8_t flags);
  std::string Change(ModelTable* t, const std::string& key, const Values& row, uint8_t flags);
  std::string CheckRow(const ModelTable& t, const Values& row, uint8_t flags) const;
  // Rows of all tables that refer to `parent`'s row `key_value`: cascade, or say that they forbid it.
  std::string Cascade(const std::string& parent, const Value& key_value, const Value* new_value);

  std::map<std::string, ModelTable> tables_;
};

}  // namespace srdf::compaction::test
