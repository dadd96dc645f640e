// SessionGenerator: who runs what: transactions, savepoints, rollbacks, interleaved sessions, XA, the
// settings of sessions; and where wagons end.
#pragma once

#include <string>
#include <vector>

#include "differential/generator/ddl_generator.h"
#include "differential/generator/dml_generator.h"
#include "differential/scenario.h"

namespace srdf::differential {

class SessionGenerator {
 public:
  SessionGenerator(Random* random, const Features* features, Schema* schema, RowTracker* tracker,
                   Notes* notes, DmlGenerator* dml, DdlGenerator* ddl, std::vector<Step>* steps)
      : random_(random),
        features_(features),
        schema_(schema),
        tracker_(tracker),
        notes_(notes),
        dml_(dml),
        ddl_(ddl),
        steps_(steps) {}

  // No definition changes before this step: until then the tables are known for certain, and rows merge.
  void set_first_definition(size_t step) { first_definition_ = step; }
  // Rows to begin with.
  void Fill();
  // One transaction, DDL statement, change of settings … on some session.
  void Unit();
  // Outcomes of what is prepared still.
  void Finish();

 private:
  bool Has(Feature feature) const { return features_->Has(feature); }
  void Note(const std::string& what) { ++(*notes_)[what]; }
  void Add(uint32_t session, std::string sql) { steps_->push_back({session, std::move(sql), false}); }
  void AddAll(uint32_t session, const Statements& statements);
  void Definition(uint32_t session);
  void Autocommit(uint32_t session);
  void Transaction(uint32_t session);
  void Interleaved();
  void Burst(uint32_t session);
  void Settings(uint32_t session);
  void ChecksOff(uint32_t session);
  void XaTransaction();
  void XaOutcome();

  Random* const random_;
  const Features* const features_;
  Schema* const schema_;
  RowTracker* const tracker_;
  Notes* const notes_;
  DmlGenerator* const dml_;
  DdlGenerator* const ddl_;
  std::vector<Step>* const steps_;

  struct Prepared {
    std::string xid;
    uint32_t session;
  };
  std::vector<Prepared> prepared_;
  int xids_ = 0;
  size_t first_definition_ = 0;
};

}  // namespace srdf::differential
