// What `srdfctl explain` has found, as text and as JSON. Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "srdfctl/row_history.h"
#include "srdfctl/wagon_search.h"

namespace srdf::ctl {

struct ExplainedChange {
  RowChange change;
  KnownWagon wagon;
  std::vector<model::v1::WagonInfo> merged_from;  // the wagons whose content it holds, as far as known
  std::string outcome;                            // of a prepared change: "xa_commit in wagon 17"
};

struct Explanation {
  std::string flow;
  std::string key;                       // as it was asked for
  RowName row;                           // the same
  std::vector<ExplainedChange> changes;  // oldest first
  // What was looked through.
  uint64_t wagons = 0;  // known of, in the time that was asked for
  uint64_t wagons_read = 0;
  uint64_t rows_read = 0;  // of the table
  uint64_t first_sequence = 0, last_sequence = 0;
  bool limited = false;  // older wagons were not looked at, because enough was found
  // That name the table, and could not be read: "wagon 7 (3f9c…): its payload was purged".
  std::vector<std::string> unread;
  std::vector<std::string> not_asked;  // queues, with why
};

// What the wagon says of the row's table; null when it has no change of it.
const model::v1::TableManifest* ManifestOf(const model::v1::WagonHeader& header, const RowName& name);

// `values`: the rows themselves too.
std::string RenderExplanation(const Explanation& explanation, bool values);
nlohmann::ordered_json ExplanationToJson(const Explanation& explanation, bool values);

}  // namespace srdf::ctl
