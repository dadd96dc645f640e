#include "srdfctl/wagon_view.h"

#include <fmt/format.h>

#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;

std::string ReasonWord(model::v1::SealReason reason) {
  return EnumWord(model::v1::SealReason_Name(reason), "SEAL_REASON");
}
// Of rows of a copy, how far the copy is with them.
std::string ReasonText(const model::v1::WagonInfo& info) {
  const model::v1::SealReason reason = info.header().seal_reason();
  const bool told = reason == model::v1::SEAL_REASON_COPY && !info.copy().empty();
  return told ? Printable(info.copy()) : ReasonWord(reason);
}
std::string CodecWord(model::v1::Codec codec) { return EnumWord(model::v1::Codec_Name(codec), "CODEC"); }

std::string EncryptionWord(const model::v1::WagonHeader& header) {
  return EnumWord(model::v1::EncryptionMode_Name(header.encryption()), "ENCRYPTION_MODE");
}

ordered_json Position(const model::v1::SourcePosition& position) {
  return {{"gtid", position.gtid()}, {"file", position.file()}, {"offset", position.offset()}};
}

ordered_json Manifest(const model::v1::WagonHeader& header) {
  ordered_json tables = ordered_json::array();
  for (const model::v1::TableManifest& table : header.tables()) {
    tables.push_back({{"database", table.database()},
                      {"table", table.table()},
                      {"before",
                       {{"inserts", table.inserts_before()},
                        {"updates", table.updates_before()},
                        {"deletes", table.deletes_before()},
                        {"bytes", table.bytes_before()}}},
                      {"after",
                       {{"inserts", table.inserts_after()},
                        {"updates", table.updates_after()},
                        {"deletes", table.deletes_after()},
                        {"bytes", table.bytes_after()}}}});
  }
  return tables;
}

std::string PositionText(const model::v1::SourcePosition& position) {
  if (position.file().empty()) return Printable(position.gtid());
  return fmt::format("{} ({}:{})", Printable(position.gtid()), Printable(position.file()), position.offset());
}

std::string TableName(const model::v1::TableManifest& table) {
  return Printable(table.database() + "." + table.table());
}

void Field(std::string_view label, const std::string& text, std::string* out) {
  *out += fmt::format("{:<14}{}\n", label, text);
}

std::string StatusWord(const model::v1::WagonInfo& info) {
  if (info.merged_into().empty()) return info.status();
  return info.status() + " into " + info.merged_into().substr(0, 12);
}

}  // namespace

ordered_json WagonToJson(const model::v1::WagonInfo& info) {
  const model::v1::WagonHeader& header = info.header();
  return {{"uid", header.uid()},
          {"flow", header.flow()},
          {"epoch", header.epoch()},
          {"sequence", header.sequence()},
          {"status", info.status()},
          {"attempts", info.attempts()},
          {"error", info.error()},
          {"seal_reason", ReasonWord(header.seal_reason())},
          {"transactions", header.transactions()},
          {"rows_before", header.rows_before()},
          {"rows_after", header.rows_after()},
          {"statements", header.statements()},
          {"source_bytes", header.source_bytes()},
          {"bytes_before", header.bytes_before()},
          {"payload_raw_bytes", header.payload_raw_bytes()},
          {"payload_compressed_bytes", header.payload_compressed_bytes()},
          {"frame_bytes", info.frame_bytes()},
          {"codec", CodecWord(header.codec())},
          {"encryption", EncryptionWord(header)},
          {"key_id", header.key_id()},
          {"first", Position(header.first())},
          {"last", Position(header.last())},
          {"first_gtid", header.first_gtid()},
          {"last_gtid", header.last_gtid()},
          {"commit_time_first_ms", header.commit_time_first_ms()},
          {"commit_time_last_ms", header.commit_time_last_ms()},
          {"opened_at_ms", header.opened_at_ms()},
          {"closed_at_ms", header.closed_at_ms()},
          {"stored_at_ms", info.stored_at_ms()},
          {"acked_at_ms", info.acked_at_ms()},
          {"applied_at_ms", info.applied_at_ms()},
          {"payload_present", info.payload_present()},
          {"merged_into", info.merged_into()},
          {"copy", info.copy()},
          {"hash", Hex(info.hash())},
          {"previous_hash", Hex(header.previous_hash())},
          {"schema_fingerprint", Hex(header.schema_fingerprint())},
          {"tables", Manifest(header)}};
}

ordered_json WagonToJson(const WagonDetails& wagon) {
  ordered_json out = WagonToJson(wagon.info);
  ordered_json attempts = ordered_json::array();
  for (const shipper::v1::DeliveryAttempt& attempt : wagon.attempts) {
    attempts.push_back({{"attempt", attempt.attempt()},
                        {"started_at_ms", attempt.started_at_ms()},
                        {"ended_at_ms", attempt.ended_at_ms()},
                        {"outcome", attempt.outcome()}});
  }
  out["delivery_attempts"] = std::move(attempts);
  return out;
}

std::string RenderWagonList(const std::vector<model::v1::WagonInfo>& wagons) {
  if (wagons.empty()) return "no wagons\n";
  using enum Table::Align;
  Table table({{"FLOW"},
               {"SEQ", kRight},
               {"UID"},
               {"STATUS"},
               {"SEALED"},
               {"REASON"},
               {"TRX", kRight},
               {"ROWS", kRight},
               {"SENT", kRight},
               {"SIZE", kRight},
               {"ERROR"}});
  for (const model::v1::WagonInfo& info : wagons) {
    const model::v1::WagonHeader& header = info.header();
    table.Add({header.flow(), std::to_string(header.sequence()), header.uid().substr(0, 12), StatusWord(info),
               FormatTime(header.closed_at_ms()), ReasonText(info), FormatCount(header.transactions()),
               FormatCount(header.rows_before()), FormatCount(header.rows_after()),
               FormatBytes(info.frame_bytes()), Printable(info.error())});
  }
  return table.Render();
}

std::string RenderWagon(const WagonDetails& wagon) {
  const model::v1::WagonInfo& info = wagon.info;
  const model::v1::WagonHeader& header = info.header();
  std::string out;
  Field("wagon", header.uid(), &out);
  Field("flow", fmt::format("{}, epoch {}, sequence {}", header.flow(), header.epoch(), header.sequence()),
        &out);
  Field("status", StatusWord(info) + (info.payload_present() ? "" : ", payload purged"), &out);
  if (!info.error().empty()) Field("error", Printable(info.error()), &out);
  Field("sealed",
        fmt::format("{}, reason {}, window open for {}", FormatTime(header.closed_at_ms()),
                    ReasonWord(header.seal_reason()),
                    FormatDuration(header.closed_at_ms() - header.opened_at_ms())),
        &out);
  Field("stored", FormatTime(info.stored_at_ms()), &out);
  Field("acked", FormatTime(info.acked_at_ms()), &out);
  Field("applied", FormatTime(info.applied_at_ms()), &out);
  Field("after", PositionText(header.first()), &out);
  Field("up to", PositionText(header.last()), &out);
  if (!info.copy().empty()) Field("copy", Printable(info.copy()), &out);
  if (header.first_gtid().empty() && header.last_gtid().empty()) {
    Field("commits", "none, it stands between two transactions of the source", &out);
  } else {
    Field("commits",
          fmt::format("{} ({}) to {} ({})", Printable(header.first_gtid()),
                      FormatTime(header.commit_time_first_ms()), Printable(header.last_gtid()),
                      FormatTime(header.commit_time_last_ms())),
          &out);
  }
  Field("contents",
        fmt::format("{}, {} -> {} sent, {}", Counted(header.transactions(), "transaction"),
                    Counted(header.rows_before(), "row"), FormatCount(header.rows_after()),
                    Counted(header.statements(), "statement")),
        &out);
  Field("bytes",
        fmt::format("{} of log, {} of rows -> {} -> {} ({}), frame {}", FormatBytes(header.source_bytes()),
                    FormatBytes(header.bytes_before()), FormatBytes(header.payload_raw_bytes()),
                    FormatBytes(header.payload_compressed_bytes()), CodecWord(header.codec()),
                    FormatBytes(info.frame_bytes())),
        &out);
  Field("encryption",
        EncryptionWord(header) + (header.key_id().empty() ? "" : ", key " + Printable(header.key_id())),
        &out);
  Field("hash", Hex(info.hash()), &out);
  Field("hash before", Hex(header.previous_hash()), &out);
  Field("schemas", Hex(header.schema_fingerprint()), &out);

  using enum Table::Align;
  Table tables({{"TABLE"}, {"INSERTS", kRight}, {"UPDATES", kRight}, {"DELETES", kRight}, {"BYTES", kRight}});
  for (const model::v1::TableManifest& table : header.tables()) {
    const auto cell = [](uint64_t before, uint64_t after) {
      return FormatCount(before) + " -> " + FormatCount(after);
    };
    tables.Add({TableName(table), cell(table.inserts_before(), table.inserts_after()),
                cell(table.updates_before(), table.updates_after()),
                cell(table.deletes_before(), table.deletes_after()),
                FormatBytes(table.bytes_before()) + " -> " + FormatBytes(table.bytes_after())});
  }
  if (!tables.empty()) out += "\n" + tables.Render();

  Table attempts({{"ATTEMPT", kRight}, {"STARTED"}, {"ENDED"}, {"RECEIPT"}});
  for (const shipper::v1::DeliveryAttempt& attempt : wagon.attempts) {
    attempts.Add({std::to_string(attempt.attempt()), FormatTime(attempt.started_at_ms()),
                  attempt.ended_at_ms() == 0 ? "under way" : FormatTime(attempt.ended_at_ms()),
                  Printable(attempt.outcome())});
  }
  if (!attempts.empty()) out += "\n" + attempts.Render();
  return out;
}

}  // namespace srdf::ctl
