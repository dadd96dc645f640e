// DdlGenerator: random statements that change definitions, and the schema's idea of what they did.
//
// They are meant to succeed whatever the rows are, because the generator goes on as if they had. They commit
// what is open in their session, and need their tables unlocked by others.
#pragma once

#include <string>
#include <vector>

#include "differential/generator/dml_generator.h"
#include "differential/generator/schema_generator.h"

namespace srdf::differential {

class DdlGenerator {
 public:
  DdlGenerator(Random* random, const Features* features, Schema* schema, RowTracker* tracker, Notes* notes)
      : random_(random),
        features_(features),
        schema_(schema),
        tracker_(tracker),
        notes_(notes),
        tables_(random, features) {}

  Statements Some();

 private:
  bool Has(Feature feature) const { return features_->Has(feature); }
  void Note(const std::string& what) { ++(*notes_)[what]; }
  size_t SomeTable();
  Column* SomePlain(size_t t);
  bool IsReferred(size_t t) const;
  void ForgetViews(size_t t);

  Statements AddColumn(size_t t);
  Statements DropColumn(size_t t);
  Statements RenameColumn(size_t t);
  Statements ModifyColumn(size_t t);
  Statements Index(size_t t);
  Statements ForeignKeys(size_t t);
  Statements TableOptions(size_t t);
  Statements Truncate(size_t t);
  Statements Rename(size_t t);
  Statements Partition(size_t t);
  Statements CreateAndDrop(size_t t);
  Statements CreateSelect(size_t t);
  Statements Objects(size_t t);

  // ddl_special.cc
  Statements Keys(size_t t);
  Statements Convert(size_t t);
  Statements Versioning(size_t t);
  Statements SwapTables(size_t t);
  Statements ReplaceTable(size_t t);
  Statements Several(size_t t);
  Statements Sequences();
  Statements Unrepeatable(size_t t);

  Random* const random_;
  const Features* const features_;
  Schema* const schema_;
  RowTracker* const tracker_;
  Notes* const notes_;
  SchemaGenerator tables_;
  int made_ = 0;  // numbers what is added
};

}  // namespace srdf::differential
