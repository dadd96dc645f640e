// DmlGenerator: random statements that change rows, and the tracker's idea of what they did.
//
// Each verb gives one statement or a few that belong together (a swap is three), in order; nothing when there
// is no row or no free value to do it with.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "differential/generator/features.h"
#include "differential/generator/row_text.h"

namespace srdf::differential {

using Statements = std::vector<std::string>;
using Notes = std::map<std::string, int>;

class DmlGenerator {
 public:
  DmlGenerator(Random* random, const Features* features, Schema* schema, RowTracker* tracker, Notes* notes)
      : random_(random),
        features_(features),
        schema_(schema),
        tracker_(tracker),
        notes_(notes),
        text_(random, schema, tracker) {}

  // One idea: what the features allow, at random.
  Statements Some();
  // One change of a few rows of one table: what histories of one key are made of.
  Statements Hot(size_t table);
  // Rows for a table that has few.
  Statements Insert(size_t table, int rows);

  RowText& text() { return text_; }
  // Names of files for LOAD DATA: unique within the scenario's seed.
  void set_file_prefix(std::string prefix) { file_prefix_ = std::move(prefix); }
  // foreign_key_checks of the session that the next statements run in: cascades act, or not.
  void set_foreign_keys_act(bool act) { act_ = act; }
  // Most statements go to this table and its relatives, so that histories overlap.
  void set_focus(size_t table, int percent) { focus_ = table, focus_percent_ = percent; }

 private:
  bool Has(Feature feature) const { return features_->Has(feature); }
  void Note(const std::string& what) { ++(*notes_)[what]; }
  const Table& table(size_t t) const { return schema_->tables[t]; }
  // What it refers to went when its parent was replaced.
  bool IsGone(const ForeignKey& f) const {
    return f.parent_unique >= static_cast<int>(table(f.parent).uniques.size());
  }
  std::string Target(size_t t);
  std::optional<Row> SomeRow(size_t t);
  std::optional<Row> NewRow(size_t t, int key);
  std::vector<size_t> Insertable(size_t t);
  std::string InsertText(size_t t, const std::string& verb, const std::vector<Row>& rows);
  std::string SetPlain(size_t t);
  std::string OrderByKey(size_t t, const std::string& direction);

  Statements InsertGenerated(size_t t, const std::vector<Row>& rows);
  Statements Update(size_t t);
  Statements Delete(size_t t);
  Statements ChangeKey(size_t t);
  Statements RespellKey(size_t t);
  Statements ChangeUnique(size_t t);
  Statements ChangeParent(size_t t);

  // dml_compound.cc
  Statements Swap(size_t t);
  Statements Rotate(size_t t);
  Statements Recreate(size_t t);
  Statements Chain(size_t t);
  Statements MoveChildThenDeleteParent(size_t t);
  Statements InsertChildThenDeleteParent(size_t t);

  // dml_special.cc
  Statements Replace(size_t t);
  Statements InsertIgnore(size_t t);
  Statements Upsert(size_t t);
  Statements InsertSelect(size_t t);
  Statements MultiTable(size_t t);
  Statements LoadData(size_t t);
  Statements CallOrSequence();
  Statements Temporary(size_t t);
  Statements Block();
  Statements Bulk(size_t t);

  Statements RemoveRow(size_t t, const Row& row, const std::string& note);

  Random* const random_;
  const Features* const features_;
  Schema* const schema_;
  RowTracker* const tracker_;
  Notes* const notes_;
  RowText text_;
  std::string file_prefix_;
  int files_ = 0;
  bool act_ = true;
  size_t focus_ = 0;
  int focus_percent_ = 0;
};

void Append(Statements* to, Statements from);

}  // namespace srdf::differential
