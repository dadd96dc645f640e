// srdfctl repair: rows of the target that differ are replaced by the source's, through the flow's own stream.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "compare/pair.h"
#include "srdfctl/commands.h"
#include "srdfctl/comparing.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/repair_plan.h"
#include "srdfctl/table_names.h"
#include "srdfctl/text.h"
#include "srdfctl/undo_file.h"

namespace srdf::ctl {
namespace {

using capture::v1::CopyService;

constexpr size_t kKeysPerCall = 5000;
constexpr size_t kImageBytesPerCall = 8u << 20;
constexpr size_t kAuditDetailBytes = 3000;
constexpr std::chrono::minutes kCopyDeadline{10};
constexpr int kExitNotDone = 2;

Result<ReportedDifferences> ReadReport(const std::string& path, const std::string& flow) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) {
    return Status(StatusCode::kInvalidArgument, "the report " + path + " cannot be read",
                  "name a file that `srdfctl verify " + flow + " --report FILE` has written");
  }
  SRDF_ASSIGN_OR_RETURN(ReportedDifferences report, ParseReport(text.str()));
  if (report.flow == flow) return report;
  return Status(StatusCode::kInvalidArgument,
                path + " is a report of flow " + report.flow + ", not of " + flow,
                "name that flow, or another report");
}

// What differs now, of the rows of the report or of the tables that were named.
Result<VerifyReport> FindDifferences(MeshClient* client, const RepairOptions& asked,
                                     const ReportedDifferences& report) {
  ComparingOptions options;
  options.flow = asked.flow;
  options.rows_per_second_max = asked.rows_per_second_max;
  for (const std::string& text : asked.tables) {
    SRDF_ASSIGN_OR_RETURN(auto name, TableNameOf(text));
    options.compare.tables.push_back(std::move(name));
  }
  VerifyReport now;
  std::vector<compare::TableFindings> beyond;
  ChooseRows(report, &options.compare, &beyond);
  if (!options.compare.tables.empty()) {
    SRDF_ASSIGN_OR_RETURN(now, RunComparison(client, std::move(options)));
    SRDF_RETURN_IF_ERROR(FitsReport(report, now.findings));
  }
  std::move(beyond.begin(), beyond.end(), std::back_inserter(now.findings.tables));
  return now;
}

Status Confirm(const std::string& flow, const RepairPlan& plan, const std::string& undo) {
  if (::isatty(STDIN_FILENO) == 0) {
    return {StatusCode::kFailedPrecondition, "this is not a terminal, so nobody can be asked",
            "say --yes when it is meant"};
  }
  fmt::print(
      "{} at the target of flow {} will be made like the source's; undo file: {}\n"
      "Type the name of the flow to go on: ",
      Counted(plan.rows(), "row"), flow, undo);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == flow) return {};
  return {StatusCode::kCancelled, "nothing was done: the answer was not " + flow};
}

Status WriteUndo(MeshClient* client, const std::string& flow, const RepairPlan& plan,
                 const std::string& path) {
  return WithSides(client, flow, 0, [&](compare::Side* source, compare::Side* target) -> Status {
    compare::Pair pair(source, target);
    SRDF_RETURN_IF_ERROR(pair.Open());
    return WriteUndoFile(path, flow, pair.position(), plan, target);
  });
}

Status Audit(MeshClient* client, const RepairOptions& asked, const RepairPlan& plan) {
  shipper::v1::AddAuditRequest request;
  request.set_flow(asked.flow);
  request.set_action("rows.repair");
  request.set_reason(asked.reason);
  request.set_detail(PlanSummary(plan, kAuditDetailBytes) + "undo file: " + asked.undo.substr(0, 500));
  return client
      ->Call("shipper", client->dead_letters(), &shipper::v1::DeadLetterService::Stub::AddAudit, request)
      .status();
}

// Puts the rows, as the source has them by then, into the stream. `sent` counts them.
Status CopyRows(MeshClient* client, const std::string& flow, const TableRepair& table, uint64_t* sent) {
  for (size_t at = 0; at < table.rows.size();) {
    if (Interrupted()) return {StatusCode::kCancelled, "a signal has come"};
    capture::v1::CopyRowsRequest request;
    request.set_flow(flow);
    request.set_database(table.name.database);
    request.set_table(table.name.table);
    size_t bytes = 0;
    // What is only at the target goes first, and alone: see RepairPlan. In one call capture sees to that.
    const auto finding = table.rows[at].finding;
    for (; at < table.rows.size() && (table.together || bytes < kImageBytesPerCall); ++at) {
      const compare::RowDifference& row = table.rows[at];
      const bool extra = row.finding == compare::RowFinding::kExtra;
      if (!table.together && extra != (finding == compare::RowFinding::kExtra)) break;
      const auto rows = static_cast<size_t>(request.keys_size() + request.images_size());
      if (rows == (table.together ? kRowsTogetherMax : kKeysPerCall)) break;
      if (table.with_key()) {
        request.add_keys(row.key);
      } else {
        request.add_images(row.image);
      }
      bytes += row.key.size() + row.image.size();
    }
    SRDF_RETURN_IF_ERROR(
        client->Call("capture", client->copies(), &CopyService::Stub::CopyRows, request, kCopyDeadline)
            .status()
            .WithContext(table.name.Text()));
    *sent += static_cast<uint64_t>(request.keys_size() + request.images_size());
  }
  return {};
}

// The rows of the plan, in a pair of snapshots that lies behind the repair: its mark travels behind it.
Result<VerifyReport> LookAgain(MeshClient* client, const RepairOptions& asked, const RepairPlan& plan) {
  ComparingOptions options;
  options.flow = asked.flow;
  options.scope = "rows that were repaired";
  options.rows_per_second_max = asked.rows_per_second_max;
  options.compare.patience = std::chrono::minutes(10);
  for (const TableRepair& table : plan.tables) {
    options.compare.tables.push_back(table.name);
    if (!table.with_key()) continue;
    for (const compare::RowDifference& row : table.rows) {
      options.compare.keys[table.name].push_back(row.key);
    }
  }
  return RunComparison(client, std::move(options));
}

Status RunPlan(MeshClient* client, const RepairOptions& asked, const RepairPlan& plan) {
  SRDF_RETURN_IF_ERROR(WriteUndo(client, asked.flow, plan, asked.undo));
  SRDF_RETURN_IF_ERROR(Audit(client, asked, plan));
  uint64_t sent = 0;
  Status copied;
  // Signals are heard; the sides are not needed.
  (void)WithSides(client, asked.flow, 0, [&](compare::Side*, compare::Side*) -> Status {
    for (const TableRepair& table : plan.tables) {
      copied = CopyRows(client, asked.flow, table, &sent);
      if (!copied.ok()) break;
    }
    return {};
  });
  if (copied.ok()) return copied;
  return {copied.code(),
          fmt::format("given up after {} of {}, which are on their way to the target: {}", FormatCount(sent),
                      Counted(plan.rows(), "row"), copied.message()),
          "their rows of before are in " + asked.undo +
              "; for the rest repair again, with another undo file" +
              (copied.remedy().empty() ? "" : "; " + copied.remedy())};
}

// Each row of a table without a key is searched in the whole table: at the target within one transaction.
void Warn(const RepairPlan& plan) {
  constexpr uint64_t kRowsLookedAtMax = 1'000'000'000;
  for (const TableRepair& table : plan.tables) {
    if (table.with_key() || table.rows_target < kRowsLookedAtMax / table.rows.size()) continue;
    std::fprintf(
        stderr,
        "srdfctl: %s has no key: %s to be searched among %s rows may hold up the flow for long; faster: "
        "copy the table anew (srdfctl establish FLOW --table %s --yes)\n",
        Printable(table.name.Text()).c_str(), Counted(table.rows.size(), "row").c_str(),
        FormatCount(table.rows_target).c_str(), Printable(table.name.Text()).c_str());
  }
}

// Exit code 0, in the form that was asked for.
int NothingToRepair(const GlobalOptions& global, const std::string& flow, const std::string& sentence) {
  if (global.json) {
    fmt::print(
        "{}\n",
        nlohmann::ordered_json({{"flow", flow}, {"repaired", nlohmann::ordered_json::array()}}).dump(2));
  } else {
    fmt::print("{}\n", sentence);
  }
  return kExitOk;
}

void Explain(const std::vector<Status>& beyond) {
  for (const Status& status : beyond) Fail(status);
}

std::string UndoName(const std::string& flow) {
  return fmt::format(
      "srdf-undo-{}-{}.jsonl", flow,
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

int FinishDryRun(const GlobalOptions& global, const RepairPlan& plan) {
  if (global.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"rows", PlanToJson(plan)}}.dump(
                           2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{}{} would be repaired\n", RenderPlan(plan), Counted(plan.rows(), "row"));
  }
  Explain(plan.beyond);
  return plan.rows() == 0 && plan.beyond.empty() ? kExitOk : kExitFailed;
}

}  // namespace

int Repair(const GlobalOptions& global, const RepairOptions& given) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, given.flow)) return kExitBadConfiguration;
  RepairOptions asked = given;
  if (asked.undo.empty()) asked.undo = UndoName(asked.flow);
  ReportedDifferences report;
  if (!asked.report.empty()) {
    auto read = ReadReport(asked.report, asked.flow);
    if (!read.ok()) {
      Fail(read.status());
      return kExitBadConfiguration;
    }
    report = std::move(*read);
    if (report.tables.empty()) {
      return NothingToRepair(global, asked.flow, "the report has no differences: there is nothing to repair");
    }
  }
  MeshClient client(config);
  auto now = FindDifferences(&client, asked, report);
  if (!now.ok()) {
    Fail(now.status());
    return kExitNotDone;
  }
  const RepairPlan plan = PlanRepair(std::move(now->findings));
  if (asked.dry_run) return FinishDryRun(global, plan);
  Explain(plan.beyond);
  if (plan.rows() == 0) {
    const int nothing = NothingToRepair(
        global, asked.flow,
        plan.beyond.empty() ? "no rows differ now: there is nothing to repair" : "nothing was repaired");
    return plan.beyond.empty() ? nothing : kExitFailed;
  }
  Warn(plan);
  const Status confirmed = asked.yes ? Status() : Confirm(asked.flow, plan, asked.undo);
  if (!confirmed.ok()) return Fail(confirmed);
  const Status done = RunPlan(&client, asked, plan);
  if (!done.ok()) {
    Fail(done);
    return kExitNotDone;
  }
  const auto after = LookAgain(&client, asked, plan);
  if (!after.ok()) {
    Fail(after.status().WithContext("the repair is on its way, and could not be checked"));
    return kExitNotDone;
  }
  if (global.json) {
    nlohmann::ordered_json out = {{"flow", asked.flow},
                                  {"repaired", PlanToJson(plan)},
                                  {"undo", asked.undo},
                                  {"after", ReportToJson(*after)}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    constexpr size_t kRowsShown = 20;
    fmt::print("{} repaired; undo file: {}\n{}", Counted(plan.rows(), "row"), asked.undo,
               RenderFindings(*after, kRowsShown));
  }
  const bool equal = after->findings.tables_differing() == 0 && after->findings.tables_not_compared() == 0;
  return equal && plan.beyond.empty() ? kExitOk : kExitFailed;
}

}  // namespace srdf::ctl
