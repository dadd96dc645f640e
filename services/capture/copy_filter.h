// CopyFilter: what a copy of tables takes out of the changes that pass.
//
// While a copy goes on, changes of tables that it has not begun with are left out (their rows come with it),
// of a copy of all tables everything as long as they are not created at the target. Transactions end as they
// came: the state of the copy stays what it was (model/record.h). Parts of prepared transactions always pass:
// their outcome may come after the table's copy. The schemas that the reader sends are watched at all times,
// as runs refer to them. One thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "model/copy_state.h"
#include "model/record.h"

namespace srdf::capture {

class CopyFilter {
 public:
  // Body of a TableSchema record that passes.
  Status SeeSchema(ByteView body);
  // From now on; nothing: no copy goes on. `encoded` is the same state.
  void Follow(const std::optional<CopyState>& copy, std::string encoded);
  bool active() const { return active_; }
  // What is part of positions; empty when no copy goes on.
  const std::string& encoded() const { return encoded_; }
  // Appends what passes of the record.
  Status Append(const Record& record, std::string* out);

 private:
  static std::string NameOf(std::string_view database, std::string_view table);

  std::unordered_map<uint32_t, std::string> tables_;  // by table_ref
  bool active_ = false;
  bool nothing_passes_ = false;  // but parts and outcomes of prepared transactions
  std::string encoded_;
  std::unordered_set<std::string> waiting_;  // names
  std::unordered_set<uint32_t> left_out_;    // table_refs of those
};

}  // namespace srdf::capture
