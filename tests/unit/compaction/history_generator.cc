#include "unit/compaction/history_generator.h"

#include <algorithm>

namespace srdf::compaction::test {

namespace {

constexpr uint32_t kSecondRef = 100;  // added to a table's ref for its second schema

// Few values, so that keys meet again and unique values clash, move and swap; some that only an injective
// key encoding keeps apart.
Value SomeValue(Tape* tape) {
  static const char* const kValues[] = {"a", "b", "a.1", "", "1.b", "ab", "null", "a.1b"};
  return std::string(kValues[tape->Draw(8)]);
}

Value SomeValueOrNull(Tape* tape) { return tape->OneIn(6) ? Value() : SomeValue(tape); }

// Columns: key columns first, then 2 or more others; the last one is the checked one.
ModelTable SomeTable(Tape* tape, uint32_t ref, const HistoryOptions& options) {
  const uint32_t shape = options.cascades && ref == 1 ? 0 : tape->Draw(options.moving_uniques ? 4 : 5);
  const size_t key_columns = shape == 4 ? 0 : shape == 3 ? 3 : shape == 2 ? 2 : 1;
  const size_t columns =
      key_columns + 2 + (tape->OneIn(4) ? tape->Draw(9) : 0);  // often: nothing but what matters
  std::vector<uint16_t> key;
  for (size_t i = 0; i < key_columns; ++i) key.push_back(static_cast<uint16_t>(i));
  ModelTable t;
  const uint32_t uniques = key.empty() ? 0 : options.moving_uniques ? 1 + tape->Draw(2) : tape->Draw(3);
  for (uint32_t i = 0; i < uniques; ++i) {
    std::vector<uint16_t> unique = {static_cast<uint16_t>(key_columns + i)};
    if (i == 1) unique.push_back(0);  // together with a part of the key
    t.uniques.push_back(unique);
  }
  t.schema = MakeSchema(ref, "t" + std::to_string(ref), columns, key, uniques > 0);
  if (!key.empty() && tape->OneIn(3)) t.schema.key_kind = KeyKind::kUniqueNotNull;
  t.checked_column = static_cast<uint16_t>(columns - 1);
  return t;
}

class Generator {
 public:
  explicit Generator(const HistoryOptions& options) : options_(options) {}

  History Make(const std::vector<uint16_t>& schema_tape, const std::vector<std::vector<uint16_t>>& steps) {
    MakeTables(schema_tape);
    const size_t warm_up = steps.size() / 3;  // fills the tables that the window then finds
    for (size_t i = 0; i < steps.size(); ++i) {
      if (i == warm_up) BeginWindow();
      Tape tape(steps[i]);
      Step(&tape);
    }
    if (steps.empty()) BeginWindow();
    history_.after = db_;
    return std::move(history_);
  }

 private:
  void MakeTables(const std::vector<uint16_t>& numbers) {
    Tape tape(numbers);
    const uint32_t count = (options_.cascades ? 2 : 1) + tape.Draw(3);
    for (uint32_t ref = 1; ref <= count; ++ref) {
      ModelTable t = SomeTable(&tape, ref, options_);
      t.schema.constraint_group = ref;
      const bool refers = options_.cascades || tape.Draw(3) != 0;
      if (options_.barriers && !names_.empty() && !t.schema.key_columns.empty() && refers) {
        // The first table, or the one before it: several levels.
        const std::string& referred = names_[options_.cascades ? tape.Draw(ref - 1) : 0];
        const ModelTable& parent = db_.table(referred);
        if (parent.schema.key_columns.size() == 1) {
          const auto column = static_cast<uint16_t>(t.schema.key_columns.size() + tape.Draw(2));
          const auto action = static_cast<OnDelete>(options_.cascades ? 1 + tape.Draw(2) : tape.Draw(3));
          t.foreign_keys.push_back({column, referred, action});
          t.schema.constraint_group = groups_.at(referred);
        }
      }
      groups_[t.schema.table] = t.schema.constraint_group;
      if (tape.OneIn(6)) t.schema.constraint_group = 0;  // not known
      names_.push_back(t.schema.table);
      db_.AddTable(std::move(t));
    }
  }

  void BeginWindow() {
    history_ = {};
    history_.before = db_;
    for (const auto& [name, t] : db_.tables()) {
      history_.schemas.push_back(t.schema);
      history_.schemas.push_back(t.schema);
      history_.schemas.back().table_ref += kSecondRef;
    }
  }

  // One statement at the source: a run of one or more changes of one table.
  void Step(Tape* tape) {
    const std::string name = names_[tape->Draw(static_cast<uint32_t>(names_.size()))];
    TableSchema schema = db_.table(name).schema;
    if (options_.barriers && tape->OneIn(16)) schema.table_ref += kSecondRef;
    if (options_.moving_uniques && tape->Draw(2) == 0) return Rotate(schema, tape);
    RunSpec spec;
    spec.op = static_cast<RowOp>(1 + tape->Draw(3));
    ChooseImages(schema, tape, &spec);
    if (options_.barriers && tape->OneIn(8)) spec.flags |= kRunNoForeignKeyChecks;
    if (tape->OneIn(6)) spec.flags |= kRunNoCheckConstraints;
    if (options_.barriers && tape->OneIn(20)) spec.flags |= kRunInPlace;
    const bool may_cascade = db_.IsCascadingParent(name) && spec.op != RowOp::kInsert;
    if (may_cascade && (spec.flags & kRunNoForeignKeyChecks) == 0) spec.flags |= kRunInPlace;

    std::vector<Change> changes;
    const uint32_t rows = options_.minimal_images ? 1 : 1 + tape->Draw(3);
    for (uint32_t i = 0; i < rows; ++i) {
      Change change;
      if (!ChooseChange(db_.table(name), spec, tape, &change)) continue;
      if (options_.minimal_images) MakeMinimal(schema, change, &spec);
      const std::string record = MakeRun(schema, spec, {change});
      ModelDatabase tried = db_;
      if (!Apply(name, record, &tried)) continue;
      db_ = std::move(tried);
      changes.push_back(std::move(change));
    }
    if (changes.empty()) return;
    history_.rows += changes.size();
    history_.runs.push_back(MakeRun(schema, spec, changes));
  }

  // Two or three rows of a table hand on the values of its first unique key, the way a client does it where
  // constraints are checked at once: one row steps aside to NULL first.
  void Rotate(const TableSchema& schema, Tape* tape) {
    const ModelTable& t = db_.table(schema.table);
    if (t.uniques.empty() || t.rows.size() < 2) return;
    const uint16_t column = t.uniques[0][0];
    std::vector<Values> rows;
    auto it = t.rows.begin();
    std::advance(it, tape->Draw(static_cast<uint32_t>(t.rows.size())));
    for (size_t i = 0; i < std::min<size_t>(t.rows.size(), 2 + tape->Draw(2)); ++i) {
      rows.push_back(it->second);
      if (++it == t.rows.end()) it = t.rows.begin();
    }
    const Value last = rows.back()[column];
    std::vector<std::pair<size_t, Value>> moves = {{0, Value()}};
    for (size_t i = 1; i < rows.size(); ++i) moves.emplace_back(i, rows[i - 1][column]);
    moves.emplace_back(0, last);
    for (const auto& [row, value] : moves) {
      Change change{RowOp::kUpdate, rows[row], rows[row], false};
      change.after[column] = value;
      change.unique_changed = change.before[column] != change.after[column];
      RunSpec spec;
      spec.op = RowOp::kUpdate;
      spec.flags = kRunNoForeignKeyChecks | kRunNoCheckConstraints;
      if (tape->Draw(2) == 0) spec.bitmap_before = Bitmap(schema.columns.size(), schema.key_columns);
      const std::string record = MakeRun(schema, spec, {change});
      ModelDatabase tried = db_;
      if (!Apply(schema.table, record, &tried)) return;
      db_ = std::move(tried);
      rows[row] = change.after;
      ++history_.rows;
      history_.runs.push_back(record);
    }
  }

  // As the server logs it with binlog_row_image=MINIMAL: of an update's after image only what changed.
  static void MakeMinimal(const TableSchema& schema, const Change& change, RunSpec* spec) {
    if (schema.key_kind == KeyKind::kNone) return;
    const size_t columns = schema.columns.size();
    if (spec->op != RowOp::kInsert) spec->bitmap_before = Bitmap(columns, schema.key_columns);
    if (spec->op != RowOp::kUpdate) return;
    std::vector<uint16_t> changed;
    for (size_t c = 0; c < columns; ++c) {
      if (change.before[c] != change.after[c]) changed.push_back(static_cast<uint16_t>(c));
    }
    if (!changed.empty()) spec->bitmap_after = Bitmap(columns, changed);
  }

  void ChooseImages(const TableSchema& schema, Tape* tape, RunSpec* spec) {
    if (schema.key_kind == KeyKind::kNone) return;
    const size_t columns = schema.columns.size();
    if (tape->Draw(2) == 0) spec->bitmap_before = Bitmap(columns, schema.key_columns);
    if (!options_.barriers || !tape->OneIn(options_.partial_one_in)) return;
    std::vector<uint16_t> some = schema.key_columns;
    for (auto c = static_cast<uint16_t>(some.size()); c < columns; ++c) {
      if (tape->Draw(2) == 0) some.push_back(c);
    }
    spec->bitmap_after = Bitmap(columns, some);
  }

  static bool ChooseChange(const ModelTable& t, const RunSpec& spec, Tape* tape, Change* change) {
    const size_t columns = t.schema.columns.size();
    if (spec.op == RowOp::kInsert) {
      for (size_t c = 0; c < columns; ++c) {
        change->after.push_back(c < t.schema.key_columns.size() ? SomeValue(tape) : SomeValueOrNull(tape));
      }
    } else {
      if (!ChooseRow(t, tape, &change->before)) return false;
      change->after = change->before;
      const uint32_t touched = tape->Draw(3);  // none at all: an update may also change nothing
      for (uint32_t i = 0; i < touched; ++i) {
        const bool unique = !t.uniques.empty() && tape->Draw(2) == 0;  // where values move between rows
        const uint32_t c = unique ? t.uniques[0][0] : tape->Draw(static_cast<uint32_t>(columns));
        change->after[c] = c < t.schema.key_columns.size() ? SomeValue(tape) : SomeValueOrNull(tape);
      }
    }
    if ((spec.flags & kRunNoCheckConstraints) != 0 && tape->Draw(2) == 0)
      change->after[t.checked_column] = "bad";
    if (!spec.bitmap_after.empty() && spec.op != RowOp::kDelete) {
      for (size_t c = 0; c < columns;
           ++c) {  // what the image does not hold did not change (or is the default)
        if (Present(spec.bitmap_after, c)) continue;
        change->after[c] = spec.op == RowOp::kInsert ? Value() : change->before[c];
      }
    }
    for (const auto& unique : t.uniques) {
      for (const uint16_t c : unique) {
        const bool update = spec.op == RowOp::kUpdate;
        if (update && change->before[c] != change->after[c]) change->unique_changed = true;
      }
    }
    return true;
  }

  static bool ChooseRow(const ModelTable& t, Tape* tape, Values* row) {
    if (t.schema.key_kind == KeyKind::kNone) {
      if (t.keyless_rows.empty()) return false;
      auto it = t.keyless_rows.begin();
      std::advance(it, tape->Draw(static_cast<uint32_t>(t.keyless_rows.size())));
      row->resize(t.schema.columns.size());
      return DecodeImage(it->first, FullBitmap(t.schema.columns.size()), row);
    }
    if (t.rows.empty()) return false;
    auto it = t.rows.begin();
    std::advance(it, tape->Draw(static_cast<uint32_t>(t.rows.size())));
    *row = it->second;
    return true;
  }

  static bool Apply(const std::string& name, const std::string& record, ModelDatabase* db) {
    auto run = RowRunReader::Open(BodyOf(record));
    Row row;
    return run->Next(&row).ok() && db->Apply(name, run->header(), row).empty();
  }

  const HistoryOptions options_;
  std::vector<std::string> names_;
  std::map<std::string, uint32_t> groups_;  // as they are, known or not
  ModelDatabase db_;
  History history_;
};

}  // namespace

History MakeHistory(const std::vector<uint16_t>& schema_tape, const std::vector<std::vector<uint16_t>>& steps,
                    const HistoryOptions& options) {
  return Generator(options).Make(schema_tape, steps);
}

}  // namespace srdf::compaction::test
