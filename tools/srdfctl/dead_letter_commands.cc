// srdfctl deadletter list|show|retry|skip|ack, and audit list.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "model/skip.h"
#include "srdfctl/commands.h"
#include "srdfctl/dead_letter_view.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;
using shipper::v1::DeadLetterService;

constexpr uint32_t kListMax = 1000;

Result<std::vector<shipper::v1::DeadLetter>> List(MeshClient* client, const std::string& flow, bool all) {
  shipper::v1::ListDeadLettersRequest request;
  request.set_flow(flow);
  request.set_all(all);
  request.set_limit(kListMax);
  SRDF_ASSIGN_OR_RETURN(auto reply, client->Call("shipper", client->dead_letters(),
                                                 &DeadLetterService::Stub::ListDeadLetters, request));
  return std::vector<shipper::v1::DeadLetter>(reply.dead_letters().begin(), reply.dead_letters().end());
}

// The newest one of the wagon, which `which` names by its sequence or the first digits of its uid.
Result<shipper::v1::DeadLetter> FindLetter(MeshClient* client, const std::string& flow,
                                           const std::string& which) {
  SRDF_ASSIGN_OR_RETURN(const auto letters, List(client, flow, true));
  const bool number = !which.empty() && which.find_first_not_of("0123456789") == std::string::npos;
  for (const shipper::v1::DeadLetter& letter : letters) {
    if ((number && std::to_string(letter.sequence()) == which) ||
        (which.size() >= 4 && letter.uid().compare(0, which.size(), which) == 0)) {
      return letter;
    }
  }
  return Status(StatusCode::kNotFound, "flow " + flow + " has no dead letter " + which,
                "see `srdfctl deadletter list --all`");
}

void PrintJson(const ordered_json& out) {
  fmt::print("{}\n", out.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

std::vector<shipper::v1::DeliveryAttempt> Attempts(MeshClient* client, const std::string& uid) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + MeshClient::kDeadline);
  shipper::v1::ReadWagonRequest request;
  request.set_uid(uid);
  const auto reader = client->shipper()->ReadWagon(&context, request);
  shipper::v1::ReadWagonResponse first;
  std::vector<shipper::v1::DeliveryAttempt> attempts;
  if (reader->Read(&first)) attempts.assign(first.attempts().begin(), first.attempts().end());
  context.TryCancel();  // the frame is not wanted
  (void)reader->Finish();
  return attempts;
}

// The operator has seen what is given up, and means this flow.
Status Confirm(const std::string& flow, const std::string& question) {
  if (::isatty(STDIN_FILENO) == 0) {
    return {StatusCode::kFailedPrecondition, "this is not a terminal, so nobody can be asked",
            "say --yes when it is meant"};
  }
  fmt::print("{}\nType the name of the flow to go on: ", question);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == flow) return {};
  return {StatusCode::kCancelled, "nothing was done: the answer was not " + flow};
}

}  // namespace

int DeadLetterList(const GlobalOptions& global, const std::string& flow, bool all) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  const auto letters = List(&client, flow, all);
  if (!letters.ok()) return Fail(letters.status());
  if (global.json) {
    ordered_json out = {{"dead_letters", ordered_json::array()}};
    for (const shipper::v1::DeadLetter& letter : *letters)
      out["dead_letters"].push_back(DeadLetterToJson(letter));
    PrintJson(out);
  } else {
    fmt::print("{}", RenderDeadLetterList(*letters));
  }
  return kExitOk;
}

int DeadLetterShow(const GlobalOptions& global, const std::string& flow, const std::string& which) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  const auto letter = FindLetter(&client, flow, which);
  if (!letter.ok()) return Fail(letter.status());
  const auto attempts = Attempts(&client, letter->uid());
  if (global.json) {
    ordered_json out = DeadLetterToJson(*letter);
    for (const shipper::v1::DeliveryAttempt& attempt : attempts) {
      out["attempts"].push_back({{"attempt", attempt.attempt()},
                                 {"started_at_ms", attempt.started_at_ms()},
                                 {"ended_at_ms", attempt.ended_at_ms()},
                                 {"outcome", attempt.outcome()}});
    }
    PrintJson(out);
  } else {
    fmt::print("{}", RenderDeadLetter(*letter, attempts));
  }
  return kExitOk;
}

int DeadLetterRetry(const GlobalOptions& global, const std::string& flow, uint64_t sequence) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  shipper::v1::RetryDeadLetterRequest request;
  request.set_flow(flow);
  request.set_sequence(sequence);
  const auto reply =
      client.Call("shipper", client.dead_letters(), &DeadLetterService::Stub::RetryDeadLetter, request);
  if (!reply.ok()) return Fail(reply.status());
  // What is at the target already is tried by the applier, which has a wait of its own.
  applier::v1::ResumeFlowRequest resume;
  resume.set_flow(flow);
  const auto resumed =
      client.Call("applier", client.applier(), &applier::v1::ApplierService::Stub::ResumeFlow, resume);
  if (!resumed.ok()) return Fail(resumed.status());
  if (global.json) {
    PrintJson({{"flow", flow}, {"wagons", reply->wagons()}});
  } else if (reply->wagons() == 0) {
    fmt::print("nothing of flow {} is held up\n", flow);
  } else {
    fmt::print("{} of flow {} due now; `srdfctl status` shows what becomes of it\n",
               Counted(reply->wagons(), "wagon"), flow);
  }
  return kExitOk;
}

int DeadLetterSkip(const GlobalOptions& global, const std::string& flow, uint64_t sequence,
                   const std::string& reason, bool yes) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  if (reason.find_first_not_of(" \t\r\n") == std::string::npos || reason.size() > kSkipReasonBytesMax) {
    Fail(
        {StatusCode::kInvalidArgument, "skipping a wagon needs a reason",
         fmt::format("say with --reason \"…\" why the target may do without its changes, in at most {} bytes",
                     kSkipReasonBytesMax)});
    return kExitBadConfiguration;
  }
  MeshClient client(config);
  shipper::v1::ListWagonsRequest look;
  look.set_flow(flow);
  look.set_before_sequence(sequence + 1);
  look.set_limit(1);
  const auto wagons =
      client.Call("shipper", client.shipper(), &shipper::v1::ShipperService::Stub::ListWagons, look);
  if (!wagons.ok()) return Fail(wagons.status());
  if (wagons->wagons().empty() || wagons->wagons(0).header().sequence() != sequence) {
    return Fail({StatusCode::kNotFound, fmt::format("flow {} has no wagon {} in the outbox", flow, sequence),
                 "see `srdfctl deadletter list`"});
  }
  const std::string changes = RenderChanges(wagons->wagons(0).header());
  if (!yes) {
    const Status confirmed =
        Confirm(flow, fmt::format("Skipping wagon {} of flow {}: the target will lack, for good,\n{}",
                                  sequence, flow, changes));
    if (!confirmed.ok()) return Fail(confirmed);
  }
  shipper::v1::SkipDeadLetterRequest request;
  request.set_flow(flow);
  request.set_sequence(sequence);
  request.set_reason(reason);
  const auto reply =
      client.Call("shipper", client.dead_letters(), &DeadLetterService::Stub::SkipDeadLetter, request);
  if (!reply.ok()) return Fail(reply.status());
  if (global.json) {
    PrintJson({{"flow", flow}, {"sequence", sequence}, {"result", "skip_decided"}, {"reason", reason}});
  } else {
    fmt::print(
        "wagon {} of flow {} is given up; the target will lack\n{}"
        "`srdfctl status` says so until `srdfctl deadletter ack {}`\n",
        sequence, flow, changes, flow);
  }
  return kExitOk;
}

int DeadLetterAck(const GlobalOptions& global, const std::string& flow) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  shipper::v1::AcknowledgeSkipsRequest request;
  request.set_flow(flow);
  const auto reply =
      client.Call("shipper", client.dead_letters(), &DeadLetterService::Stub::AcknowledgeSkips, request);
  if (!reply.ok()) return Fail(reply.status());
  if (global.json) {
    PrintJson({{"flow", flow}, {"wagons", reply->wagons()}});
  } else {
    fmt::print("{} of flow {} acknowledged; the target keeps the list in srdf.skipped_wagon\n",
               Counted(reply->wagons(), "skipped wagon"), flow);
  }
  return kExitOk;
}

int AuditList(const GlobalOptions& global, const std::string& flow, uint32_t limit) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  MeshClient client(config);
  std::vector<shipper::v1::AuditEntry> entries;
  int64_t before = 0;
  while (entries.size() < limit) {
    shipper::v1::ListAuditRequest request;
    request.set_flow(flow);
    request.set_before_id(before);
    request.set_limit(std::min<uint32_t>(kListMax, limit - static_cast<uint32_t>(entries.size())));
    const auto reply =
        client.Call("shipper", client.dead_letters(), &DeadLetterService::Stub::ListAudit, request);
    if (!reply.ok()) return Fail(reply.status());
    if (reply->entries().empty()) break;
    entries.insert(entries.end(), reply->entries().begin(), reply->entries().end());
    before = entries.back().audit_id();
  }
  if (global.json) {
    ordered_json out = {{"entries", ordered_json::array()}};
    for (const shipper::v1::AuditEntry& entry : entries) out["entries"].push_back(AuditToJson(entry));
    PrintJson(out);
  } else {
    fmt::print("{}", RenderAudit(entries));
  }
  return kExitOk;
}

}  // namespace srdf::ctl
