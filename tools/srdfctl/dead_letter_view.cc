#include "srdfctl/dead_letter_view.h"

#include <fmt/format.h>

#include "srdfctl/text.h"
#include "srdfctl/wagon_view.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;

constexpr size_t kErrorWidth = 60;

std::string Short(const std::string& text) {
  const std::string one_line = Printable(text);
  return one_line.size() <= kErrorWidth ? one_line : one_line.substr(0, kErrorWidth) + "...";
}

void Field(std::string_view label, const std::string& text, std::string* out) {
  *out += fmt::format("{:<14}{}\n", label, text);
}

std::string Holds(const shipper::v1::DeadLetter& letter) {
  if (!letter.has_wagon()) return "(purged)";
  const model::v1::WagonHeader& header = letter.wagon().header();
  std::string tables;
  for (const model::v1::TableManifest& t : header.tables()) {
    if (!tables.empty()) tables += ", ";
    tables += Printable(t.database() + "." + t.table());
  }
  if (header.statements() != 0)
    tables += (tables.empty() ? "" : ", ") + Counted(header.statements(), "DDL statement");
  return Counted(header.rows_after(), "row") + (tables.empty() ? "" : " of " + tables);
}

}  // namespace

std::string DeadLetterState(const shipper::v1::DeadLetter& letter) {
  return letter.resolved_at_ms() == 0 ? "open" : letter.resolution();
}

ordered_json DeadLetterToJson(const shipper::v1::DeadLetter& letter) {
  ordered_json out = {{"flow", letter.flow()},
                      {"epoch", letter.epoch()},
                      {"sequence", letter.sequence()},
                      {"uid", letter.uid()},
                      {"state", DeadLetterState(letter)},
                      {"error_class", letter.error_class()},
                      {"error", letter.error()},
                      {"since_ms", letter.created_at_ms()},
                      {"resolved_at_ms", letter.resolved_at_ms()},
                      {"resolved_by", letter.resolved_by()},
                      {"reason", letter.reason()}};
  out["wagon"] = letter.has_wagon() ? WagonToJson(letter.wagon()) : ordered_json(nullptr);
  return out;
}

std::string RenderDeadLetterList(const std::vector<shipper::v1::DeadLetter>& letters) {
  if (letters.empty()) return "no dead letters\n";
  using enum Table::Align;
  Table table({{"FLOW"}, {"SEQ", kRight}, {"UID"}, {"SINCE"}, {"STATE"}, {"CLASS"}, {"HOLDS"}, {"ERROR"}});
  for (const shipper::v1::DeadLetter& letter : letters) {
    table.Add({letter.flow(), std::to_string(letter.sequence()), letter.uid().substr(0, 8),
               FormatTime(letter.created_at_ms()), DeadLetterState(letter),
               letter.error_class().empty() ? "-" : letter.error_class(), Holds(letter),
               Short(letter.error())});
  }
  return table.Render();
}

std::string RenderChanges(const model::v1::WagonHeader& header) {
  std::string out;
  using enum Table::Align;
  Table table({{"  TABLE"}, {"INSERTS", kRight}, {"UPDATES", kRight}, {"DELETES", kRight}});
  for (const model::v1::TableManifest& t : header.tables()) {
    table.Add({"  " + Printable(t.database() + "." + t.table()), FormatCount(t.inserts_after()),
               FormatCount(t.updates_after()), FormatCount(t.deletes_after())});
  }
  if (!table.empty()) out += table.Render();
  out += fmt::format("  {}, {}, {}; source {} to {}\n", Counted(header.transactions(), "transaction"),
                     Counted(header.rows_after(), "row"), Counted(header.statements(), "DDL statement"),
                     Printable(header.first().gtid()), Printable(header.last().gtid()));
  return out;
}

std::string RenderDeadLetter(const shipper::v1::DeadLetter& letter,
                             const std::vector<shipper::v1::DeliveryAttempt>& attempts) {
  std::string out;
  Field("dead letter",
        fmt::format("wagon {} of flow {}, epoch {}", letter.sequence(), letter.flow(), letter.epoch()), &out);
  Field("uid", letter.uid(), &out);
  Field("since", FormatTime(letter.created_at_ms()), &out);
  Field("state", DeadLetterState(letter), &out);
  Field("class", letter.error_class().empty() ? "-" : letter.error_class(), &out);
  Field("error", Printable(letter.error()), &out);
  if (letter.resolved_at_ms() != 0) Field("resolved", FormatTime(letter.resolved_at_ms()), &out);
  if (!letter.resolved_by().empty()) Field("by", Printable(letter.resolved_by()), &out);
  if (!letter.reason().empty()) Field("reason", Printable(letter.reason()), &out);
  if (letter.has_wagon()) {
    Field("size", FormatBytes(letter.wagon().frame_bytes()), &out);
    out += "holds\n" + RenderChanges(letter.wagon().header());
  } else {
    Field("holds", "(purged from the outbox)", &out);
  }
  for (const shipper::v1::DeliveryAttempt& attempt : attempts) {
    Field(fmt::format("attempt {}", attempt.attempt()),
          FormatTime(attempt.started_at_ms()) + "  " + Printable(attempt.outcome()), &out);
  }
  if (letter.resolved_at_ms() == 0) {
    const std::string what = letter.flow() + " " + std::to_string(letter.sequence());
    Field("rows", "srdfctl wagon show " + letter.uid().substr(0, 12) + " --json rows", &out);
    Field("then", "mend what the error names and: srdfctl deadletter retry " + what, &out);
    Field("or", "give it up: srdfctl deadletter skip " + what + " --reason \"...\"", &out);
  }
  return out;
}

ordered_json AuditToJson(const shipper::v1::AuditEntry& entry) {
  return {{"audit_id", entry.audit_id()}, {"at_ms", entry.at_ms()}, {"actor", entry.actor()},
          {"action", entry.action()},     {"flow", entry.flow()},   {"epoch", entry.epoch()},
          {"sequence", entry.sequence()}, {"uid", entry.uid()},     {"reason", entry.reason()},
          {"detail", entry.detail()}};
}

std::string RenderAudit(const std::vector<shipper::v1::AuditEntry>& entries) {
  if (entries.empty()) return "nothing was decided\n";
  using enum Table::Align;
  Table table({{"TIME"}, {"WHO"}, {"ACTION"}, {"FLOW"}, {"SEQ", kRight}, {"REASON"}, {"DETAIL"}});
  for (const shipper::v1::AuditEntry& entry : entries) {
    table.Add({FormatTime(entry.at_ms()), Printable(entry.actor()), entry.action(), entry.flow(),
               entry.sequence() == 0 ? "-" : std::to_string(entry.sequence()), Printable(entry.reason()),
               Printable(entry.detail())});
  }
  return table.Render();
}

}  // namespace srdf::ctl
