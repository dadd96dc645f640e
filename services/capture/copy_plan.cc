#include "capture/copy_plan.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace srdf::capture {

namespace {

using engine::ForeignKey;
using engine::TableId;

std::string NameOf(const TableId& id) { return id.database + "." + id.table; }

// Strongly connected components, parents before children: Tarjan's, over edges from child to parent, so that
// a component is complete before those that depend on it.
class Components {
 public:
  Components(const std::set<TableId>& tables, const std::vector<ForeignKey>& keys) : tables_(tables) {
    for (const ForeignKey& key : keys) {
      if (key.acts && tables.count(key.parent) != 0 && tables.count(key.child) != 0)
        parents_[key.child].insert(key.parent);
    }
  }

  std::vector<std::vector<TableId>> Find() {
    for (const TableId& id : tables_) {
      if (seen_.count(id) == 0) Visit(id);
    }
    return std::move(found_);
  }

 private:
  struct Frame {
    TableId id;
    std::vector<TableId> parents;
    size_t next = 0;
  };

  // With a stack of its own: chains of foreign keys may be long.
  void Visit(const TableId& root) {
    std::vector<Frame> frames;
    const auto enter = [&](const TableId& id) {
      const size_t number = seen_.size();
      seen_[id] = {number, number, true};
      stack_.push_back(id);
      const std::set<TableId>& parents = parents_[id];
      frames.push_back({id, {parents.begin(), parents.end()}});
    };
    enter(root);
    while (!frames.empty()) {
      Frame& frame = frames.back();
      if (frame.next < frame.parents.size()) {
        const TableId parent = frame.parents[frame.next++];
        const auto known = seen_.find(parent);
        if (known == seen_.end()) {
          enter(parent);
        } else if (known->second.on_stack) {
          Node& node = seen_[frame.id];
          node.low = std::min(node.low, known->second.number);
        }
        continue;
      }
      const TableId id = frame.id;
      frames.pop_back();
      const Node node = seen_[id];
      if (!frames.empty()) {
        Node& below = seen_[frames.back().id];
        below.low = std::min(below.low, node.low);
      }
      if (node.low == node.number) Complete(id);
    }
  }

  void Complete(const TableId& id) {
    std::vector<TableId> component;
    TableId member;
    do {
      member = stack_.back();
      stack_.pop_back();
      seen_[member].on_stack = false;
      component.push_back(member);
    } while (member != id);
    std::sort(component.begin(), component.end());
    found_.push_back(std::move(component));
  }

  struct Node {
    size_t number = 0;
    size_t low = 0;
    bool on_stack = false;
  };

  const std::set<TableId>& tables_;
  std::map<TableId, std::set<TableId>> parents_;
  std::map<TableId, Node> seen_;
  std::vector<TableId> stack_;
  std::vector<std::vector<TableId>> found_;
};

// What is left out of a parent's changes while it waits would have changed its children too.
void AddChildren(const std::vector<ForeignKey>& keys, std::set<TableId>* chosen) {
  for (size_t before = 0; before != chosen->size();) {
    before = chosen->size();
    for (const ForeignKey& key : keys) {
      if (key.acts && chosen->count(key.parent) != 0) chosen->insert(key.child);
    }
  }
}

}  // namespace

Result<CopyState> PlanCopy(const std::string& plan, const std::vector<engine::TableInfo>& source,
                           const std::vector<TableId>& wanted, const std::vector<ForeignKey>& keys) {
  std::map<TableId, const engine::TableInfo*> known;
  for (const engine::TableInfo& info : source) known[{info.database, info.table}] = &info;
  std::set<TableId> chosen(wanted.begin(), wanted.end());
  if (wanted.empty()) {
    for (const auto& [id, info] : known) chosen.insert(id);
  }
  AddChildren(keys, &chosen);
  std::string refused;
  for (const TableId& id : chosen) {
    const auto it = known.find(id);
    if (it == known.end()) return Status(StatusCode::kNotFound, "the source has no table " + NameOf(id));
    if (!it->second->transactional)
      refused += (refused.empty() ? "" : ", ") + NameOf(id) + " (" + it->second->engine + ")";
  }
  if (!refused.empty()) {
    return Status(StatusCode::kFailedPrecondition,
                  "tables whose storage engine cannot roll back show no consistent snapshot: " + refused,
                  "ALTER TABLE … ENGINE=InnoDB, or leave them out");
  }
  CopyState copy;
  copy.plan = plan;
  copy.all_tables = chosen.size() == known.size();
  copy.tables_total = chosen.size();
  Components components(chosen, keys);
  uint32_t group = 0;
  for (const std::vector<TableId>& component : components.Find()) {
    const bool keyless = component.size() == 1 && known[component.front()]->key_columns.empty();
    const bool together = component.size() > 1 || keyless || IsReadAtOnce(component.front(), keys);
    if (together) ++group;
    for (const TableId& id : component) {
      const engine::TableInfo& info = *known[id];
      TableCopy table;
      table.database = id.database;
      table.table = id.table;
      table.group = together ? group : 0;
      table.rows_estimate = info.rows_estimate;
      table.bytes_estimate = info.bytes_estimate;
      copy.rows_estimate += info.rows_estimate;
      copy.bytes_estimate += info.bytes_estimate;
      copy.tables.push_back(std::move(table));
    }
  }
  return copy;
}

// A row that a cascade gives another key can come to lie in a range that was copied before it; of a table
// that refers to itself, one that it deletes too.
bool IsReadAtOnce(const TableId& table, const std::vector<ForeignKey>& keys) {
  return std::any_of(keys.begin(), keys.end(), [&](const ForeignKey& key) {
    return key.child == table && key.acts && (key.moves_keys || key.parent == table);
  });
}

Result<std::vector<TableCopy>> NextTables(const CopyState& copy, const std::vector<ForeignKey>& keys,
                                          const std::vector<TableId>& busy,
                                          const std::vector<TableId>& resting) {
  std::map<TableId, uint32_t> listed;  // to groups
  for (const TableCopy& table : copy.tables) listed[{table.database, table.table}] = table.group;
  // Groups of those that are still to be copied, and change the table or are only referred to by it.
  std::map<TableId, std::vector<uint32_t>> parents, referred;
  for (const ForeignKey& key : keys) {
    const auto parent = listed.find(key.parent);
    if (parent == listed.end() || key.parent == key.child) continue;
    (key.acts ? parents : referred)[key.child].push_back(parent->second);
  }
  const auto is_busy = [&](const TableId& id) {
    return std::find(busy.begin(), busy.end(), id) != busy.end() ||
           std::find(resting.begin(), resting.end(), id) != resting.end();
  };
  // Nothing of these is still to be copied, but what is copied with it.
  const auto has_to_wait = [](const std::map<TableId, std::vector<uint32_t>>& for_groups, const TableId& id,
                              uint32_t group) {
    const auto it = for_groups.find(id);
    return it != for_groups.end() && std::any_of(it->second.begin(), it->second.end(), [&](uint32_t parent) {
             return group == 0 || parent != group;
           });
  };
  std::vector<TableCopy> second_best;
  std::set<uint32_t> groups_seen;
  for (const TableCopy& first : copy.tables) {
    if (first.group != 0 && !groups_seen.insert(first.group).second) continue;
    std::vector<TableCopy> members;
    if (first.group == 0) {
      members.push_back(first);
    } else {
      std::copy_if(copy.tables.begin(), copy.tables.end(), std::back_inserter(members),
                   [&](const TableCopy& table) { return table.group == first.group; });
    }
    const bool free = std::none_of(members.begin(), members.end(), [&](const TableCopy& table) {
      const TableId id{table.database, table.table};
      return is_busy(id) || has_to_wait(parents, id, table.group);
    });
    if (!free) continue;
    // Rows that are referred to come first where that is possible: an update with a check may need them.
    const bool refers = std::any_of(members.begin(), members.end(), [&](const TableCopy& table) {
      return table.phase == CopyPhase::kWaiting &&
             has_to_wait(referred, {table.database, table.table}, table.group);
    });
    if (!refers) return members;
    if (second_best.empty()) second_best = std::move(members);
  }
  // Only where nothing else is going on that would change it.
  if (!second_best.empty() && busy.empty()) return second_best;
  if (busy.empty() && resting.empty() && !copy.tables.empty()) {
    return Status(StatusCode::kFailedPrecondition,
                  "foreign keys connect " + copy.tables.front().database + "." + copy.tables.front().table +
                      " and others in a circle that was not there when the copy was planned",
                  "cancel the copy and begin it again");
  }
  return std::vector<TableCopy>{};
}

}  // namespace srdf::capture
