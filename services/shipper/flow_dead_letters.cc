// ShipperFlow's part in dead letters and skipped wagons (docs/operations/dead-letters.md).
#include <string_view>

#include "failpoint/failpoint.h"
#include "obs/log.h"
#include "shipper/shipper_flow.h"
#include "store/dead_letter.h"

namespace srdf::shipper {

namespace {

constexpr uint32_t kLettersMax = 1000;
constexpr size_t kProblemsMax = 5;

std::string WagonOf(const store::DeadLetter& letter) {
  std::string text = "wagon " + std::to_string(letter.sequence);
  if (!letter.wagon.has_value()) return text;
  std::string tables;
  for (const TableManifest& t : letter.wagon->header.tables) {
    tables += (tables.empty() ? "" : ", ") + t.database + "." + t.table;
  }
  return tables.empty() ? text : text + " (" + tables + ")";
}

}  // namespace

Status ShipperFlow::Skip(uint64_t sequence, const std::string& reason, const std::string& actor) {
  SRDF_FAILPOINT("shipper.before_skip");
  SRDF_RETURN_IF_ERROR(outbox_->DecideSkip(name_, sequence, reason, actor));
  SRDF_FAILPOINT("shipper.after_skip");
  obs::Warn("wagon_skip_decided",
            {{"flow", name_}, {"sequence", sequence}, {"actor", actor}, {"reason", reason}});
  link_.SkipDecided();
  return {};
}

Result<uint64_t> ShipperFlow::RetryDeadLetter(uint64_t sequence, const std::string& actor) {
  SRDF_ASSIGN_OR_RETURN(const uint64_t wagons,
                        outbox_->Retry(name_, sequence, actor, "srdfctl deadletter retry"));
  obs::Info("dead_letter_retried", {{"flow", name_}, {"sequence", sequence}, {"wagons", wagons}});
  link_.Resume();
  return wagons;
}

Result<SkipSummary> ShipperFlow::GetSkips() const {
  SRDF_ASSIGN_OR_RETURN(const auto letters, outbox_->ListDeadLetters(name_, false, kLettersMax));
  SkipSummary summary;
  for (const store::DeadLetter& letter : letters) {
    const std::string_view resolution = letter.resolution;
    if (letter.resolved_at_ms == 0) ++summary.open_dead_letters;
    if (resolution == store::kResolutionSkipDecided) ++summary.pending;
    if (resolution == store::kResolutionSkipped) ++summary.unacknowledged;
    if (letter.resolved_at_ms == 0 || summary.problems.size() == kProblemsMax) continue;
    const std::string by = ", by a decision of " + letter.resolved_by + ": " + letter.reason;
    if (resolution == store::kResolutionSkipped) {
      summary.problems.emplace_back(
          Status(StatusCode::kDivergence, "the target lacks the changes of " + WagonOf(letter) + by,
                 "compare and mend these tables, then `srdfctl deadletter ack " + name_ + "`"),
          letter.resolved_at_ms);
    } else {
      summary.problems.emplace_back(
          Status(StatusCode::kUnavailable,
                 WagonOf(letter) + " is to be skipped, and the target has not confirmed it yet" + by,
                 "nothing, when receiver and applier are up: it happens by itself"),
          letter.resolved_at_ms);
    }
  }
  return summary;
}

}  // namespace srdf::shipper
