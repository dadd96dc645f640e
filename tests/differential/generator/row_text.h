// RowText: rows of the tracker as SQL: literals of their numbered columns, predicates that find them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "differential/generator/row_tracker.h"
#include "differential/generator/schema.h"

namespace srdf::differential {

class RowText {
 public:
  RowText(Random* random, const Schema* schema, RowTracker* tracker)
      : random_(random), schema_(schema), tracker_(tracker) {}

  // By place: the literals of all numbered columns of a row (key, unique keys, foreign keys).
  std::map<size_t, std::string> Numbered(size_t table, const Row& row);
  std::vector<std::string> KeyLiterals(size_t table, const Row& row);
  std::vector<std::string> UniqueLiterals(size_t table, size_t unique, int number);
  std::vector<std::string> ForeignLiterals(size_t table, size_t foreign_key, int number);
  // "`k0` = 1 AND `k1` = 'a'"
  std::string Predicate(size_t table, const Row& row, const std::string& alias = "");
  // "`a` = 1, `b` = 2"
  std::string Assignments(size_t table, const std::vector<size_t>& places,
                          const std::vector<std::string>& values);

  // Any literal for a plain column; NULL sometimes, or NEXT VALUE FOR where there are sequences; bent ones
  // (value_generator.h) when the session allows.
  std::string PlainLiteral(const Column& column);
  void set_bent(bool bent) { bent_ = bent; }
  // Values of some hundred kilobytes sometimes.
  void set_large(bool large) { large_ = large; }

 private:
  std::vector<std::string> Literals(size_t table, const std::vector<size_t>& places, size_t first,
                                    int number);
  Row FindRow(size_t table, int key);

  Random* const random_;
  const Schema* const schema_;
  RowTracker* const tracker_;
  bool bent_ = false;
  bool large_ = false;
};

}  // namespace srdf::differential
