// srdfctl establish: brings the target to where the flow can go on from: says what has to be done, does it,
// and shows how far it is.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "model/copy_state.h"
#include "srdfctl/commands.h"
#include "srdfctl/comparing.h"
#include "srdfctl/copy_follow.h"
#include "srdfctl/databases.h"
#include "srdfctl/establish_plan.h"
#include "srdfctl/flow_start.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/table_lists.h"
#include "srdfctl/table_names.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

using capture::v1::CopyService;
using compare::TableName;

// The definitions of all tables are read before it answers.
constexpr std::chrono::minutes kStartDeadline{15};

Result<std::vector<TableName>> NamesOf(const std::vector<std::string>& texts) {
  std::vector<TableName> names;
  for (const std::string& text : texts) {
    SRDF_ASSIGN_OR_RETURN(auto name, TableNameOf(text));
    names.push_back(std::move(name));
  }
  return names;
}

// What both sides say, and, when it was asked for, what a comparison finds in the tables that both have.
Result<EstablishPlan> MakePlan(MeshClient* client, const EstablishOptions& asked, bool started) {
  SRDF_ASSIGN_OR_RETURN(TableLists lists, ListTables(client, asked.flow));
  SRDF_ASSIGN_OR_RETURN(const std::vector<TableName> names, NamesOf(asked.tables));
  const auto keep = [&](std::vector<engine::TableInfo>* tables) {
    if (names.empty()) return;
    tables->erase(std::remove_if(tables->begin(), tables->end(),
                                 [&](const engine::TableInfo& table) {
                                   const TableName name{table.database, table.table};
                                   return std::find(names.begin(), names.end(), name) == names.end();
                                 }),
                  tables->end());
  };
  keep(&lists.source);
  keep(&lists.target);
  for (const TableName& name : names) {
    const bool there =
        std::any_of(lists.source.begin(), lists.source.end(), [&](const engine::TableInfo& table) {
          return TableName{table.database, table.table} == name;
        });
    if (!there) return Status(StatusCode::kNotFound, "the source has no table " + name.Text());
  }
  const EstablishPlan plan = PlanEstablish(lists.source, lists.target, nullptr, started);
  if (!asked.compare || !started) return plan;
  ComparingOptions options;
  options.flow = asked.flow;
  options.rows_per_second_max = asked.rows_per_second_max;
  options.compare.extra_tables = false;
  for (const PlannedTable& table : plan.tables) {
    if (table.target == TargetTable::kNotCompared) options.compare.tables.push_back(table.name);
  }
  if (options.compare.tables.empty()) return plan;
  SRDF_ASSIGN_OR_RETURN(const VerifyReport report, RunComparison(client, std::move(options)));
  return PlanEstablish(lists.source, lists.target, &report.findings, started);
}

// What of the definitions cannot be made at the target, or could not be read.
std::vector<std::string> Remarks(const config::FlowConfig& flow, const EstablishPlan& plan,
                                 const std::vector<TableName>& names) {
  if (plan.started && plan.count(TableAction::kCreateAndCopy) == 0) return {};
  const auto source = OpenSource(flow);
  if (!source.ok()) return {"the definitions could not be read: " + source.status().message()};
  engine::SchemaRequest request;
  for (const TableName& name : names) request.tables.push_back({name.database, name.table});
  const auto dump = (*source)->ReadSchema(request);
  if (!dump.ok()) {
    return {"the definitions could not be read: " + dump.status().message() +
            (dump.status().remedy().empty() ? "" : "; remedy: " + dump.status().remedy())};
  }
  std::vector<std::string> remarks;
  for (const auto& left_out : dump->left_out) {
    remarks.push_back(left_out.object + " is broken at the source and cannot be created: " + left_out.what);
  }
  for (const auto& doubt : dump->doubts) remarks.push_back(doubt.object + ": " + doubt.what);
  return remarks;
}

void ShowPlan(const GlobalOptions& global, const EstablishPlan& plan, const EstablishOptions& asked) {
  if (global.json) {
    fmt::print(
        "{}\n",
        PlanToJson(plan, asked.flow).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return;
  }
  fmt::print("{}", RenderPlan(plan, asked.flow));
  if (!plan.started) {
    fmt::print("do it:  srdfctl establish {} --yes\n", asked.flow);
  } else {
    fmt::print(
        "copy tables anew:  srdfctl establish {0} --table DATABASE.TABLE --yes, or --all --yes\n"
        "rows that differ:  srdfctl repair {0} --table DATABASE.TABLE\n",
        asked.flow);
    if (plan.count(TableAction::kCompare) > 0) {
      fmt::print("what differs:      srdfctl establish {} --compare\n", asked.flow);
    }
  }
}

// A table of the plan that cannot be copied at all.
Status CheckCopyable(const EstablishPlan& plan) {
  for (const PlannedTable& table : plan.tables) {
    if (table.obstacle.empty()) continue;
    return {StatusCode::kFailedPrecondition,
            "table " + table.name.Text() + " cannot be copied: " + table.obstacle,
            "change it or drop it at the source, or, of a flow that runs, name the others with --table"};
  }
  return {};
}

Status StartCopy(MeshClient* client, const EstablishOptions& asked, const std::string& plan_uid,
                 const std::vector<TableName>& tables, bool with_schema) {
  SRDF_RETURN_IF_ERROR(WaitUntilStreaming(client, asked.flow));
  capture::v1::StartCopyRequest request;
  request.set_flow(asked.flow);
  request.set_plan(plan_uid);
  for (const TableName& name : tables) {
    auto* table = request.add_tables();
    table->set_database(name.database);
    table->set_table(name.table);
  }
  request.set_with_schema(with_schema);
  request.set_readers(asked.readers);
  request.set_chunk_bytes(asked.chunk_bytes);
  request.set_threads_running_max(asked.source_threads);
  constexpr int kTries = 5;
  Status status;
  for (int i = 0; i < kTries; ++i) {
    status = client->Call("capture", client->copies(), &CopyService::Stub::StartCopy, request, kStartDeadline)
                 .status();
    // The stream may have broken since it was asked; a call made twice begins one copy.
    if (status.code() != StatusCode::kUnavailable && status.code() != StatusCode::kAborted) break;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
  return status;
}

// A copy that has ended meanwhile needs none.
Status SetOptions(MeshClient* client, const EstablishOptions& asked, const std::string& plan) {
  capture::v1::SetCopyOptionsRequest request;
  request.set_flow(asked.flow);
  request.set_plan(plan);
  request.set_readers(asked.readers);
  request.set_chunk_bytes(asked.chunk_bytes);
  request.set_threads_running_max(asked.source_threads);
  SRDF_RETURN_IF_ERROR(WaitUntilStreaming(client, asked.flow));
  const Status status =
      client->Call("capture", client->copies(), &CopyService::Stub::SetCopyOptions, request, kStartDeadline)
          .status();
  return status.code() == StatusCode::kNotFound ? Status() : status;
}

// A flow that runs, and nobody has said what is to be copied: nothing, or it is to be said.
Status CheckNothingToCopy(const std::string& flow, const EstablishPlan& plan) {
  for (const PlannedTable& table : plan.tables) {
    if (table.action == TableAction::kNone || table.action == TableAction::kCompare) continue;
    return {StatusCode::kFailedPrecondition,
            "flow " + flow + " has its checkpoint, but table " + table.name.Text() + " is " +
                std::string(TargetTableWord(table.target)) + " at the target",
            "name the tables to copy anew with --table DATABASE.TABLE, or --all"};
  }
  return {};
}

// What was asked for is what is being copied; else whoever asked would be told of the end of something else.
Status CheckSamePlan(const EstablishOptions& asked, const capture::v1::GetCopyResponse& copy) {
  std::string lacks;
  if (asked.with_schema && !copy.with_schema() && copy.beginning_known()) lacks = "the definitions";
  if (asked.all && !copy.all_tables()) lacks = "all tables";
  if (!copy.all_tables()) {
    SRDF_ASSIGN_OR_RETURN(const std::vector<TableName> names, NamesOf(asked.tables));
    for (const TableName& name : names) {
      const bool wanted = std::any_of(copy.wanted().begin(), copy.wanted().end(), [&](const auto& table) {
        return TableName{table.database(), table.table()} == name;
      });
      if (!wanted) lacks = "table " + name.Text();
    }
  }
  if (lacks.empty()) return {};
  if (!copy.beginning_known()) {
    return {StatusCode::kAlreadyExists,
            "a copy of flow " + asked.flow + " is going on, and " + lacks +
                " is done or was never part of it: capture was restarted since it began",
            "wait for its end (srdfctl establish " + asked.flow + " --watch), then say this again"};
  }
  return {StatusCode::kAlreadyExists, "another copy of flow " + asked.flow + " is going on, without " + lacks,
          "wait for its end (srdfctl establish " + asked.flow + " --watch) or cancel it (--cancel), then " +
              "say this again"};
}

// Begins what was asked for, and says its uid; empty: there is nothing to begin. The flow may have a
// checkpoint, or the beginning of one that a call before left.
Result<std::string> Begin(MeshClient* client, const config::FlowConfig& flow, const EstablishOptions& asked,
                          const FlowStart& start) {
  const bool first = !start.started || !start.unplanned.empty();
  if (first && !asked.tables.empty()) {
    return Status(StatusCode::kFailedPrecondition,
                  "flow " + asked.flow + " has not begun: its first copy is one of all tables",
                  "srdfctl establish " + asked.flow + " --yes");
  }
  SRDF_ASSIGN_OR_RETURN(const EstablishPlan plan, MakePlan(client, asked, !first));
  if (!first && asked.tables.empty() && !asked.all) {
    SRDF_RETURN_IF_ERROR(CheckNothingToCopy(asked.flow, plan));
    return std::string();
  }
  SRDF_RETURN_IF_ERROR(CheckCopyable(plan));
  // Statements of before the first copy is planned are not sent: its definitions have to come with it.
  const bool with_schema = first || asked.with_schema || plan.count(TableAction::kCreateAndCopy) > 0;
  SRDF_ASSIGN_OR_RETURN(const std::vector<TableName> tables, NamesOf(asked.tables));
  const std::string uid = start.unplanned.empty() ? NewPlanUid() : start.unplanned;
  if (!start.started) SRDF_RETURN_IF_ERROR(BeginEmpty(flow, uid));
  SRDF_RETURN_IF_ERROR(StartCopy(client, asked, uid, tables, with_schema));
  const Status audited = AuditEstablish(
      client, asked.flow, "flow.establish", asked.reason,
      fmt::format("copy {} of {}{}", uid, tables.empty() ? "all tables" : Counted(tables.size(), "table"),
                  with_schema ? ", with their definitions" : ""));
  if (!audited.ok()) Fail(audited.WithContext("the copy has begun, but that is not in the audit"));
  return uid;
}

int Report(const GlobalOptions& global, const std::string& flow, const std::string& result,
           const std::string& sentence) {
  if (global.json) {
    fmt::print("{}\n", nlohmann::ordered_json({{"flow", flow}, {"result", result}}).dump(2));
  } else {
    fmt::print("{}\n", sentence);
  }
  return kExitOk;
}

int Follow(MeshClient* client, const GlobalOptions& global, const std::string& flow, const std::string& plan,
           bool copied) {
  const Status done = FollowCopy(client, flow, plan);
  if (done.code() == StatusCode::kCancelled) {
    std::fprintf(stderr, "the copy of flow %s goes on by itself; look again: srdfctl establish %s --watch\n",
                 flow.c_str(), flow.c_str());
    return kExitFailed;
  }
  if (!done.ok()) return Fail(done);
  if (!copied) {
    return Report(global, flow, "nothing to copy",
                  "flow " + flow + ": the target has every table; `srdfctl establish " + flow +
                      " --compare` finds what differs");
  }
  return Report(global, flow, "copied",
                "flow " + flow + ": everything is copied, and the target has it; `srdfctl verify " + flow +
                    "` compares it");
}

int Steer(MeshClient* client, const GlobalOptions& global, const EstablishOptions& asked) {
  const CopyVerb verb = asked.pause ? CopyVerb::kPause : asked.resume ? CopyVerb::kResume : CopyVerb::kCancel;
  const Status status = SteerCopy(client, asked.flow, verb);
  if (!status.ok()) return Fail(status);
  const std::string word = asked.pause ? "paused" : asked.resume ? "resumed" : "cancelled";
  if (verb == CopyVerb::kCancel) {
    const Status audited = AuditEstablish(client, asked.flow, "flow.establish_cancel", asked.reason, "");
    if (!audited.ok()) Fail(audited.WithContext("cancelled, but not in the audit"));
    return Report(
        global, asked.flow, word,
        "the copy of flow " + asked.flow +
            " is given up: its tables stay at the target as they are, and are not right until they are "
            "copied again (srdfctl establish " +
            asked.flow + " --table DATABASE.TABLE --yes)");
  }
  return Report(global, asked.flow, word, "the copy of flow " + asked.flow + " is " + word);
}

}  // namespace

int Establish(const GlobalOptions& global, const EstablishOptions& asked) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, asked.flow)) return kExitBadConfiguration;
  const config::FlowConfig& flow = *config.FindFlow(asked.flow);
  MeshClient client(config);
  if (asked.pause || asked.resume || asked.cancel) return Steer(&client, global, asked);
  if (!asked.from_gtid.empty()) return EstablishFromGtid(global, config, asked);

  const auto copy = AskCopy(&client, asked.flow);
  // Idempotent: while one is going on, this is it. One that was only asked for is begun below.
  const bool going_on = copy.ok() && copy->active() && copy->tables_total() > 0;
  if (asked.watch) {
    if (!copy.ok()) return Fail(copy.status());
    if (copy->active()) return Follow(&client, global, asked.flow, copy->plan(), true);
    // All is read; but the target may not have it yet.
    const Status done = FollowCopy(&client, asked.flow, "");
    if (!done.ok()) return Fail(done);
    return Report(global, asked.flow, "none",
                  "no copy of flow " + asked.flow + " is going on, and the target has all that was sent");
  }
  if (going_on && asked.yes) {
    const Status same = CheckSamePlan(asked, *copy);
    if (!same.ok()) return Fail(same);
    if (asked.readers != 0 || asked.chunk_bytes != 0 || asked.source_threads != 0) {
      const Status told = SetOptions(&client, asked, copy->plan());
      if (!told.ok()) return Fail(told);
    }
    return Follow(&client, global, asked.flow, copy->plan(), true);
  }
  const auto start = FindStart(&client, flow, asked.yes);
  if (!start.ok()) return Fail(start.status());
  const bool asks_for_more = !asked.tables.empty() || asked.all || asked.with_schema;
  if (start->copying && asked.yes && !asks_for_more) return Follow(&client, global, asked.flow, "", true);
  // The target may not have come to the end of a copy yet; a new one follows it. Only capture knows.
  if (start->copying && asked.yes && !copy.ok()) return Fail(copy.status());
  if (!asked.yes) {
    auto plan = MakePlan(&client, asked, start->started && start->unplanned.empty());
    if (!plan.ok()) return Fail(plan.status());
    plan->remarks = Remarks(flow, *plan, NamesOf(asked.tables).value());
    ShowPlan(global, *plan, asked);
    if (going_on) {
      std::fprintf(stderr, "a copy is going on: srdfctl establish %s --watch\n", asked.flow.c_str());
    }
    return kExitOk;
  }
  const auto begun = Begin(&client, flow, asked, *start);
  if (!begun.ok()) return Fail(begun.status());
  return Follow(&client, global, asked.flow, *begun, !begun->empty());
}

}  // namespace srdf::ctl
