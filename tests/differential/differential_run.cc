#include "differential/differential_run.h"

#include "differential/refusals.h"

namespace srdf::differential {

namespace {

constexpr size_t kPrimingShare = 5;  // one fifth of the steps

// What differs, without names: rows or a definition.
std::string DifferenceKind(const std::string& target, const std::string& difference) {
  const bool rows = difference.find("\n  only on the ") != std::string::npos;
  return target + (rows ? ": rows differ" : ": definitions differ");
}

}  // namespace

DifferentialRun::DifferentialRun(ServerSet* servers, const Scenario& scenario, const RunOptions& options,
                                 GroupHook hook)
    : servers_(servers),
      scenario_(scenario),
      options_(options),
      player_(servers->source()),
      pipeline_(*servers, scenario, options, std::move(hook)),
      replica_(servers->source(), servers->replica()),
      source_contents_(servers->source()),
      replica_contents_(servers->replica()) {
  for (const ServerSet::Target& target : servers->targets()) {
    target_contents_.push_back(std::make_unique<ServerContents>(*target.server));
  }
}

Outcome DifferentialRun::Run() {
  outcome_.stats.scenarios = 1;
  if (Begin() && PlayAll() && Capture()) {
    ForgetDefinitions();
    const Status status = Compare("the end", true);
    if (!status.ok() && !over_) Broken(status);
  }
  outcome_.stats.steps = player_.stats().steps;
  outcome_.stats.steps_failed = player_.stats().steps_failed;
  for (const auto& target : pipeline_.targets()) {
    if (!target.refused.ok()) outcome_.refused[target.apply_method] = target.refused.message();
  }
  return outcome_;
}

bool DifferentialRun::Over(Verdict verdict, const std::string& kind, const std::string& text) {
  outcome_.verdict = verdict;
  outcome_.kind = kind;
  outcome_.text = text;
  over_ = true;
  return false;
}

bool DifferentialRun::Broken(const Status& status) {
  const std::string dead = servers_->Dead();
  return Over(Verdict::kBroken, dead.empty() ? "broken" : "a server has died",
              status.ToString() + (dead.empty() ? "" : "\n" + dead));
}

bool DifferentialRun::Begin() {
  Status status = servers_->Reset(options_);
  if (status.ok()) status = pipeline_.NoteSetup();
  if (status.ok()) status = PlaySetup(servers_->source(), scenario_);
  if (status.ok()) status = PlaySetup(servers_->replica(), scenario_);
  for (const ServerSet::Target& target : servers_->targets()) {
    if (status.ok()) status = PlaySetup(*target.server, scenario_);
  }
  if (status.ok()) status = player_.Open();
  if (!status.ok()) return Broken(status);
  auto position = player_.Position();
  if (!position.ok()) return Broken(position.status());
  position_ = *position;
  status = pipeline_.Begin(position_);
  if (!status.ok()) return JudgeError(status);
  status = replica_.Begin(position_);
  if (status.ok()) status = Compare("the setup", true);
  if (!status.ok() && !over_) return Broken(status);
  // Nothing was replicated yet: the setup does not give the same everywhere.
  if (outcome_.verdict == Verdict::kDifferent) {
    return Over(Verdict::kUnrepeatable, "setup", outcome_.text);
  }
  return !over_;
}

bool DifferentialRun::PlayAll() {
  bool cut = false;
  size_t number = 0;
  for (const Step& step : scenario_.steps) {
    const Status status = player_.Play(step);
    if (!status.ok()) return Broken(status);
    const bool priming = options_.primed && ++number * kPrimingShare <= scenario_.steps.size();
    cut = cut || (step.cut && (priming || Mix(options_.lag_seed, 2 * ++cuts_) % 100 < options_.cut_percent));
    if (!cut || !player_.Quiet()) continue;
    cut = false;
    if (!NoteCut()) return false;
    const bool at_once = priming || Mix(options_.lag_seed, 2 * cuts_ + 1) % 100 < options_.capture_percent;
    if (at_once && !Capture()) return false;
  }
  player_.CloseSessions();
  return NoteCut();
}

bool DifferentialRun::NoteCut() {
  const auto position = player_.Position();
  if (!position.ok()) return Broken(position.status());
  if (*position != position_) ahead_.push_back(*position);
  position_ = *position;
  return true;
}

bool DifferentialRun::Capture() {
  if (ahead_.empty()) return true;
  const std::vector<std::string> positions = std::move(ahead_);
  ahead_.clear();
  const Status status =
      pipeline_.RunTo(positions, [this](const WagonHeader& header) { return OnWagon(header); });
  if (over_) return false;
  return status.ok() || JudgeError(status);
}

bool DifferentialRun::JudgeError(const Status& error) {
  const std::string& stage = pipeline_.stage();
  if (stage == "compare" || stage == "start") return Broken(error);
  const std::string text = stage + ": " + error.ToString();
  if (pipeline_.all_refused()) return Over(Verdict::kRefused, error.message(), text);
  if (const std::string rule = RefusalRule(stage, error, scenario_); !rule.empty()) {
    return Over(Verdict::kRefused, rule, text);
  }
  if (!suspect_kind_.empty()) {
    return Over(Verdict::kDifferent, suspect_kind_, suspect_text_ + "\nand then " + text);
  }
  if (const std::string dead = servers_->Dead(); !dead.empty()) return Broken(error);
  const std::string kind = KindOf(stage, error.message());
  if (stage.rfind("apply", 0) == 0 && replica_error_.empty()) {
    const WagonHeader& wagon = pipeline_.wagon();
    const Status replica = replica_.AdvanceTo(wagon.last.gtid);
    if (replica.code() == StatusCode::kAborted) replica_error_ = replica.message();
  }
  if (!replica_error_.empty()) {
    return Over(Verdict::kUnrepeatable, kind, text + "\nthe native replica: " + replica_error_);
  }
  return Over(Verdict::kDifferent, kind,
              text + "\nin wagon " + std::to_string(pipeline_.wagon().sequence) +
                  ", which the native replica has applied");
}

void DifferentialRun::ForgetDefinitions() {
  source_contents_.Forget();
  replica_contents_.Forget();
  for (auto& contents : target_contents_) contents->Forget();
}

std::string DifferentialRun::TargetName(size_t i) const {
  return "target " + pipeline_.targets()[i].apply_method;
}

Status DifferentialRun::OnWagon(const WagonHeader& header) {
  ++outcome_.stats.wagons;
  outcome_.stats.transactions += header.transactions;
  outcome_.stats.statements += header.statements;
  outcome_.stats.rows_before += header.rows_before;
  outcome_.stats.rows_after += header.rows_after;
  outcome_.stats.rows_in_place += pipeline_.rows_in_place();
  if (header.statements != 0) ForgetDefinitions();
  if (replica_error_.empty()) {
    const Status status = replica_.AdvanceTo(header.last.gtid);
    if (status.code() == StatusCode::kAborted) {
      replica_error_ = status.message();
    } else if (!status.ok()) {
      return status;
    }
  }
  return Compare(
      "wagon " + std::to_string(header.sequence) + " (" + header.first_gtid + " … " + header.last_gtid + ")",
      header.last.gtid == position_);
}

Status DifferentialRun::Compare(const std::string& where, bool with_source) {
  std::vector<const Contents*> targets;
  for (size_t i = 0; i < target_contents_.size(); ++i) {
    const Contents* contents = nullptr;
    if (pipeline_.targets()[i].refused.ok()) {
      SRDF_ASSIGN_OR_RETURN(contents, target_contents_[i]->Read());
    }
    targets.push_back(contents);
  }
  const Contents* replica = nullptr;
  if (replica_error_.empty()) {
    SRDF_ASSIGN_OR_RETURN(replica, replica_contents_.Read());
    for (size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] == nullptr) continue;
      ++outcome_.stats.comparisons;
      const std::string difference = Difference("replica", *replica, TargetName(i), *targets[i]);
      if (difference.empty() || !suspect_kind_.empty()) continue;
      suspect_kind_ = DifferenceKind(TargetName(i), difference);
      suspect_text_ = "after " + where + ": " + difference;
    }
  }
  if (!with_source) return {};
  SRDF_ASSIGN_OR_RETURN(const Contents* const source, source_contents_.Read());
  MeetSource(where, *source, replica, targets);
  if (over_) return {StatusCode::kCancelled, "the run is over"};
  return {};
}

void DifferentialRun::MeetSource(const std::string& where, const Contents& source, const Contents* replica,
                                 const std::vector<const Contents*>& targets) {
  std::string kind = suspect_kind_, text = suspect_text_;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] == nullptr) continue;
    ++outcome_.stats.comparisons;
    const std::string difference = Difference("source", source, TargetName(i), *targets[i]);
    if (difference.empty() || !kind.empty()) continue;
    kind = DifferenceKind(TargetName(i), difference);
    text = "after " + where + ": " + difference;
  }
  if (kind.empty()) return;
  if (replica == nullptr) {
    Over(Verdict::kUnrepeatable, kind, text + "\nthe native replica has stopped: " + replica_error_);
    return;
  }
  if (const std::string native = Difference("source", source, "replica", *replica); !native.empty()) {
    Over(Verdict::kUnrepeatable, kind, text + "\nand after " + where + ": " + native);
    return;
  }
  Over(Verdict::kDifferent, kind, text);
}

}  // namespace srdf::differential
