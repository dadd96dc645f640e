#include "srdfctl/explain_view.h"

#include <fmt/format.h>

#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;

constexpr size_t kUnreadShown = 10;

uint64_t RowsBefore(const model::v1::TableManifest& table) {
  return table.inserts_before() + table.updates_before() + table.deletes_before();
}
uint64_t RowsAfter(const model::v1::TableManifest& table) {
  return table.inserts_after() + table.updates_after() + table.deletes_after();
}

void Field(std::string_view label, const std::string& text, std::string* out) {
  *out += fmt::format("  {:<10}{}\n", label, text);
}

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + Printable(word);
  return out;
}

std::string ReasonWord(const model::v1::WagonHeader& header) {
  return EnumWord(model::v1::SealReason_Name(header.seal_reason()), "SEAL_REASON");
}

std::string Headline(const RowChange& change) {
  const engine_mariadb::FoundRow& row = change.row;
  std::string out = change.what;
  if (change.what == "update") out += " of " + Joined(row.columns);
  if (change.what == "copied") out = "copied from the source, by a copy of the table";
  if (change.what == "repaired") out = "repaired: made what it was at the source";
  if (change.what == "removed") out = "removed by a repair: the source did not have it";
  if (change.what == "statement") out = "statement that names the table: " + Printable(change.sql);
  if (!row.new_key.empty())
    out += fmt::format("; the key became {}, from {}", Printable(row.new_key), Printable(row.old_key));
  return out;
}

std::string Commits(const model::v1::WagonHeader& header) {
  const std::string first =
      fmt::format("{} ({})", Printable(header.first_gtid()), FormatTime(header.commit_time_first_ms()));
  if (header.transactions() == 1) return first;
  return fmt::format("{} to {} ({}), {}", first, Printable(header.last_gtid()),
                     FormatTime(header.commit_time_last_ms()), Counted(header.transactions(), "transaction"));
}

std::string Folding(const model::v1::TableManifest& table) {
  const uint64_t before = RowsBefore(table);
  const uint64_t after = RowsAfter(table);
  std::string out = fmt::format("{} of the table -> {} sent", Counted(before, "change"), FormatCount(after));
  if (before > after) out += "; several changes of one row are one here";
  if (before < after) out += "; a change of a key is a delete and an insert here";
  return out;
}

std::string Status(const KnownWagon& wagon) {
  if (wagon.outbox && !wagon.outbox->merged_into().empty())
    return "merged into " + wagon.outbox->merged_into().substr(0, 12);
  const std::string status = wagon.status();
  if (status == "skipped") return "skipped by an operator: the target does not have this change";
  if (status == "superseded") return "superseded: its changes were captured again, in another wagon";
  return status;
}

void RenderChange(const RowName& name, const ExplainedChange& found, bool values, std::string* out) {
  const model::v1::WagonHeader& header = found.wagon.header();
  *out += FormatTime(header.commit_time_last_ms()) + "  " + Headline(found.change) + "\n";
  Field("wagon",
        fmt::format("{} ({}), epoch {}, {}", header.sequence(), header.uid().substr(0, 12), header.epoch(),
                    Status(found.wagon)),
        out);
  if (header.transactions() != 0) Field("commits", Commits(header), out);
  if (!found.change.xid.empty()) {
    Field(
        "prepared",
        Printable(found.change.xid) + ", " + (found.outcome.empty() ? "no outcome was found" : found.outcome),
        out);
  }
  if (const auto* table = ManifestOf(header, name)) Field("compacted", Folding(*table), out);
  for (const model::v1::WagonInfo& merged : found.merged_from) {
    Field("merged",
          fmt::format("from wagon {} ({}), {} to {}", merged.header().sequence(),
                      merged.header().uid().substr(0, 12), Printable(merged.header().first_gtid()),
                      Printable(merged.header().last_gtid())),
          out);
  }
  Field("sealed", FormatTime(header.closed_at_ms()) + ", " + ReasonWord(header), out);
  Field("stored", FormatTime(found.wagon.stored_at_ms()), out);
  Field("accepted", FormatTime(found.wagon.accepted_at_ms()), out);
  Field("applied", FormatTime(found.wagon.applied_at_ms()), out);
  if (values && !found.change.row.before.empty()) Field("before", Printable(found.change.row.before), out);
  if (values && !found.change.row.after.empty()) Field("after", Printable(found.change.row.after), out);
}

ordered_json Row(const std::string& json) {
  if (json.empty()) return nullptr;
  ordered_json row = ordered_json::parse(json, nullptr, false);
  return row.is_discarded() ? ordered_json(json) : row;  // bytes that are no text, shown as they are
}

ordered_json MergedFrom(const std::vector<model::v1::WagonInfo>& wagons) {
  ordered_json out = ordered_json::array();
  for (const model::v1::WagonInfo& wagon : wagons) {
    out.push_back({{"uid", wagon.header().uid()},
                   {"sequence", wagon.header().sequence()},
                   {"first_gtid", wagon.header().first_gtid()},
                   {"last_gtid", wagon.header().last_gtid()}});
  }
  return out;
}

ordered_json ChangeToJson(const RowName& name, const ExplainedChange& found, bool values) {
  const model::v1::WagonHeader& header = found.wagon.header();
  const engine_mariadb::FoundRow& row = found.change.row;
  ordered_json out = {{"change", found.change.what}, {"columns", row.columns}};
  if (!row.new_key.empty()) {
    out["old_key"] = Row(row.old_key);
    out["new_key"] = Row(row.new_key);
  }
  if (!found.change.sql.empty()) out["statement"] = found.change.sql;
  if (!found.change.xid.empty()) {
    out["xid"] = found.change.xid;
    out["outcome"] = found.outcome;
  }
  if (values) {
    out["before"] = Row(row.before);
    out["after"] = Row(row.after);
  }
  const auto* table = ManifestOf(header, name);
  out["wagon"] = {{"uid", header.uid()},
                  {"epoch", header.epoch()},
                  {"sequence", header.sequence()},
                  {"status", found.wagon.status()},
                  {"merged_into", found.wagon.outbox ? found.wagon.outbox->merged_into() : ""},
                  {"merged_from", MergedFrom(found.merged_from)},
                  {"seal_reason", ReasonWord(header)},
                  {"transactions", header.transactions()},
                  {"first_gtid", header.first_gtid()},
                  {"last_gtid", header.last_gtid()},
                  {"commit_time_first_ms", header.commit_time_first_ms()},
                  {"commit_time_last_ms", header.commit_time_last_ms()},
                  {"table_changes_before", table == nullptr ? 0 : RowsBefore(*table)},
                  {"table_changes_after", table == nullptr ? 0 : RowsAfter(*table)},
                  {"sealed_at_ms", header.closed_at_ms()},
                  {"stored_at_ms", found.wagon.stored_at_ms()},
                  {"accepted_at_ms", found.wagon.accepted_at_ms()},
                  {"applied_at_ms", found.wagon.applied_at_ms()},
                  {"in_outbox", found.wagon.outbox.has_value()},
                  {"in_inbox", found.wagon.inbox.has_value()}};
  return out;
}

}  // namespace

const model::v1::TableManifest* ManifestOf(const model::v1::WagonHeader& header, const RowName& name) {
  for (const model::v1::TableManifest& table : header.tables()) {
    if (table.database() == name.database && table.table() == name.table) return &table;
  }
  return nullptr;
}

std::string RenderExplanation(const Explanation& explanation, bool values) {
  std::string out;
  for (const ExplainedChange& change : explanation.changes) {
    RenderChange(explanation.row, change, values, &out);
    out += "\n";
  }
  out += fmt::format("{} of {} found in {}", Counted(explanation.changes.size(), "change"),
                     Printable(explanation.key), Counted(explanation.wagons, "wagon"));
  if (explanation.wagons != 0)
    out += fmt::format(" ({} to {})", explanation.first_sequence, explanation.last_sequence);
  out += fmt::format(", {} of the table read in {} of them\n", Counted(explanation.rows_read, "change"),
                     FormatCount(explanation.wagons_read));
  if (explanation.limited) out += "older wagons were not looked at: --limit\n";
  for (size_t i = 0; i < explanation.unread.size() && i < kUnreadShown; ++i)
    out += "not read: " + Printable(explanation.unread[i]) + "\n";
  if (explanation.unread.size() > kUnreadShown)
    out += fmt::format("not read: {} more\n", FormatCount(explanation.unread.size() - kUnreadShown));
  for (const std::string& queue : explanation.not_asked) out += "not asked: " + Printable(queue) + "\n";
  return out;
}

ordered_json ExplanationToJson(const Explanation& explanation, bool values) {
  ordered_json out = {{"flow", explanation.flow},
                      {"key", explanation.key},
                      {"changes", ordered_json::array()},
                      {"searched",
                       {{"wagons", explanation.wagons},
                        {"first_sequence", explanation.first_sequence},
                        {"last_sequence", explanation.last_sequence},
                        {"wagons_read", explanation.wagons_read},
                        {"table_changes_read", explanation.rows_read},
                        {"limited", explanation.limited},
                        {"not_read", explanation.unread},
                        {"not_asked", explanation.not_asked}}}};
  for (const ExplainedChange& change : explanation.changes)
    out["changes"].push_back(ChangeToJson(explanation.row, change, values));
  return out;
}

}  // namespace srdf::ctl
