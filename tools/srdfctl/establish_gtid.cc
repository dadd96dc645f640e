// srdfctl establish --from-gtid: the target was restored from a backup that says its position. Nothing of
// that is believed before it was looked at: is the position in the source's log, does the target have the
// tables, and, once the flow has passed it, every row.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "engine_mariadb/gtid_position.h"
#include "srdfctl/commands.h"
#include "srdfctl/comparing.h"
#include "srdfctl/copy_follow.h"
#include "srdfctl/databases.h"
#include "srdfctl/establish_plan.h"
#include "srdfctl/flow_start.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/table_lists.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

constexpr size_t kRowsShown = 20;
constexpr size_t kTablesNamedMax = 10;

// Ends the stream with its first sign of life: the server serves its log from there.
class FirstSign : public engine::ChangeSink {
 public:
  explicit FirstSign(engine::ChangeReader* reader) : reader_(reader) {}
  Status Consume(std::string_view, bool) override { return End(); }
  void Idle(const engine::SourceLag&) override {
    reader_->Interrupt();
    seen_ = true;
  }
  bool seen() const { return seen_; }

 private:
  Status End() {
    seen_ = true;
    return {StatusCode::kCancelled, "seen"};
  }
  engine::ChangeReader* const reader_;
  bool seen_ = false;
};

// Capture does not read while the flow has no checkpoint, so the flow's own server id may be used.
Status CheckInLog(const config::FlowConfig& flow, const std::string& gtid) {
  SRDF_ASSIGN_OR_RETURN(const auto source, OpenSource(flow));
  const std::unique_ptr<engine::ChangeReader> reader = source->NewReader();
  FirstSign sign(reader.get());
  SourcePosition from;
  from.gtid = gtid;
  const Status status = reader->Run(from, &sign);
  if (sign.seen()) return {};
  return {
      status.code(), "the source cannot serve its log from " + gtid + ": " + status.message(),
      "restore a backup whose position is still in the source's log, or copy everything: srdfctl establish " +
          flow.name + " --yes"};
}

// Every table of the source, with its definition. One that is empty may have been so at the time of the
// backup; when all are, nothing was restored but definitions.
Status CheckTables(const EstablishPlan& plan) {
  std::string what;
  size_t wrong = 0;
  const bool has_rows = std::any_of(plan.tables.begin(), plan.tables.end(), [](const PlannedTable& table) {
    return table.target == TargetTable::kNotCompared;
  });
  for (const PlannedTable& table : plan.tables) {
    const bool there = table.target == TargetTable::kNotCompared ||
                       (table.target == TargetTable::kEmpty && has_rows) ||
                       table.target == TargetTable::kEqual || table.target == TargetTable::kExtra;
    if (there) continue;
    if (++wrong > kTablesNamedMax) continue;
    what +=
        (what.empty() ? "" : "; ") + table.name.Text() + " is " + std::string(TargetTableWord(table.target));
    if (!table.note.empty()) what += " (" + table.note + ")";
  }
  if (wrong == 0) return {};
  if (wrong > kTablesNamedMax) what += fmt::format("; and {} more", wrong - kTablesNamedMax);
  return {
      StatusCode::kFailedPrecondition, "the target is no copy of this source: " + what,
      "restore the whole backup, without filters; when tables were altered at the source since, make a new "
      "backup or copy everything"};
}

int Compare(MeshClient* client, const GlobalOptions& global, const config::Config& config,
            const EstablishOptions& asked) {
  // What was logged since the backup may take hours. A comparison's snapshot of the source would stay open
  // for as long, and the server keep old versions of all rows.
  const Status caught_up = FollowCatchUp(client, *config.FindFlow(asked.flow));
  if (!caught_up.ok()) {
    return Fail(caught_up.WithContext("flow " + asked.flow +
                                      " has started, and was not compared; srdfctl verify " + asked.flow));
  }
  ComparingOptions options;
  options.flow = asked.flow;
  options.scope = "all tables";
  options.rows_per_second_max = asked.rows_per_second_max;
  options.compare.extra_tables = !SharesTarget(config, asked.flow);
  const auto report = RunComparison(client, std::move(options));
  if (!report.ok()) {
    return Fail(report.status().WithContext(
        "flow " + asked.flow + " has started, and could not be compared; srdfctl verify " + asked.flow));
  }
  if (global.json) {
    fmt::print("{}\n",
               ReportToJson(*report).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{}", RenderFindings(*report, kRowsShown));
  }
  const compare::Findings& findings = report->findings;
  if (findings.tables_differing() == 0 && findings.tables_not_compared() == 0) return kExitOk;
  return Fail(
      {StatusCode::kDivergence, "the restored backup is not what the source was at " + asked.from_gtid,
       fmt::format("srdfctl repair {0} --table DATABASE.TABLE for few rows, srdfctl establish {0} --table "
                   "DATABASE.TABLE --yes for whole tables, or --all",
                   asked.flow)});
}

}  // namespace

int EstablishFromGtid(const GlobalOptions& global, const config::Config& config,
                      const EstablishOptions& asked) {
  const config::FlowConfig& flow = *config.FindFlow(asked.flow);
  const auto parsed = engine_mariadb::GtidPosition::Parse(asked.from_gtid);
  if (!parsed.ok() || parsed->empty()) {
    Fail({StatusCode::kInvalidArgument, "\"" + asked.from_gtid + "\" is not a GTID position",
          "give the position that the backup names, such as 0-1-100 or 0-1-100,5-2-7"});
    return kExitBadConfiguration;
  }
  const std::string gtid = parsed->ToString();
  MeshClient client(config);
  const auto start = FindStart(&client, flow, asked.yes);
  if (!start.ok()) return Fail(start.status());
  if (start->started) {
    // A call before has begun it, and it may have come further since.
    const auto at = engine_mariadb::GtidPosition::Parse(start->position.gtid);
    if (!at.ok()) return Fail(at.status());
    if (!at->Contains(*parsed)) {
      return Fail(
          {StatusCode::kAlreadyExists,
           "flow " + asked.flow + " has a checkpoint already, at " + start->position.gtid,
           "a restored target needs a flow that has none: delete its row of srdf.checkpoint there when "
           "the backup brought it"});
    }
  }
  if (!start->started) {
    const Status in_log = CheckInLog(flow, gtid);
    if (!in_log.ok()) return Fail(in_log);
    const auto lists = ListTables(&client, asked.flow);
    if (!lists.ok()) return Fail(lists.status());
    const EstablishPlan plan = PlanEstablish(lists->source, lists->target, nullptr, true);
    const Status tables = CheckTables(plan);
    if (!tables.ok()) return Fail(tables);
    if (!asked.yes && global.json) {
      fmt::print(
          "{}\n",
          nlohmann::ordered_json(
              {{"flow", asked.flow}, {"result", "can begin"}, {"gtid", gtid}, {"tables", plan.tables.size()}})
              .dump(2));
      return kExitOk;
    }
    if (!asked.yes) {
      fmt::print(
          "{} is in the source's log, and the target has all {} of the source; with --yes the flow starts "
          "there, and every row is compared\n",
          gtid, Counted(plan.tables.size(), "table"));
      return kExitOk;
    }
    const Status begun = BeginAt(flow, gtid);
    if (!begun.ok()) return Fail(begun);
    const Status audited =
        AuditEstablish(&client, asked.flow, "flow.establish", asked.reason, "from a backup at " + gtid);
    if (!audited.ok()) Fail(audited.WithContext("the flow starts, but that is not in the audit"));
  }
  const Status streaming = WaitUntilStreaming(&client, asked.flow);
  if (!streaming.ok()) return Fail(streaming);
  return Compare(&client, global, config, asked);
}

}  // namespace srdf::ctl
