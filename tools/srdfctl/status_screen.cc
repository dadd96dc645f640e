// RenderStatus: the status document as a screen.
#include <fmt/format.h>

#include "srdfctl/status_document.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

class Screen {
 public:
  explicit Screen(bool colours) : colours_(colours) {}

  void Line(std::string_view label, const std::string& text) {
    out_ += fmt::format("  {:<10}{}\n", label, text);
  }
  void Raw(const std::string& text) { out_ += text + "\n"; }

  std::string Bold(const std::string& text) const { return Paint("1", text); }
  std::string Red(const std::string& text) const { return Paint("31", text); }
  // Green when all is well, red when an operator has to act, yellow in between.
  std::string State(const std::string& state) const {
    if (state == "running" || state == "streaming") return Paint("32", state);
    if (state == "stopped" || state == "failed") return Paint("31", state);
    return Paint("33", state);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string Paint(const char* code, const std::string& text) const {
    return colours_ ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
  }

  const bool colours_;
  std::string out_;
};

uint64_t U(const Document& part, const char* key) { return part.value(key, uint64_t{0}); }

std::string PositionText(const Document& position) {
  const std::string gtid = position.value("gtid", "");
  if (gtid.empty()) return "not known yet";
  const std::string file = position.value("file", "");
  const std::string copy = position.value("copy", "");
  return Printable(gtid) +
         (file.empty() ? "" : fmt::format(" ({}:{})", Printable(file), U(position, "offset"))) +
         (copy.empty() ? "" : ", " + Printable(copy));
}

std::string LagText(const Document& lag) {
  std::string text = "lag ";
  if (lag["seconds"].is_null()) {
    text += "not known";
  } else if (lag["caught_up"].get<bool>()) {
    text += "0 s (caught up)";
  } else {
    text += FormatDuration(static_cast<int64_t>(lag["seconds"].get<double>() * 1000));
  }
  if (!lag["bytes"].is_null()) text += ", " + FormatBytes(lag["bytes"].get<uint64_t>()) + " of log behind";
  return text;
}

void RenderServices(const Document& services, Screen* screen) {
  std::string line = "services";
  for (const Document& service : services) {
    const std::string name = service["name"];
    line += "  " + (service["reachable"].get<bool>() ? name : screen->Red(name + " unreachable"));
    if (U(service, "starts") > 1) line += fmt::format(" ({} starts)", U(service, "starts"));
  }
  screen->Raw(line);
  for (const Document& service : services) {
    const std::string error = service["error"];
    if (!error.empty()) screen->Raw("  " + Printable(error));
  }
}

void RenderSource(const Document& source, Screen* screen) {
  const std::string server = source["server"];
  if (!source.contains("state")) return screen->Line("source", server + "  (capture says nothing)");
  screen->Line("source", server + "  " + screen->State(source["state"]));
  screen->Line("", "read  " + PositionText(source["read"]));
  screen->Line("", "end   " + PositionText(source["server_end"]));
}

void RenderWindow(const Document& window, Screen* screen) {
  if (window.is_null()) return screen->Line("window", "(batcher says nothing)");
  std::string text = "empty";
  if (U(window, "transactions") > 0 || U(window, "bytes") > 0) {
    text = fmt::format("{}, {}, {}, {} old", Counted(U(window, "transactions"), "transaction"),
                       Counted(U(window, "rows"), "row"), FormatBytes(U(window, "bytes")),
                       FormatDuration(static_cast<int64_t>(window["age_seconds"].get<double>() * 1000)));
  }
  if (!window["capture_connected"].get<bool>()) text += "; capture is not connected";
  if (!window["shipper_connected"].get<bool>()) text += "; shipper is not connected";
  screen->Line("window", text);
  const Document merges = window.value("merges", Document::object());
  if (merges.value("merges", uint64_t{0}) == 0) return;
  screen->Line(
      "merged",
      fmt::format("{} that could not be sent ({}) into {} ({})", Counted(U(merges, "wagons_before"), "wagon"),
                  FormatBytes(U(merges, "bytes_before")), FormatCount(U(merges, "wagons_after")),
                  FormatBytes(U(merges, "bytes_after"))));
}

// Limits and priority, when there is something to say.
void RenderSending(const Document& delivery, Screen* screen) {
  std::string text;
  const uint64_t line = U(delivery, "line_max_bytes_per_second");
  if (line != 0) text = FormatBytes(line) + "/s for all flows";
  for (const auto& [name, setting] : delivery["settings"].items()) {
    const uint64_t value = U(setting, "value");
    const bool is_set = setting["origin"] == "set";
    const bool is_rate = name == "max_bytes_per_second";
    if (!is_set && (is_rate ? value == 0 : line == 0)) continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ",
                        !is_rate     ? fmt::format("{} {}", name, value)
                        : value == 0 ? "no limit"
                                     : FormatBytes(value) + "/s for this one",
                        is_set ? " (set)" : "");
  }
  if (text.empty()) return;
  screen->Line("sending", fmt::format("{}; {} waited for it", text,
                                      FormatDuration(static_cast<int64_t>(U(delivery, "send_wait_ms")))));
}

// What holds the delivery up, by itself or until somebody acts.
void RenderWaits(const Document& delivery, Screen* screen) {
  const std::string suspended = delivery.value("suspended_class", "");
  if (!suspended.empty()) {
    screen->Line("", fmt::format("suspended ({}) since {}; goes on by itself", suspended,
                                 FormatTime(delivery.value("suspended_since_ms", int64_t{0}))));
  }
  const uint64_t sequence = delivery.value("waiting_sequence", uint64_t{0});
  const int64_t next_ms = delivery.value("next_attempt_at_ms", int64_t{0});
  if (sequence != 0 || next_ms != 0) {
    const std::string error_class = delivery.value("waiting_class", "");
    screen->Line("",
                 (sequence == 0 ? "next attempt" : fmt::format("wagon {} waits; next attempt", sequence)) +
                     (next_ms == 0 ? " when the receiver says so" : " at " + FormatTime(next_ms)) +
                     (error_class.empty() ? "" : " (" + error_class + ")"));
  }
  if (const uint64_t dead = delivery.value("dead_letters", uint64_t{0}); dead != 0)
    screen->Line(
        "", screen->Red(Counted(dead, "dead letter")) + ": see `srdfctl delivery list --status dead_letter`");
}

// Only a disk that is not well; the reason and the remedy are among the problems.
void RenderDisk(const char* name, const Document& disk, Screen* screen) {
  const std::string state = disk.value("state", "");
  if (state.empty() || state == "ok") return;
  screen->Line(name, fmt::format("{}: {}, {} free", disk.value("path", ""), screen->State(state),
                                 FormatBytes(U(disk, "bytes_free"))));
}

void RenderDelivery(const Document& delivery, Screen* screen) {
  if (delivery.is_null()) return screen->Line("delivery", "(shipper says nothing)");
  const std::string destination = delivery["destination"];
  screen->Line("delivery",
               screen->State(delivery["link"]) + (destination.empty() ? "" : " to " + destination) +
                   fmt::format("; {} ({}) not applied yet", Counted(U(delivery, "unapplied_wagons"), "wagon"),
                               FormatBytes(U(delivery, "unapplied_bytes"))));
  screen->Line("", fmt::format("stored {}, acked {}, applied {}", U(delivery, "stored_sequence"),
                               U(delivery, "acked_sequence"), U(delivery, "applied_sequence")));
  RenderWaits(delivery, screen);
  std::string wagons;
  for (const auto& [status, count] : delivery["wagons"].items()) {
    wagons += fmt::format("{}{} {}", wagons.empty() ? "" : ", ", status, FormatCount(U(count, "wagons")));
  }
  screen->Line("wagons", wagons.empty() ? "none" : wagons);
  RenderSending(delivery, screen);
  RenderDisk("outbox", delivery["disk"], screen);
}

void RenderInbox(const Document& inbox, Screen* screen) {
  if (inbox.is_null()) return screen->Line("inbox", "(receiver says nothing)");
  std::string text = fmt::format("accepted {}, applied {}; {} ({}) waiting", U(inbox, "accepted_sequence"),
                                 U(inbox, "applied_sequence"), Counted(U(inbox, "unapplied_wagons"), "wagon"),
                                 FormatBytes(U(inbox, "unapplied_bytes")));
  if (!inbox["applier_connected"].get<bool>()) text += "; applier is not connected";
  screen->Line("inbox", text);
  screen->Line("", "says " + inbox.value("readiness", "unknown") + " to the shipper");
  std::string refused;
  for (const Document& refusal : inbox["refusals"]) {
    refused += fmt::format("{}{} {} ({}, last {})", refused.empty() ? "" : ", ", U(refusal, "count"),
                           refusal.value("reason", ""), refusal.value("receipt", ""),
                           FormatTime(refusal.value("last_at_ms", int64_t{0})));
  }
  if (!refused.empty()) screen->Line("", "refused ever: " + refused);
  RenderDisk("inbox disk", inbox["disk"], screen);
}

void RenderTarget(const Document& target, Screen* screen) {
  const std::string server = target["server"];
  if (!target.contains("state")) return screen->Line("target", server + "  (applier says nothing)");
  const std::string mode = target["apply_mode"];
  screen->Line("target",
               server + "  " + screen->State(target["state"]) + (mode.empty() ? "" : " (" + mode + ")"));
  const Document& checkpoint = target["checkpoint"];
  screen->Line("", fmt::format("at    {}", PositionText(checkpoint["position"])));
  screen->Line(
      "", fmt::format("wagon {} of epoch {}, applied {}", U(checkpoint, "sequence"), U(checkpoint, "epoch"),
                      FormatTime(checkpoint.value("applied_at_ms", int64_t{0}))));
  if (U(target, "wagons") > 0) {
    screen->Line("", fmt::format("commit to applied p50 {}, p99 {}; seal to applied p50 {} ms, p99 {} ms",
                                 FormatDuration(static_cast<int64_t>(U(target, "lag_p50_ms"))),
                                 FormatDuration(static_cast<int64_t>(U(target, "lag_p99_ms"))),
                                 U(target, "transit_p50_ms"), U(target, "transit_p99_ms")));
  }
}

void RenderTotals(const Document& totals, Screen* screen) {
  if (totals.is_null()) return;
  screen->Line("totals", fmt::format("{}, {}, {}", Counted(U(totals, "wagons"), "wagon"),
                                     Counted(U(totals, "transactions"), "transaction"),
                                     Counted(U(totals, "statements"), "statement")));
  screen->Line("", fmt::format("rows  {} -> {}, compaction {}", FormatCount(U(totals, "rows_before")),
                               FormatCount(U(totals, "rows_after")),
                               FormatRatio(U(totals, "rows_before"), U(totals, "rows_after"))));
  screen->Line(
      "", fmt::format("bytes {} of log, {} of rows -> {} -> {} sent, compression {}",
                      FormatBytes(U(totals, "source_bytes")), FormatBytes(U(totals, "bytes_before")),
                      FormatBytes(U(totals, "payload_raw_bytes")),
                      FormatBytes(U(totals, "payload_compressed_bytes")),
                      FormatRatio(U(totals, "payload_raw_bytes"), U(totals, "payload_compressed_bytes"))));
}

// One problem is often told by several services, up the chain: it is shown once, with all of them.
void RenderProblems(const Document& problems, int64_t now_ms, Screen* screen) {
  const auto same = [](const Document& a, const Document& b) {
    return a["code"] == b["code"] && a["message"] == b["message"] && a["remedy"] == b["remedy"];
  };
  for (size_t i = 0; i < problems.size(); ++i) {
    const Document& problem = problems[i];
    std::string services;
    bool is_first = true;
    for (size_t j = 0; j < problems.size(); ++j) {
      if (!same(problem, problems[j])) continue;
      is_first = is_first && j >= i;
      services += (services.empty() ? "" : ", ") + problems[j]["service"].get<std::string>();
    }
    if (!is_first) continue;
    const int64_t since_ms = problem.value("since_ms", int64_t{0});
    const std::string age = since_ms == 0 ? "" : ", for " + FormatDuration(now_ms - since_ms);
    screen->Raw(fmt::format("  {}   {} ({}{}): {}", screen->Red("PROBLEM"), services,
                            problem.value("code", ""), age, Printable(problem.value("message", ""))));
    const std::string remedy = problem.value("remedy", "");
    if (!remedy.empty()) screen->Line("", "remedy: " + Printable(remedy));
  }
}

}  // namespace

std::string RenderStatus(const Document& status, bool colours) {
  Screen screen(colours);
  const int64_t now_ms = status["time_ms"];
  screen.Raw("mesh " + screen.Bold(status["mesh"]) + "  " + FormatTime(now_ms));
  RenderServices(status["services"], &screen);
  for (const Document& problem : status["security"]["problems"]) {
    screen.Raw(
        fmt::format("  {}   security: {}", screen.Red("PROBLEM"), Printable(problem.value("message", ""))));
    screen.Line("", "remedy: " + Printable(problem.value("remedy", "")));
  }
  for (const Document& flow : status["flows"]) {
    screen.Raw("");
    screen.Raw("flow " + screen.Bold(flow["flow"]) + "  " + screen.State(flow["state"]) + "  " +
               LagText(flow["lag"]));
    RenderSource(flow["source"], &screen);
    RenderWindow(flow["window"], &screen);
    RenderDelivery(flow["delivery"], &screen);
    RenderInbox(flow["inbox"], &screen);
    RenderTarget(flow["target"], &screen);
    RenderTotals(flow["totals"], &screen);
    RenderProblems(flow["problems"], now_ms, &screen);
  }
  return screen.Take();
}

}  // namespace srdf::ctl
